"""What stands beside or inside of an article and is none of it: comments in unnamed boxes, cards, copies, tooltips."""

from __future__ import annotations

import pytest
from lxml import etree

from pipelines.clean.html.blocks import read_blocks
from pipelines.clean.html.body import choose_body
from pipelines.clean.html.comments import comments_in
from tests.cases.reading import BODY, PARAGRAPHS, TITLE, a_page, article_of

SAID = (
    "It took them two winters to see what every child on the quay could have told them.",
    "My father built the old one with his own hands, and it stood for fifty years in all weathers.",
    "And the breakwater? Nobody speaks of the breakwater, although every ship that comes in needs it.",
)
WHO = ("Mo Lund", "K. R.", "harald")


def body_of(after: str, **options: str) -> str:
    text = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
    page = (f"<html lang='{options.get('lang', 'en')}'><head><title>{TITLE}</title></head><body><h1>{TITLE}</h1>"
            f"<div class='text'>{text}</div>{after}</body></html>")
    return article_of(page).body


COMMENTS = {
    "a name, then a time": "<div class='q1'><b>{0}</b> <i>5 May 2026, 9:0{2}</i><p>{1}</p></div>",
    "name and time on one line": "<li><div>{0}, 05.05.2026</div><div>{1}</div></li>",
    "a time element": "<article><header>{0}</header><time datetime='2026-05-05'>May</time><p>{1}</p></article>",
    "a control": "<section><div>{0}</div><p>{1}</p><button>Svar</button></section>",
    "cells": "<table><tr><td>{0}<br>5 May 2026</td><td>{1}</td></tr></table>",
}


@pytest.mark.parametrize("form", COMMENTS.values(), ids=COMMENTS)
def test_boxes_with_a_name_and_a_time_or_a_control_are_comments(form: str) -> None:
    boxes = "".join(form.format(who, said, at) for at, (who, said) in enumerate(zip(WHO, SAID, strict=True)))
    assert body_of(f"<div class='p7'>{boxes.replace('</table><table>', '')}</div>") == BODY


def test_entries_and_answers_are_none() -> None:
    for form in ("<div class='q1'><h3>{0}</h3><p>{1}</p></div>", "<div class='q1'><p>{1}</p><p>{1}</p></div>",
                 "<div class='q1'><p>What does {0} say of the whole plan?</p><p>{1}</p></div>"):
        boxes = "".join(form.format(who, said) for who, said in zip(WHO, SAID, strict=True))
        page = read_blocks(etree.HTML(a_page(after=boxes)))
        assert comments_in(page, choose_body(page).weights) == set()


ENTRIES = {
    "posts of a live blog": "<div class='q1'><b>{0}</b> <i>09:0{2}</i><p>{1}</p></div>",
    "posts with a time element": "<div class='q1'><div>{0}</div><time datetime='2026-05-05'>May</time><p>{1}</p></div>",
    "events": "<li><div>{0}, 05.05.2026</div><div>{1}</div></li>",
    "tips to share": "<section><div>{0}</div><p>{1}</p><button>Share</button></section>",
    "answers to open": "<div class='q1'><p>{0}</p><button>+</button><div><p>{1}</p></div></div>",
}
NOTED = ("Stones arrive", "Berth refused", "Pier closed")


@pytest.mark.parametrize("form", ENTRIES.values(), ids=ENTRIES)
def test_entries_inside_of_the_article_are_no_comments(form: str) -> None:
    boxes = "".join(form.format(head, said, at) for at, (head, said) in enumerate(zip(NOTED, SAID, strict=True)))
    body = article_of(a_page((*PARAGRAPHS, *PARAGRAPHS)).replace("</article>", f"<div>{boxes}</div></article>")).body
    assert all(said in body for said in SAID)


@pytest.mark.parametrize(
    "entries",
    ["<h2>What is on</h2><ul>{}</ul>".format("".join(f"<li><p>{head}, 5 May 2026</p><p>{said}</p></li>"
                                                      for head, said in zip(NOTED, SAID, strict=True))),
     "".join(f"<div class='q1'><p>{head}</p><button>Share</button><p>{said}</p></div>"
             for head, said in zip(NOTED, SAID, strict=True))],
    ids=["a list under a heading", "buttons that answer nothing"],
)
def test_boxes_beside_the_article_are_no_comments_by_a_date_under_a_heading_or_any_button(entries: str) -> None:
    page = read_blocks(etree.HTML(a_page(after=entries)))
    assert comments_in(page, choose_body(page).weights) == set()


STORY = "".join(f"<p>{said}</p>" for said in SAID)


@pytest.mark.parametrize(
    ("first", "second"),
    [("<div>", "<div>"), ("<div class='s s-81'>", "<div class='s s-82'>"), ("<li id='n1'>", "<li id='n2'>")],
)
def test_a_story_in_a_box_like_the_first_ones_is_another(first: str, second: str) -> None:
    text = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
    end = f"</{first[1:].split(maxsplit=1)[0].rstrip('>')}>"
    page = (f"<html><head><title>{TITLE}</title></head><body><main>{first}<h1>{TITLE}</h1>{text}{end}"
            f"{second}<h1>A quay and its masons</h1>{STORY}{end}</main></body></html>")
    assert article_of(page).body == BODY


@pytest.mark.parametrize("box", ["div", "section", "section class='part-{0}'", "li id='n{0}'"])
@pytest.mark.parametrize("around", ["main", "article"])
@pytest.mark.parametrize("level", ["h1", "h2"])
def test_a_part_of_the_article_in_a_box_like_the_first_ones_is_none(box: str, around: str, level: str) -> None:
    heads = (f"<h1>{TITLE}</h1>", f"<{level}>What the stones cost</{level}>", f"<{level}>Who is against it</{level}>")
    texts = (*PARAGRAPHS, SAID[0])
    end = f"</{box.split(maxsplit=1)[0]}>"
    parts = "".join(f"<{box.format(n)}>{head}<p>{texts[2 * n]}</p><p>{texts[2 * n + 1]}</p>{end}"
                    for n, head in enumerate(heads))
    body = article_of(f"<html><head><title>{TITLE}</title></head><body><{around}>{parts}</{around}></body></html>").body
    assert all(text in body for text in PARAGRAPHS)


def test_three_linked_places_of_a_guide_are_in_it() -> None:
    places = "".join(f"<div class='place'><h3><a href='https://inn-{n}.example/'>The old inn on quay {n}</a></h3>"
                     f"<p>{said}</p></div>" for n, said in enumerate(SAID))
    page = a_page((*PARAGRAPHS, *(text.replace("Marrowby", "Skarn") for text in PARAGRAPHS)))
    for at in (page.index(f"<p>{PARAGRAPHS[4]}"), page.index("</article>")):
        body = article_of(page[:at] + places + page[at:]).body
        assert all(said in body for said in SAID)


@pytest.mark.parametrize("name", ["about", "about_the_berth"])
def test_a_section_about_something_is_in_the_article(name: str) -> None:
    section = f"<div class='{name}'><p>{SAID[0]}</p><p>{SAID[1]}</p></div>"
    assert all(said in article_of(a_page().replace("</article>", f"{section}</article>")).body for said in SAID[:2])


def test_a_few_cards_of_other_stories_are_left_out_and_a_guides_entries_are_not() -> None:
    cards = "".join(f"<div><h4><a href='/{n}'>The masons of the quay, part {n}</a></h4><p>{said}</p></div>"
                    for n, said in enumerate(SAID[:2]))
    for parts in ((*PARAGRAPHS, cards), (*PARAGRAPHS[:2], cards, *PARAGRAPHS[2:])):
        text = "".join(part if part.startswith("<") else f"<p>{part}</p>" for part in parts)
        page = f"<html><head><title>{TITLE}</title></head><body><h1>{TITLE}</h1><div>{text}</div></body></html>"
        assert article_of(page).body == BODY
    guide = "".join(f"<div><h3><a href='/{n}'>The masons of the quay, part {n}</a></h3><p>{said}</p></div>"
                    for n, said in enumerate(SAID))
    page = (f"<html><head><title>Three walks on the quay</title></head><body><article><h1>Three walks on the quay</h1>"
            f"<p>{PARAGRAPHS[0]}</p>{guide}</article></body></html>")
    assert all(said in article_of(page).body for said in SAID)


def test_sentences_that_are_repeated_in_order_are_a_copy() -> None:
    lines = ("议会周二决定重建东码头。", "工程五月开始，耗资四百万。", "渔民两年来一直要求如此。")
    text = "".join(f"<p>{line}</p>" for line in lines)
    page = (f"<html lang='zh'><head><title>东码头将重建</title></head><body><h1>东码头将重建</h1><div>{text}</div>"
            f"<div class='m'>{text}</div></body></html>")
    assert article_of(page).body == "\n\n".join(lines)


@pytest.mark.parametrize(
    "lines", [("Haul away, lads.", "Haul her in."), ("No.", "Never."), ("Add a cod.", "Stir once.")])
def test_a_refrain_is_no_copy(lines: tuple[str, ...]) -> None:
    parts = (*PARAGRAPHS[:2], SAID[0], *lines, SAID[1], *lines, SAID[2], *lines, *PARAGRAPHS[2:])
    assert article_of(a_page(parts)).body == "\n\n".join(parts)


@pytest.mark.parametrize(
    "inner",
    [
        "<span style='text-decoration: line-through'>Monday</span>",
        "<span class='u-visually-hidden'>see the map</span>",
        "<span role='tooltip'>a town by the sea</span>",
        "<i class='icon icon-map' aria-hidden='true'>place</i>",
        "<a class='sr-only' href='#'>map</a>",
    ],
)
def test_what_is_not_displayed_inside_of_a_sentence_is_no_text(inner: str) -> None:
    first = PARAGRAPHS[0].replace(" on Tuesday", f" on {inner} Tuesday")
    assert article_of(a_page((first, *PARAGRAPHS[1:]))).body == BODY


def test_an_icon_without_a_name_and_a_drop_cap_are_read() -> None:
    first = PARAGRAPHS[0].replace("Marrowby (", "<i aria-hidden='true'>M</i>arrowby (", 1)
    assert article_of(a_page((first, *PARAGRAPHS[1:]))).body == BODY


INSIDE = {
    "an offer whose name has a capital": "<div class='c-inlineSignup'><h2>The harbour by mail</h2><p>What was on the "
    "quay today is sent to you every evening at six, from the desk of Harbour News.</p></div>",
    "a summary by a machine": "<div class='column aiArticleSummary'><ul><li>The council of Marrowby wants a new pier "
    "on its east side.</li><li>Work on it begins in May and costs millions.</li></ul></div>",
    "the same under other names": "<div class='story-ai-summary__list'><p>The council of Marrowby wants a new pier on "
    "its east side, and work on it begins in May.</p></div>",
    "the overlay of a video": "<div class='c-video'><div class='c-video__data'><span>2:34</span> <span>A winter storm "
    "breaks the old pier of Marrowby and its light</span></div></div>",
    "the line of a picture": "<div class='mediaInfo'>Masons at the east pier of Marrowby in the spring of last year"
    "</div>",
    "a line that ends with a credit": "<img src='a.jpg'><p>Masons rest on the quay below the pier in May "
    "(Image: Harbour News)</p>",
    "a credit after a sign": "<div><img src='a.jpg'><small>Masons rest on the quay below the pier in May "
    "© Tom Okafor</small></div>",
    "a credit after a sentence": "<p><img src='a.jpg'>Masons rest on the quay below the pier in May. "
    "Foto: Tom Okafor/HNA</p>",
    "a note that a picture is old": "<img src='a.jpg'><p>Die alte Mole von Marrowby an einem Tag im Winter "
    "(Archivbild)</p>",
    "a broadcast": "<div class='relatedbroadcast'><p>This was on the air:</p><p>Harbour Radio | The news of the "
    "coast | 5 May 2026 | 13:00</p></div>",
}


@pytest.mark.parametrize("inside", INSIDE.values(), ids=INSIDE)
def test_a_box_or_a_caption_inside_of_the_text_is_none_of_it(inside: str) -> None:
    assert article_of(a_page().replace(f"<p>{PARAGRAPHS[3]}</p>", f"{inside}<p>{PARAGRAPHS[3]}</p>")).body == BODY


TOLD = {
    "a name that denies one": "<div class='titleNoCredit'><p>{}</p></div>",
    "a layout that denies one": "<div class='storyWithoutSidebar'><p>{}</p></div>",
    "a name with a longer word": "<div class='inlineAddition'><p>{}</p></div>",
    "a name with another word after it": "<div class='popularScience'><p>{}</p></div>",
    "text to be unfolded": "<div class='ReadMoreText'><p>{}</p><p>They will be asked again, and so will be those of "
    "Skarn, who know the stones of the coast best.</p></div>",
    "a layout with a bar": "<div class='bodyWithSidebar__x1'><p>{}</p></div>",
    "a picture of which is told": "<p>{} One of them keeps a picture of the pier (photo: Tom Okafor, 1931).</p>",
    "a picture and a text": "<div class='wp-block-media-text'><p>{}</p></div>",
    "a remark on a photo": "<p>{} Of those in the old picture, one is left (a photo of 1911 shows forty).</p>",
    "a sign in a sentence": "<p>{} The plan bears the sign © and a name. Nobody knew whose it was.</p>",
}


@pytest.mark.parametrize("form", TOLD.values(), ids=TOLD)
def test_text_under_such_names_or_with_such_words_is_kept(form: str) -> None:
    said = "The masons of Port Ansel were asked as well, and said that they had no hands to spare before the autumn."
    inside = form.format(said)
    body = article_of(a_page().replace(f"<p>{PARAGRAPHS[3]}</p>", f"{inside}<p>{PARAGRAPHS[3]}</p>")).body
    assert said in body


def test_a_text_in_a_box_with_such_a_name_after_a_capital_is_kept_if_it_is_much() -> None:
    teasers = "".join(f"<div><h3><a href='/{at}'>{head} at Skarn</a></h3><p>{said}</p></div>"
                      for at, (head, said) in enumerate(zip(NOTED * 3, SAID * 3, strict=True)))
    page = a_page().replace("<article>", "<article><div class='articleModal'>").replace(
        "</article>", f"</div></article><section>{teasers}</section>")
    assert article_of(page).body == BODY


READERS = {
    "hi": ("टिप्पणियां", ("राजेश", "पाठक", "मीना देवी"), "0{} मार्च 2026 09:1{}", "जवाब दें",
           ("आखिरकार खत्म हुई, नौ दिन तक पैदल दफ्तर जाना पड़ा।", "चालक सही थे, लेकिन पहले से बताना चाहिए था।",
            "अगर किराया बढ़ा तो फिर हमें ही भुगतना पड़ेगा।")),
    "fa": ("دیدگاه کاربران", ("رهگذر", "مریم", "ناشناس"), "1404/12/1{} 09:1{}", "پاسخ",
           ("بالاخره تمام شد، نه روز پیاده سر کار رفتم.", "رانندگان حق داشتند ولی باید از قبل خبر می‌دادند.",
            "اگر بلیت گران شود باز هم ما باید بپردازیم.")),
    "th": ("ความเห็นผู้อ่าน", ("แมวท่าเรือ", "สมชาย", "ผู้อ่าน"), "0{}/03/2026 09:1{}", "ตอบกลับ",
           ("ในที่สุดก็จบเสียที เดินไปทำงานมาเก้าวันแล้ว", "คนขับก็มีเหตุผล แต่น่าจะแจ้งล่วงหน้าบ้าง",
            "ถ้าขึ้นค่าโดยสารก็เดือดร้อนชาวบ้านอีกตามเคย")),
    "el": ("Η γνώμη σας", ("Γιώργος", "θαλασσινός", "Μαρία Κ."), "0{}/03/2026 09:1{}", "Απάντηση",
           ("Επιτέλους τελείωσε, εννιά μέρες πήγαινα με τα πόδια.", "Έχουν δίκιο, αλλά έπρεπε να μας το πουν.",
            "Αν ακριβύνει το εισιτήριο, πάλι εμείς θα πληρώσουμε.")),
}
SAYINGS = {
    "a list of terms": "<dl><dt>{n}. {who} <span>{time}</span></dt><dd>{said}</dd></dl>",
    "quotations": "<blockquote><cite>{who}</cite>, {time}<p>{said}</p></blockquote>",
    "the name at the end": "<div class='z'><p>{said}</p><p>{who} | {time}</p></div>",
    "links in one line":
        "<div class='k'><b>{who}</b><div>{said}</div><p><a href='#'>{reply}</a> · <a href='#'>+</a></p></div>",
    "boxes to open": "<details open><summary><b>{who}</b> {time}</summary><p>{said}</p></details>",
}


@pytest.mark.parametrize("form", SAYINGS.values(), ids=SAYINGS)
@pytest.mark.parametrize("lang", READERS)
def test_comments_under_a_heading_that_says_so_are_none_of_the_article(lang: str, form: str) -> None:
    head, names, time, reply, sayings = READERS[lang]
    boxes = "".join(form.format(n=n, who=who, said=said, time=time.format(n + 1, n + 1), reply=reply)
                    for n, (who, said) in enumerate(zip(names, sayings, strict=True)))
    assert body_of(f"<div class='rp'><h3>{head} (3)</h3>{boxes}</div>", lang=lang) == BODY


def test_reactions_terms_and_lists_with_a_number_stay() -> None:
    quoted = "".join(f"<blockquote><p>{said}</p><cite>{who}, 5 May 2026</cite></blockquote>"
                     for who, said in zip(WHO, SAID, strict=True))
    terms = "".join(f"<dl><dt>{head}</dt><dd>{said}</dd></dl>" for head, said in zip(NOTED, SAID, strict=True))
    places = "<h2>Places to see (3)</h2>" + "".join(
        f"<div class='q1'><h3>{head}</h3><p>{said}</p></div>" for head, said in zip(NOTED, SAID, strict=True))
    concerts = "<h3>Concerts in May (3)</h3>" + "".join(
        f"<div class='q2'><p>{head}</p><p>0{day}.05.2026, 19:30</p><p>{said}</p></div>"
        for day, (head, said) in enumerate(zip(NOTED, SAID, strict=True), 1))
    matches = concerts.replace("Concerts in May", "Матчи тура")
    dated = "<h3>How it came about</h3>" + "".join(
        f"<dl><dt>0{day}.05.2026</dt><dd>{said}</dd></dl>" for day, said in enumerate(SAID, 1))
    for inner in (quoted, terms, places, concerts, matches, dated):
        page = a_page((*PARAGRAPHS[:4], "<!-- -->", PARAGRAPHS[4])).replace("<p><!-- --></p>", inner)
        assert all(said in article_of(page).body for said in SAID)
