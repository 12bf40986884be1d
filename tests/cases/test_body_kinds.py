"""Bodies on pages of kinds that are rare: misleading names, comments, appended stories, markup in a sentence."""

from __future__ import annotations

import pytest

from pipelines.clean.html.blocks import read_blocks
from pipelines.clean.html.body import choose_body
from pipelines.clean.html.markup import read_markup
from tests.cases.reading import BODY, PARAGRAPHS, TITLE, a_page, article_of, reason_of

ONE, TWO, THREE, FOUR, FIVE = PARAGRAPHS
TEXT = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
ABOUT = (
    "<div class='box'><p>Harbour News has been printed in a shed behind the net loft since 1898, and has "
    "never missed a "
    "Friday, not even in the winter of the great frost.</p><p>It belongs to its readers, who elect the editor every "
    "third year in the fish hall, by a show of hands, and are given soup.</p></div>"
)


def wrapped(opening: str, closing: str, after: str = ABOUT, *, headline: str = "in") -> str:
    head = f"<h1>{TITLE}</h1>"
    return (
        f"<html lang=en><head><title>{TITLE}</title></head><body>{head if headline == 'out' else ''}{opening}"
        f"{head if headline == 'in' else ''}{TEXT}{closing}{after}</body></html>"
    )


WRAPPERS = {
    "members only": ("<div class='story members-only'>", "</div>"),
    "a category": ("<div class='post-7 hentry category-promotion tag-newsletter'>", "</div>"),
    "comments are open": ("<div class='page comments-open has-sidebar'>", "</div>"),
    "a form around the page": ("<form id='aspnetForm' action='/'>", "</form>"),
    "topics": ("<section id='topics'>", "</section>"),
    "promo": ("<div class='promo-wide'>", "</div>"),
    "an author's name": ("<article class='author-ines-falk'>", "</article>"),
    "a word that only begins so": ("<div class='socialism shareholders'>", "</div>"),
}


@pytest.mark.parametrize(("opening", "closing"), WRAPPERS.values(), ids=WRAPPERS)
@pytest.mark.parametrize("headline", ["in", "out"])
def test_the_name_of_the_articles_own_box_does_not_cost_the_article(opening: str, closing: str, headline: str) -> None:
    body = article_of(wrapped(opening, closing, headline=headline)).body
    assert body[: len(BODY)] == BODY


def test_a_weak_name_of_the_articles_own_box_means_nothing_in_the_boxes_beside_it() -> None:
    parts = (f"<h1>{TITLE}</h1>{TEXT}", f"<p>{FIVE[:-1]}, they say.</p>")
    boxes = "".join(f"<div class='widget'>{part}</div>" for part in parts)
    page = read_blocks(read_markup(f"<html><body><main>{boxes}</main></body></html>", 256).root)
    assert [page.blocks[number].text for number in choose_body(page).blocks] == [*PARAGRAPHS, f"{FIVE[:-1]}, they say."]


COMMENTS = (
    (
        "Kaitlin_K",
        "I was there when the pier broke, and nobody of the council came to look at it for a week, honestly.",
    ),
    ("old salt", "The breakwater would have been the better plan, as everybody on the quay has said for thirty years."),
    ("Kaitlin_K", "And who pays for it? We do, with our fees, while the councillors travel to Port Ansel for lunch."),
)


def comments(box: str, heading: str, control: str, time: str = "") -> str:
    items = "".join(
        f"<div class='z1'><b>{name}</b>{time}<p>{text}</p>{f'<a href=#>{control}</a>' if control else ''}</div>"
        for name, text in COMMENTS
    )
    return f"<div class='{box}'>{heading}{items}</div>"


READERS = {
    "a Turkish name": comments("yorumlar", "", ""),
    "a Polish name": comments("opinie-lista", "", ""),
    "a German name": comments("leserkommentare", "<h3>3 Kommentare</h3>", ""),
    "a Chinese name": comments("pinglun-list", "", ""),
    "no name, ways to reply": comments("x7", "", "Reply"),
    "no name, ways to reply in Finnish": comments("x7", "", "Vastaa"),
    "no name, a heading": comments("x7", "<h3>댓글 3</h3>", ""),
    "no name, times, one who writes twice": comments("x7", "", "", "<span>14:05</span>"),
}


@pytest.mark.parametrize("after", READERS.values(), ids=READERS)
def test_readers_comments_are_not_the_article(after: str) -> None:
    assert article_of(a_page(after=after)).body == BODY
    assert article_of(a_page().replace("</article>", f"</article>{after}")).body == BODY


def test_the_entries_of_a_live_blog_are_no_comments() -> None:
    pairs = ((ONE, TWO), (THREE, FOUR), (FIVE, OTHERS[0]), (OTHERS[1], OTHERS[2]))
    entries = "".join(
        f"<div class='entry'><span>1{hour}:05</span><p>{first}</p><p>{second}</p></div>"
        for hour, (first, second) in enumerate(pairs)
    )
    page = f"<html><head><title>{TITLE}</title></head><body><main><h1>{TITLE}</h1>{entries}</main></body></html>"
    body = article_of(page).body
    assert all(text in body for text in (*PARAGRAPHS, OTHERS[0]))


OTHERS = (
    "The ferry dog of Port Ansel was elected harbour master for a third term on Monday, with every vote but one.",
    "The cat of the customs house, which had run against him, demanded that the votes be counted again by noon.",
    "The dog’s first act was to bury the keys of the office, where they have not been found until this morning.",
)


def story(box: str, title: str, paragraphs: tuple[str, ...], level: str = "h1") -> str:
    text = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return f"<{box}><{level}>{title}</{level}>{text}</{box.split(maxsplit=1)[0]}>"


def site(inner: str) -> str:
    return f"<html lang=en><head><title>{TITLE}</title></head><body><main>{inner}</main></body></html>"


@pytest.mark.parametrize("level", ["h1", "h2"])
@pytest.mark.parametrize("box", ["div class='scroll-item'", "section class='s'", "article"])
def test_the_next_story_is_not_the_article(box: str, level: str) -> None:
    other = story(box, "Ferry dog elected harbour master", OTHERS, level if box != "article" else "h1")
    assert article_of(site(story(box, TITLE, PARAGRAPHS) + other)).body == BODY


ABOUT_BOXES = {
    "about": "<div class='about-us'>{}</div>",
    "an unlabelled box": "<div class='lower'>{}</div>",
    "a section": "<section id='who-we-are'>{}</section>",
    "in a box of its own": "<div class='foot'><div class='text'>{}</div></div>",
    "two boxes": "<div class='lower'>{}</div><div class='end'><p>Write to the desk, or ring at the door.</p></div>",
}
ABOUT_US = (
    "The Harbour News has told of the coast since 1921, from a small office above the chandler, with a staff of nine.",
    "We print on Tuesdays and Fridays, deliver by bicycle, and answer every letter that comes with a name.",
    "Our readers pay for most of what we do, and nobody but the editor says what we print, or when it is printed.",
)


@pytest.mark.parametrize("box", ABOUT_BOXES.values(), ids=ABOUT_BOXES)
@pytest.mark.parametrize("story_box", ["div class='content'", "article", "main id='story'", "div class='member-only'"])
def test_a_box_of_text_beside_the_articles_box_is_not_the_article(story_box: str, box: str) -> None:
    about = box.format("".join(f"<p>{line}</p>" for line in ABOUT_US))
    assert article_of(site(story(story_box, TITLE, PARAGRAPHS) + about)).body == BODY


CONTINUED = {
    "a name that both boxes have": ("div class='part one'", "<div class='part two'>{}</div>"),
    "no name": ("div class='intro'", "<div>{}</div>"),
    "a heading": ("div class='intro'", "<div class='rest'><h2>What follows</h2>{}</div>"),
}


@pytest.mark.parametrize(("first", "second"), CONTINUED.values(), ids=CONTINUED)
def test_an_article_in_several_boxes_is_whole(first: str, second: str) -> None:
    rest = second.format("".join(f"<p>{line}</p>" for line in PARAGRAPHS[3:]))
    page = read_blocks(read_markup(site(story(first, TITLE, PARAGRAPHS[:3]) + rest), 256).root)
    chosen = [page.blocks[number].text for number in choose_body(page).blocks]
    assert [text for text in chosen if text != "What follows"] == list(PARAGRAPHS)


def test_a_short_introduction_beside_the_headline_is_not_all_of_the_article() -> None:
    rest = "".join(f"<p>{line}</p>" for line in PARAGRAPHS[1:])
    page = site(story("div class='top'", TITLE, PARAGRAPHS[:1]) + f"<div class='columns'>{rest}</div>")
    assert article_of(page).body == BODY


def test_the_sections_of_an_article_stay() -> None:
    parts = [
        story("div class='part'", name, (first, second), "h2")
        for name, first, second in (("The plan", TWO, THREE), ("The crews", FOUR, FIVE))
    ]
    page = site(f"<article><h1>{TITLE}</h1><p>{ONE}</p>{''.join(parts)}</article>")
    assert article_of(page).body == "\n\n".join((ONE, "The plan", TWO, THREE, "The crews", FOUR, FIVE))


def test_copies_for_narrow_screens_are_read_once() -> None:
    page = a_page().replace("<article>", "<article><div class='wide'>", 1)
    twice = f"</div><div class='narrow'>{TEXT}</div>"
    assert article_of(page.replace("\n</article>", f"{twice}</article>")).body == BODY


@pytest.mark.parametrize(
    "line",
    [
        "관련 소식: 시장이 새 학교를 열다",
        "Ajankohtaista: Lauttakoira valittiin satamapäälliköksi",
        "もっと見る：港の犬が選ばれた",
    ],
)
def test_a_pointer_in_any_language_that_is_wholly_a_link_is_gone(line: str) -> None:
    piece = f"<p><a href='/dog'>{line}</a></p>"
    assert article_of(a_page().replace(f"<p>{THREE}</p>", f"{piece}<p>{THREE}</p>")).body == BODY


LINKED = [
    "The vote at the depot was closer than expected: 212 drivers were for it and 187 against.",
    "By the end of a long sitting it was clear: the pier is to be built again within this year.",
    "投票在车库举行，结果比预期更为接近：赞成的有二百一十二人，反对的有一百八十七人。",
]


@pytest.mark.parametrize("line", LINKED)
def test_a_linked_sentence_with_a_colon_is_text(line: str) -> None:
    piece = f"<p><a href='/vote'>{line}</a></p>"
    assert line in article_of(a_page().replace(f"<p>{THREE}</p>", f"{piece}<p>{THREE}</p>")).body


def test_a_copy_whose_lines_are_broken_elsewhere_is_read_once() -> None:
    texts = ("港の議会は火曜日、二年前の嵐で壊れた東埠頭を再建することを決めた。工事は五月に始まる。",
             "費用は四百万クローネになると議員のファルク氏は述べた。漁師たちは決定を歓迎している。",
             "反対する人々は、その金を沖の防波堤に使うほうがよいと考えている。議会は来週また開かれる。")
    page = a_page(texts, "港の議会が東埠頭の再建を決定", lang="ja")
    copy = "".join(f"<p>{text[:15]} {text[15:]}</p>" for text in texts)
    page = page.replace("<article>", "<article><div class='wide'>", 1)
    page = page.replace("\n</article>", f"</div><div class='narrow'>{copy}</div></article>")
    assert article_of(page).body == "\n\n".join(texts)


SENTENCE = "Councillor Ines Falk said the work would start in May and cost four million crowns, half of it lent."
INLINE = {
    "a reading above a word": "Councillor <ruby>Ines<rp>(</rp><rt>ee-nes</rt><rp>)</rp></ruby> Falk said "
    "the work would "
    "start in May and cost four million crowns, half of it lent.",
    "deleted text": "Councillor <del>Tom Okafor</del> Ines Falk said the work would start in <s>April </s>May and cost "
    "four million crowns, half of it lent.",
    "a hidden span": "Councillor Ines Falk<span hidden> (opens in a new tab)</span> said the work would "
    "start in May and "
    "cost four million crowns<span style='display: none'>, it is said</span>, half of it lent.",
    "a span that is read aloud": "Councillor <a href='/f'>Ines Falk<span class='sr-only'>, "
    "external</span></a> said the "
    "work would start in May and cost four million crowns, half of it lent.",
    "a button that explains a word": "Councillor Ines Falk said the <button class='term'>work</button> "
    "would start in May "
    "and cost four million <button>crowns</button>, half of it lent.",
    "a button that shares": f"{SENTENCE} <button>Copy link</button>",
    "a choice in a sentence": "Councillor Ines Falk said the work would start in <select><option>April<option>June"
    "</select>May and cost four million crowns, half of it lent.",
    "a place where the word may break": "Coun<wbr>cillor Ines Falk said the work would start in May and cost four "
    "mil&shy;lion crowns, half of it lent.",
    "text that was escaped twice": SENTENCE.replace("May and", "May&amp;nbsp;and"),
}


@pytest.mark.parametrize("written", INLINE.values(), ids=INLINE)
def test_markup_in_a_sentence_neither_glues_nor_loses_words(written: str) -> None:
    page = a_page((ONE, "<!-- -->", *PARAGRAPHS[2:])).replace("<!-- -->", written)
    assert article_of(page).body == "\n\n".join((ONE, SENTENCE, *PARAGRAPHS[2:]))


def test_a_long_list_of_choices_is_no_text() -> None:
    countries = "".join(
        f"<option>The free and sovereign republic of number {n}, with its islands.</option>" for n in range(40)
    )
    assert article_of(a_page(before=f"<select>{countries}</select><datalist id=d>{countries}</datalist>")).body == BODY


# pages whose story is loaded by a script
EMPTY = (
    f"<html lang=en><head><title>{TITLE} | Harbour News</title></head><body><h1>{TITLE}</h1><div "
    f"id='root'></div>%s</body></html>"
)
WITHOUT_STORY = {
    "nothing": "",
    "the headline again": f"<p>{TITLE}</p><span>{TITLE}</span><div>{TITLE}</div>",
    "a notice to switch scripts on": "<div><p>JavaScript is disabled in your browser, and this page does "
    "not work without "
    "it. Please enable JavaScript and load the page again.</p></div>",
    "the same in German": "<div><p>Bitte aktivieren Sie JavaScript in Ihrem Browser, um diese Seite lesen "
    "zu können, und "
    "laden Sie sie danach neu.</p></div>",
    "a notice about an ad blocker": "<div><p>It looks as if you are using an ad blocker. Our reporters "
    "live by advertising: "
    "please switch off your ad blocker for this site.</p></div>",
    "a newsletter in a box with a name": "<div class='newsletter'><p>Every Friday at noon we send you the "
    "best of the quay, "
    "the tides and a recipe for herring, and it costs nothing at all.</p></div>",
    "a newsletter in a box without one": "<div class='k3'><p>Our newsletter brings you the best of the "
    "quay to your inbox "
    "every Friday, free of charge. Sign up with your address below, and unsubscribe whenever you like.</p></div>",
}


@pytest.mark.parametrize("rest", WITHOUT_STORY.values(), ids=WITHOUT_STORY)
def test_a_page_whose_story_is_loaded_by_a_script_has_no_body(rest: str) -> None:
    assert reason_of(EMPTY % rest) == "BodyMissing"


def test_an_article_about_ad_blockers_is_one() -> None:
    title = "Half of Marrowby uses an ad blocker, and its paper asks why"
    text = (
        "Half of the readers in Marrowby use an ad blocker, a study of Harbour News found, and most of "
        "them would switch off their ad blocker for the paper of the town if it asked."
    )
    assert article_of(a_page((text,), title)).body == text


def test_the_text_for_browsers_without_scripts_is_read_where_there_is_no_other() -> None:
    assert article_of(EMPTY % f"<noscript><div>{TEXT}</div></noscript>").body == BODY
    notice = (
        "<noscript><p>Please enable JavaScript to see the comments of our readers and the tides of "
        "today.</p></noscript>"
    )
    assert article_of(a_page(before=notice)).body == BODY


# paywalls in other languages
TEASERS = {
    "ja": (
        "港の議会は火曜日、二年前の嵐で壊れた東埠頭を再建することを賛成多数で決めた。",
        "この続きは有料会員の方のみお読みいただけます",
    ),
    "zh": ("港口议会周二以多数票决定重建两年前被风暴毁坏的东码头，工程将于五月开始。", "订阅后可阅读全文"),
    "ko": (
        "항구 의회는 화요일 두 해 전 폭풍으로 부서진 동쪽 부두를 다시 짓기로 결정했다.",
        "이 기사는 유료 회원에게만 제공됩니다",
    ),
    "ru": (
        "Портовый совет во вторник решил восстановить восточный причал, разрушенный штормом.",
        "Материал доступен только для подписчиков",
    ),
    "da": (
        "Havnerådet vedtog tirsdag at genopføre den østlige mole, som en storm ødelagde.",
        "Artiklen er forbeholdt abonnenter",
    ),
}


@pytest.mark.parametrize(("lang", "lines"), TEASERS.items(), ids=TEASERS)
def test_a_paywall_is_seen_in_its_language(lang: str, lines: tuple[str, str]) -> None:
    text, wall = lines
    for article in (
        article_of(a_page((text,), lang=lang, after=f"<p>{wall}</p>")),
        article_of(a_page((text,), lang=lang).replace("</article>", f"</article><div>{wall}</div>")),
    ):
        assert (article.body, article.is_truncated) == (text, True)


def test_a_whole_article_in_a_script_without_spaces_is_not_called_cut() -> None:
    text = TEASERS["ja"][0]
    declared = '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "%s", "wordCount": %d}</script>'
    assert not article_of(a_page((text * 4,), lang="ja", head=declared % (TITLE, len(text) * 4))).is_truncated
