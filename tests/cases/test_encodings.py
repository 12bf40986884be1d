"""Text that was decoded wrongly, pages that lie about their charset, and characters that nobody sees."""

from __future__ import annotations

import tomllib
from pathlib import Path

import ftfy.bad_codecs  # noqa: F401  # registers the charsets of which programs leave no byte undefined
import pytest

from pipelines.enrich import enrich_article
from tests.cases.reading import PARAGRAPHS, TITLE, a_page, article_of
from tests.models import shipped_models

CASES = tomllib.loads(Path(__file__).with_name("texts.toml").read_text("utf-8"))
TEXTS = {language: (case["title"], case["text"]) for language, case in CASES["languages"].items()}
ODD = CASES["odd"]


def wrong(text: str, *charsets: str) -> str:
    """The text as UTF-8 that was read by another charset, once for each named."""
    for charset in charsets:
        text = text.encode().decode(charset)
    return text


# 1: decoded wrongly
MANGLED = {
    "read as windows-1252": ("english", ("sloppy-windows-1252",)),
    "read as windows-1252 twice": ("english", ("sloppy-windows-1252",) * 2),
    "read as latin-1": ("english", ("latin-1",)),
    "german read as windows-1252": ("german", ("sloppy-windows-1252",)),
    "german read as latin-1 twice": ("german", ("latin-1", "latin-1")),
    "french read as windows-1252": ("french", ("sloppy-windows-1252",)),
    "french read as latin-1, then as windows-1252": ("french", ("latin-1", "sloppy-windows-1252")),
    "portuguese read as windows-1252": ("portuguese", ("sloppy-windows-1252",)),
    "portuguese read as mac roman": ("portuguese", ("macroman",)),
    "polish read as windows-1252": ("polish", ("sloppy-windows-1252",)),
    "polish read as windows-1250": ("polish", ("sloppy-windows-1250",)),
    "russian read as windows-1251": ("russian", ("sloppy-windows-1251",)),
    "russian read as windows-1252": ("russian", ("sloppy-windows-1252",)),
    "greek read as windows-1252": ("greek", ("sloppy-windows-1252",)),
    "turkish read as windows-1254": ("turkish", ("sloppy-windows-1254",)),
    "arabic read as windows-1252": ("arabic", ("sloppy-windows-1252",)),
    "japanese read as windows-1252": ("japanese", ("sloppy-windows-1252",)),
    "korean read as latin-1": ("korean", ("latin-1",)),
}


@pytest.mark.parametrize(("language", "charsets"), MANGLED.values(), ids=MANGLED)
def test_text_decoded_wrongly_is_repaired_and_says_so(language: str, charsets: tuple[str, ...]) -> None:
    title, text = TEXTS[language]
    article = article_of(a_page((wrong(text, *charsets), PARAGRAPHS[1]), wrong(title, *charsets)))
    assert (article.title, article.body) == (title, f"{text}\n\n{PARAGRAPHS[1]}")
    assert {name for name in article.evidence if name.endswith("_repair")} >= {"body_repair"}


def test_wrong_text_in_character_references_a_dump_and_an_item_is_repaired_too() -> None:
    title, text = TEXTS["english"]
    references = "".join(c if c.isascii() else f"&#{ord(c)};" for c in wrong(text, "sloppy-windows-1252"))
    assert article_of(a_page((references, PARAGRAPHS[1]))).body == f"{text}\n\n{PARAGRAPHS[1]}"
    dump = wrong("\n\n".join([title, text, *PARAGRAPHS]), "sloppy-windows-1252")
    assert article_of(dump, content_type="text/plain").title == title
    assert text in article_of(dump, content_type="text/plain").body


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_correct_text_that_merely_looks_odd_is_left_alone(text: str) -> None:
    article = article_of(a_page((text, *PARAGRAPHS[1:])))
    assert article.body == "\n\n".join((text, *PARAGRAPHS[1:]))
    assert [name for name in article.evidence if name.endswith("_repair")] == []


# 2: a wrong charset
LIES = {  # text, charset it is in, charset of the transport, charset of the meta tag
    "utf-8, meta says latin-1": ("german", "utf-8", None, "iso-8859-1"),
    "utf-8, meta says windows-1251": ("russian", "utf-8", None, "windows-1251"),
    "utf-8, transport says latin-1": ("french", "utf-8", "iso-8859-1", "utf-8"),
    "utf-8, both lie": ("polish", "utf-8", "iso-8859-1", "windows-1252"),
    "utf-8, meta says shift_jis": ("japanese", "utf-8", None, "shift_jis"),
    "utf-8, meta names no charset there is": ("turkish", "utf-8", None, "utf8-turkish"),
    "windows-1252, meta says utf-8": ("german", "windows-1252", None, "utf-8"),
    "windows-1252, transport and meta say utf-8": ("french", "windows-1252", "utf-8", "utf-8"),
    "windows-1251, meta says utf-8": ("russian", "windows-1251", None, "utf-8"),
    "windows-1251, meta says latin-1": ("russian", "windows-1251", None, "iso-8859-1"),
    "windows-1251, transport right, meta wrong": ("russian", "windows-1251", "windows-1251", "utf-8"),
    "koi8-r, transport right, meta wrong": ("russian", "koi8-r", "koi8-r", "windows-1251"),
    "windows-1253, meta says utf-8": ("greek", "windows-1253", None, "utf-8"),
    "iso-8859-2, transport right, meta wrong": ("polish", "iso-8859-2", "iso-8859-2", "utf-8"),
    "iso-8859-9, meta right, transport wrong": ("turkish", "iso-8859-9", "utf-8", "iso-8859-9"),
    "windows-1256, meta says utf-8": ("arabic", "windows-1256", None, "utf-8"),
    "shift_jis, meta says utf-8": ("japanese", "shift_jis", None, "utf-8"),
    "euc-jp, meta says shift_jis": ("japanese", "euc_jp", None, "shift_jis"),
    "euc-kr, meta says utf-8": ("korean", "euc_kr", None, "utf-8"),
    "gbk, meta says utf-8": ("chinese", "gbk", None, "utf-8"),
    "gb18030, meta says gb2312": ("chinese", "gb18030", None, "gb2312"),
    "utf-16 with a mark, meta says utf-8": ("german", "utf-16", None, "utf-8"),
    "utf-8 with a mark, transport says windows-1252": ("french", "utf-8-sig", "windows-1252", "windows-1252"),
    "utf-16le without a mark": ("english", "utf-16-le", None, None),
    "utf-16be without a mark, meta says utf-8": ("german", "utf-16-be", None, "utf-8"),
    "utf-16le without a mark, transport right": ("russian", "utf-16-le", "utf-16le", None),
}


@pytest.mark.parametrize(("language", "charset", "transport", "meta"), LIES.values(), ids=LIES)
def test_a_page_is_read_by_the_charset_it_is_in(
    language: str, charset: str, transport: str | None, meta: str | None
) -> None:
    title, text = (written.replace("–", "-") for written in TEXTS[language])
    said = f'<meta http-equiv="Content-Type" content="text/html; charset={meta}">' if meta else ""
    page = a_page((text,) * 3, title, head=said, lang="").encode(charset)
    article = article_of(page, content_type="text/html" + (f"; charset={transport}" if transport else ""))
    assert article.title == title
    assert text in article.body
    assert "\ufffd" not in article.body + article.title


@pytest.mark.parametrize(
    ("transport", "meta", "warning"),
    [
        (None, "iso-8859-1", "charset: meta says cp1252; the bytes are utf-8"),
        ("iso-8859-1", "utf-8", "charset: transport says cp1252; the bytes are utf-8"),
        ("utf-8", "utf-8", None),
    ],
    ids=["meta wrong", "transport wrong", "agreed"],
)
def test_a_disagreement_is_recorded(transport: str | None, meta: str, warning: str | None) -> None:
    title, text = TEXTS["german"]
    page = a_page((text,), title, head=f'<meta charset="{meta}">')
    article = article_of(page, content_type="text/html" + (f"; charset={transport}" if transport else ""))
    assert [said for said in article.warnings if said.startswith("charset")] == ([warning] if warning else [])


def test_what_an_earlier_program_lost_is_left_out_and_said() -> None:
    article = article_of(a_page((PARAGRAPHS[0].replace("storm", "st\ufffdrm"), *PARAGRAPHS[1:]), TITLE + "\ufffd"))
    assert "\ufffd" not in article.body + article.title
    assert any(said.startswith("CharactersLost") for said in article.warnings)


# 25: characters that nobody sees
UNSEEN = {
    "soft hyphens": ("Coun\u00adcil\u00adlor Ines Fa\u00adlk", "Councillor Ines Falk"),
    "soft hyphens as references": ("Coun&shy;cillor Ines F&#173;alk", "Councillor Ines Falk"),
    "zero-width spaces": ("Councillor\u200b Ines \u200bFa\u200blk", "Councillor Ines Falk"),
    "zero-width space as a reference": ("Councillor Ines Fa&#8203;lk", "Councillor Ines Falk"),
    "wbr": ("Councillor Ines Fa<wbr>lk", "Councillor Ines Falk"),
    "non-breaking spaces": ("Councillor\u00a0Ines\u00a0Falk", "Councillor Ines Falk"),
    "non-breaking spaces as references": ("Councillor&nbsp;Ines&#xA0;Falk", "Councillor Ines Falk"),
    "narrow and figure spaces": ("Councillor\u202fInes\u2007Falk", "Councillor Ines Falk"),
    "word joiners and byte order marks": ("Councillor Ines\ufeff Fa\u2060lk\ufeff", "Councillor Ines Falk"),
    "marks of direction": ("Councillor \u202aInes\u200e Falk\u202c", "Councillor Ines Falk"),
    "stray joiners": ("Councillor In\u200des Fa\u200clk", "Councillor Ines Falk"),
    "letters and their accents apart": ("Councillor Ine\u0301s Falk", "Councillor Inés Falk"),
    "an ideographic space": ("Councillor\u3000Ines\u3000Falk", "Councillor Ines Falk"),
    "a line end in the name": ("Councillor Ines\r\n   Falk", "Councillor Ines Falk"),
    "line and paragraph separators": ("Councillor Ines\u2028Falk", "Councillor Ines Falk"),
}


@pytest.mark.parametrize(("written", "read"), UNSEEN.values(), ids=UNSEEN)
def test_a_name_is_read_without_what_nobody_sees(written: str, read: str) -> None:
    text = PARAGRAPHS[1].replace("Councillor Ines Falk", written)
    article = article_of(a_page((PARAGRAPHS[0], text, *PARAGRAPHS[2:]), f"{written} opens the east pier of Marrowby"))
    assert article.title == f"{read} opens the east pier of Marrowby"
    assert PARAGRAPHS[1].replace("Councillor Ines Falk", read) in article.body.split("\n\n")


@pytest.mark.parametrize("unseen", ["\ufffe", "\uffff"])
def test_what_is_no_character_stands_in_no_field(unseen: str) -> None:
    fields = ("article:section", "article:tag", "og:site_name", "og:image")
    head = "".join(f'<meta property="{name}" content="Har{unseen}bour">' for name in fields)
    article = article_of(a_page(head=head))
    assert (article.section, article.tags, article.outlet.name) == ("Harbour", ("Harbour",), "Harbour")
    assert unseen not in repr(article) and unseen.encode("unicode_escape").decode() not in repr(article)


def test_joiners_that_mean_something_stay() -> None:
    text = "وزیر گفت که می‌خواهد اسکله را تا بهار آینده دوباره بسازد و هزینه آن را استان می‌پردازد."
    assert text in article_of(a_page((text, *PARAGRAPHS[1:]))).body


def test_mentions_point_into_the_body_as_it_is_stored() -> None:
    text = "Ines\u00a0Fa\u00adlk met Tom\u200b Okafor in Lis\u00adbon on Tuesday. Ines Falk said Lisbon would pay."
    article = enrich_article(article_of(a_page((text, *PARAGRAPHS[2:]))), shipped_models())
    found = {(mention.text, mention.type) for mention in article.mentions}
    assert found >= {("Ines Falk", "PER"), ("Tom Okafor", "PER"), ("Lisbon", "LOC")}
    assert [m for m in article.mentions if article.clean.body[m.start : m.end] != m.text] == []
    assert len({m.entity_id for m in article.mentions if m.text == "Ines Falk"}) == 1
