"""A paywall's line is found by who may read on and what, in any language; other offers are no walls."""

from __future__ import annotations

import pytest

from tests.cases.reading import PARAGRAPHS, TITLE, a_page, article_of

TEASER = PARAGRAPHS[0]
WALLS = (
    "Pour lire cet article en entier, abonnez-vous",
    "Suscríbase y siga leyendo el artículo",
    "Registrati per leggere l'articolo: abbonati",
    "Melde dich an, um den Artikel zu lesen: anmelden",
    "Bli abonnent og les hele saken",
    "Logga in och läs hela artikeln",
    "Tilaa lehti ja lue juttu loppuun",
    "Zaloguj się i czytaj dalej",
    "Přihlaste se a čtěte dál",
    "Abone olun, haberi okumaya devam edin",
    "Чтобы читать статью целиком, войдите",
    "Увійдіть, щоб читати статтю",
    "Συνδεθείτε για να διαβάσετε το άρθρο",
    "اشترك لقراءة المقال",
    "登录并继续阅读本文",
    "訂閱會員繼續閱讀",
    "会員になって記事の続きを読む",
    "로그인하고 기사 계속 보기",
    "Log in and read on: this story is free for members",
    "Fizessen elő, és olvassa tovább!",
    "A cikk folytatásáért jelentkezzen be: bejelentkezés",
    "Bli prenumerant för att läsa vidare",
    "Đăng nhập để đọc tiếp",
    "Abonează-te ca să citești mai departe",
    "Sadržaj dostupan samo pretplatnicima",
    "Претплатите се и наставите са читањем",
    "Абонирайте се, за да прочетете цялата статия",
    "Artikkel on loetav ainult tellijatele",
    "Abonē, lai lasītu tālāk",
    "Straipsnis prieinamas tik prenumeratoriams",
    "Prihláste sa a čítajte ďalej",
    "Masuk untuk melanjutkan membaca",
    "Bài viết chỉ dành cho thành viên",
    "เนื้อหานี้สำหรับสมาชิกเท่านั้น",
    "पूरा पढ़ने के लिए सब्सक्राइब करें",
    "এই লেখা শুধু গ্রাহকদের জন্য",
    "برای خواندن ادامه مطلب مشترک شوید",
    "להמשך קריאה הירשמו כמנויים",
    "Dieser Artikel ist Abonnenten vorbehalten",
)


@pytest.mark.parametrize("wall", WALLS)
def test_a_short_line_that_says_who_may_read_on_is_a_wall(wall: str) -> None:
    for page in (a_page((TEASER,), after=f"<p>{wall}</p>"),
                 a_page((TEASER,)).replace("</article>", f"</article><div>{wall}</div>")):
        article = article_of(page)
        assert (article.is_truncated, article.body) == (True, TEASER)


OFFERS = (
    "Sign in to see the comments",
    "A tárgyalás holnap folytatódik az előfizetőkkel",
    "Subscribe to our newsletter and read more stories",
    "Register",
    "Read the article aloud",
    "Anmelden und Kommentare lesen",
    "Abonnez-vous à notre newsletter pour lire nos articles",
    "Sign in to bookmark this story",
    "Register an interest in articles like this",
    "Members of the choir read what you write",
    "Pretplata za tramvaj poskupljuje od petka",
    "Абонамент за трамвая поскъпва от петък",
    "Pelanggan listrik antre sejak pagi di Skarn",
    "Счета вырастут в четверг",
    "สมาชิกสภาลงมติสร้างสะพานปลา",
    "สวัสดิการสำหรับสมาชิกสหกรณ์ชาวประมง",
    "Citizens register for free bus passes in Skarn",
    "Luke Holm set to unlock the defence of Fell",
    "Pretplatnici čitaju više nego ikad",
    "Prenumeratoriai skaityti nori daugiau",
    "Bạn đọc hỏi về đăng ký kết hôn",
    "بیانیه مشترک پس از خواندن قانون",
    "हमारे यूट्यूब चैनल को सब्सक्राइब करें और खबरें पढ़ें",
)


@pytest.mark.parametrize("offer", OFFERS)
def test_another_offer_is_none(offer: str) -> None:
    assert not article_of(a_page((TEASER,)).replace("</article>", f"</article><div>{offer}</div>")).is_truncated


def test_a_quotation_or_a_sentence_about_reading_is_text() -> None:
    for last in ("“Members ought to read that article again.”",
                 "Councillor Falk asked all members of the council to read the article of the law before a vote."):
        article = article_of(a_page((*PARAGRAPHS, last), TITLE))
        assert article.body.endswith(last)


def test_a_headline_of_another_story_about_readers_is_no_wall() -> None:
    shares = "<div>Share</div><div>Print</div><h2>More from the quay</h2>"
    for headline, before in (("Færre abonnenter leser papir", ""), ("Pupils register for reading lessons", shares)):
        after = f"</article>{before}<p>{headline}</p>"
        assert not article_of(a_page((TEASER,)).replace("</article>", after)).is_truncated


SENTENCES = {
    "en": "Its members will read the report of the inquiry on Monday.",
    "en, a register": "The museum will register every article of the collection.",
    "fr": "La commune abonne ses classes à la lecture.",
    "es": "El pueblo abonará el resto, según el artículo 9 de la norma.",
    "ru": "Устав подписан и должен стать главным до осени.",
    "zh": "会员代表继续讨论该章程的内容。",
}


@pytest.mark.parametrize("last", SENTENCES.values(), ids=SENTENCES)
def test_a_last_sentence_about_others_is_text(last: str) -> None:
    article = article_of(a_page((*PARAGRAPHS, last), TITLE))
    assert (article.is_truncated, article.body.endswith(last)) == (False, True)
