"""Values of items as programs write them: lists as texts, nothing as a word, text that was escaped, times in words."""

from __future__ import annotations

import json

import pytest

from pipelines.clean.metadata.moments import read_moment
from pipelines.clean.text import listed_in
from tests.cases.reading import BODY, PARAGRAPHS, TITLE, a_page, article_of, linked_data, names, reason_of

ITEM = {"title": TITLE, "text": BODY, "url": "https://harbour-news.example/2026/pier-to-be-rebuilt"}


def read(**fields: object):  # type: ignore[no-untyped-def]
    return article_of(json.dumps(ITEM | fields), url=None, content_type="application/json")


@pytest.mark.parametrize("written", [
    "['Mara Lind', 'Jo Berg']", '["Mara Lind", "Jo Berg"]', "('Mara Lind', 'Jo Berg')",
    "[{'name': 'Mara Lind'}, {'name': 'Jo Berg'}]",
    '[{"name": "Mara Lind", "url": null}, {"name": "Jo Berg"}]', "array(['Mara Lind', 'Jo Berg'], dtype=object)",
    "[None, 'Mara Lind', ['Jo Berg']]", "Mara Lind\nJo Berg", "<a href='/m'>Mara Lind</a> and <a href='/j'>Jo Berg</a>",
])  # fmt: skip
def test_authors_in_a_text_are_read(written: str) -> None:
    assert names(read(author=written)) == [("Mara Lind", "person"), ("Jo Berg", "person")]


def test_names_of_a_set_are_in_order_and_other_brackets_are_text() -> None:
    assert listed_in("{'Mara Lind', 'Jo Berg'}") == ["Jo Berg", "Mara Lind"]
    for text in ("[Marrowby]", "{'place': 'Marrowby'}", "['Mara', 7]", "(Mara Lind)", "[{"):
        assert listed_in(text) == [text]


def test_who_is_declared_a_person_is_one() -> None:
    people = [{"@type": "Person", "name": "Ann Herald"}, {"@type": "Person", "name": "Rui Lobo e Sousa Dias"}]
    assert names(read(author=people)) == [("Ann Herald", "person"), ("Rui Lobo e Sousa Dias", "person")]
    assert names(read(author={"name": "Quay Herald"})) == [("Quay Herald", "organisation")]


@pytest.mark.parametrize("nothing", ["nan", "None", "null", "undefined", "NaT", " ", "[]"])
def test_a_word_for_nothing_is_nothing(nothing: str) -> None:
    article = read(title=nothing, author=nothing, publish_date=nothing)
    assert (article.title, article.authors, article.published_at) == ("Pier to be rebuilt", (), None)
    assert reason_of(json.dumps(ITEM | {"text": nothing}), url=None, content_type="application/json") == "BodyMissing"


@pytest.mark.parametrize(("written", "expected"), [
    ("May 4, 2026 9:30 PM", "2026-05-04T21:30:00+00:00"), ("4 May 2026 09:30 pm", "2026-05-04T21:30:00+00:00"),
    ("Mon, 04 May 2026 9:30 PM", "2026-05-04T21:30:00+00:00"), ("May 4, 2026 12:10 AM PT", "2026-05-04T00:10:00-07:00"),
    ("datetime.datetime(2026, 5, 4, 21, 30)", "2026-05-04T21:30:00+00:00"),
    ("datetime.date(2026, 5, 4)", "2026-05-04T00:00:00+00:00"),
    ("Mon, 04 May 2026 21:30:00 GMT", "2026-05-04T21:30:00+00:00"),
])  # fmt: skip
def test_a_time_is_never_half_a_day_off(written: str, expected: str) -> None:
    article = read(publish_date=written)
    assert article.published_at is not None
    assert article.published_at.isoformat() == expected
    if not written.startswith("datetime"):
        tags = (linked_data(headline=TITLE, datePublished=written), f'<meta name="pubdate" content="{written}">')
        for page in (*(a_page(head=tag) for tag in tags), a_page(before=f'<time datetime="{written}">May</time>')):
            assert article_of(page).published_at == article.published_at


@pytest.mark.parametrize("written", ["May 4, 2026 9:30 PM", "4 May 2026 9:30 am", "Mon, 04 May 2026 9:30 PM GMT"])
def test_a_machines_time_has_no_half_of_the_day(written: str) -> None:
    assert read_moment(written) is None


def test_text_that_was_escaped_as_a_whole_is_read() -> None:
    paragraphs = [f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS]
    for text in ("".join(paragraphs).replace("<", "&lt;").replace(">", "&gt;"), BODY.replace("\n", "\\n"),
                 BODY.replace("\n", "\\r\\n"), str(list(PARAGRAPHS)), f"b{BODY!r}"):
        assert read(text=text).body == BODY
    assert read(title="Crews &amp;amp;amp; board didn&amp;#8217;t").title == "Crews & board didn’t"
    assert read(title="<i>Gull</i> sinks off the pier").title == "Gull sinks off the pier"
    assert read(title="Nets of < 20 knots > 9").title == "Nets of < 20 knots > 9"


def test_a_text_that_shows_paths_or_tags_keeps_them() -> None:
    text = f"{PARAGRAPHS[0]} The clerk moved C:\\new to D:\\net. {' '.join(PARAGRAPHS[1:])}"
    assert read(text=text).body == text
    shown = f"{BODY}\n\nThe guide says to write &amp;lt;hr&amp;gt; for a rule, and nothing else."
    assert read(text=shown).body == shown
    assert read(title="Crews </3 Marrowby: <a and b> story").title == "Crews </3 Marrowby: <a and b> story"
