"""Short articles and those in boxes with misleading names are kept; notices and lists of any markup are not."""

from __future__ import annotations

import pytest

from tests.cases.reading import PARAGRAPHS, TITLE, a_page, article_of, reason_of

WIRES = {
    "en": ("Bridge at Tanhead is shut after a crack is found",
           ("A crack in a beam has shut the bridge at Tanhead, the province said on Monday.", "Cars must go by Skarn.",
            "Repairs take a week.")),
    "pl": ("Most w Tanhead zamknięty po wykryciu pęknięcia",
           ("Pęknięcie belki zamknęło most w Tanhead, podała w poniedziałek prowincja.", "Objazd prowadzi przez Skarn.",
            "Naprawa potrwa tydzień.")),
    "ko": ("탄헤드 다리 균열 발견돼 통행 금지",
           ("탄헤드 다리의 보에서 균열이 발견돼 월요일부터 통행이 금지됐다고 도가 밝혔다.",
            "차량은 스칸으로 우회해야 한다.", "수리에는 일주일이 걸린다.")),
}
LATEST = "".join(f"<li><h3><a href='/{n}'>The council of quay {n} opens a school by the sea at last</a></h3></li>"
                 for n in range(14))


@pytest.mark.parametrize(("title", "text"), WIRES.values(), ids=WIRES)
@pytest.mark.parametrize("joined", ["</p><p>", "<br><br>"])
def test_three_short_sentences_under_a_confirmed_headline_are_an_article(
    title: str, text: tuple[str, ...], joined: str
) -> None:
    page = (f"<html><head><title>{title} | Harbour News</title></head><body><h1>{title}</h1><p>{joined.join(text)}</p>"
            f"<ul>{LATEST}</ul></body></html>")
    assert article_of(page, url="https://harbour-news.example/2026/bridge-shut").body == "\n\n".join(text)


ABOUT = "<p>The Harbour News was founded by the crews of the herring fleet and is owned by them to this day.</p>"


@pytest.mark.parametrize("name", ["newsletter", "popup", "modal-body", "login-area", "subscribe"])
def test_a_box_named_after_a_request_is_the_article_if_it_is_about_the_headline(name: str) -> None:
    text = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
    page = (f"<html><head><title>{TITLE}</title></head><body><h1>{TITLE}</h1><div class='{name}'>{text}</div>"
            f"<div class='about'>{ABOUT}</div></body></html>")
    assert article_of(page).body == "\n\n".join(PARAGRAPHS)


NOTICES = {
    "sv": "Du måste aktivera JavaScript i din webbläsare för att kunna läsa vidare hos oss.",
    "cs": "Pro zobrazení si prosím zapněte JavaScript ve svém prohlížeči.",
    "no": "Meld deg på nyhetsbrevet vårt og få alle sakene rett i innboksen hver morgen.",
    "an error": "Oh no, something went wrong on our side. Please come back and try again in a moment.",
    "an app": "Get more out of it in our app, with alerts and without adverts, on any telephone.",
    "rights": "© 2026 Echo Media. No part of this may be copied without the written consent of the publisher.",
    "sharing": "Share it with your friends on Facebook and WhatsApp, or copy the link and send it.",
}


@pytest.mark.parametrize("notice", NOTICES.values(), ids=NOTICES)
def test_a_notice_without_a_word_of_the_headline_is_no_body(notice: str) -> None:
    assert reason_of(a_page((notice,), "Marrowby rebuilds its east pier")) == "BodyMissing"


def test_a_short_article_about_a_technique_is_one() -> None:
    text = "The app that Marrowby built for its pier went wrong on Monday, and residents could not try again."
    assert article_of(a_page((text,), "Marrowby's pier app goes wrong")).body == text


SWITCH_ON = {
    "vi": ("Tài xế tàu điện Ostrel chấm dứt chín ngày đình công",
           "Vui lòng bật JavaScript trong trình duyệt của bạn để xem nội dung trang này."),
    "lt": ("Tramvajų vairuotojai nubalsavo baigti streiką", "Norėdami matyti puslapį, įjunkite JavaScript naršyklėje."),
    "id": ("Sopir trem di Ostrel sepakat akhiri mogok", "Silakan aktifkan JavaScript di peramban Anda dahulu."),
}


@pytest.mark.parametrize(("title", "notice"), SWITCH_ON.values(), ids=SWITCH_ON)
@pytest.mark.parametrize("form", ["<h1>{}</h1><p>{}</p>", "<div><h2>{}</h2><div><div>{}</div></div></div>"])
def test_the_headline_beside_a_notice_makes_it_no_article(title: str, notice: str, form: str) -> None:
    page = f"<html><head><title>{title} - Ostrel Post</title></head><body>{form.format(title, notice)}</body></html>"
    assert reason_of(page) == "BodyMissing"


def test_a_box_about_the_author_or_headlines_alone_are_no_article() -> None:
    title = "Tram drivers in Ostrel end their stoppage"
    about = "Mara Lindqvist writes of the harbour and the quays, and has worked for the Ostrel Post since 2014."
    links = "".join(f"<li><a href='/{n}'>The lighthouse keeper of Veyra retires after winter {n}</a></li>"
                    for n in range(4))
    for rest in (f"<div class='author-box'><h4>Mara Lindqvist</h4><p>{about}</p></div>", f"<ul>{links}</ul>"):
        page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1><div></div>{rest}</body></html>"
        assert reason_of(page) == "BodyMissing"
    portrait = "The driver Mara Lindqvist, 61, who led the stoppage in Ostrel, was born in a tram on line 3."
    for name in ("author-box", "bio", "entry author-mara-lindqvist"):
        page = (f"<html><head><title>{title}</title></head><body><h1>{title}</h1><div class='{name}'><p>{portrait}</p>"
                "</div></body></html>")
        assert article_of(page).body == portrait


def test_a_box_named_after_a_request_is_the_article_in_a_script_without_spaces_too() -> None:
    title = "東の埠頭を再建へ、港の議会が決定"
    text = ("港の議会は火曜日、二年前の嵐で壊れた東の埠頭を再建することを賛成多数で決めた。工事は五月に始まる。",
            "費用は四百万クローネで、半分は州が負担すると議員のファルク氏が説明した。")
    page = (f"<html><head><title>{title}</title></head><body><h1>{title}</h1><div class='login'><p>{text[0]}</p>"
            f"<p>{text[1]}</p></div></body></html>")
    assert article_of(page).body == "\n\n".join(text)


def test_an_article_in_a_box_that_is_named_after_its_author_is_one() -> None:
    title = "Nine days without a bell"
    text = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
    page = (f"<html><head><title>{title}</title></head><body><h1>{title}</h1><div class='author-content'>{text}</div>"
            "</body></html>")
    assert article_of(page).body == "\n\n".join(PARAGRAPHS)


BRIEFS = {
    "where it was said": ("Lund resigns from ferry board", "The engineer wrote on Facebook on Monday that she goes."),
    "a play on words": ("Nothing in the tank at all", "Drivers could not pay in Skarn because an app failed."),
    "a trade": ("Thieves copy cards from many shops", "A JavaScript program was changed in 3,100 stores, police say."),
    "fi": ("Johtaja lähtee satamasta syksyllä", "Mo Lund kertoi asiasta Facebookissa. Hän muuttaa Skarniin."),
}


@pytest.mark.parametrize(("title", "text"), BRIEFS.values(), ids=BRIEFS)
def test_a_short_article_that_names_somebody_or_something_is_no_notice(title: str, text: str) -> None:
    assert article_of(a_page((text,), title)).body == text


def entries(opening: str) -> str:
    return "".join(
        f"<div><h3>The council of quay {n} opens a school</h3><p>Parents of quay {n} had asked for it since the flood, "
        f"and a hall was found in the {n}th year. <a href='/{n}'>{opening}</a></p></div>" for n in range(1, 11))


def test_a_list_whose_headings_are_not_links_is_a_list_and_a_guide_is_not() -> None:
    page = "<html><head><title>{0}</title></head><body><h1>{0}</h1>{1}</body></html>"
    listed = page.format("News from the quays", entries("Read it all"))
    assert reason_of(listed, url="https://harbour-news.example/news") == "ListingPage"
    guide = page.format("Ten schools by the sea that are worth a visit this summer", entries("To the school"))
    assert reason_of(guide, url="https://harbour-news.example/2026/ten-schools-by-the-sea") == ""


def test_the_outlets_name_is_the_last_title_of_all() -> None:
    text = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
    head = "<head><title>Harbour News</title><meta property='og:site_name' content='Harbour News'></head>"

    def titled(inner: str, url: str | None) -> str:
        return article_of(f"<html>{head}<body>{inner}</body></html>", url=url).title

    url = "https://harbour-news.example/2026/pier-to-be-rebuilt"
    for heading in (f"<h3>{TITLE}</h3>", f"<div class='storyTitle'>{TITLE}</div>", f"<p class='titolo'>{TITLE}</p>"):
        assert titled(f"<div>{heading}{text}</div>", url) == TITLE
    marked = f"<div itemscope itemtype='https://schema.org/Article'><b itemprop='headline'>{TITLE}</b>{text}</div>"
    assert titled(marked, url) == TITLE
    assert titled(f"<div>{text}</div>", url) == "Pier to be rebuilt"
    assert titled(f"<div>{text}</div>", None) == "Harbour News"
