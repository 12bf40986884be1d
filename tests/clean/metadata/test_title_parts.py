"""Parts of a heading or of a declared title that are no part of the headline, and those that are."""

from __future__ import annotations

import pytest
from lxml import etree

from pipelines.clean.metadata.head import headline_text
from pipelines.clean.metadata.title import Titles, is_outlet, pick_title
from tests.cases.reading import PARAGRAPHS, article_of

HEADLINE = "Marrowby rebuilds its pier by the herring season"


def title_of(h1: str, tab: str = "", **options: str) -> str:
    text = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
    heading = f"<h1>{h1}</h1>" if h1 else ""
    page = (f"<html lang='{options.get('lang', 'en')}'><head><title>{tab}</title>{options.get('head', '')}</head>"
            f"<body>{heading}<article>{text}</article></body></html>")
    return article_of(page, url="https://quay.example/2026/812").title


@pytest.mark.parametrize(
    "h1",
    [
        f"<span class='label'>Exclusive</span>{HEADLINE}",
        f"<span>Ports</span><span>{HEADLINE}</span>",
        f"Ports<br>{HEADLINE}",
        f"{HEADLINE} <small>a report</small>",
        f"{HEADLINE}<button>Save</button>",
        f"{HEADLINE} <time>4 May</time>",
        f"{HEADLINE} <a href='#comments'>41</a>",
        f"<span class='sr-only'>Subscribers only:</span> {HEADLINE}",
        f"<span hidden>Paid</span>{HEADLINE}",
    ],
)
def test_labels_and_controls_in_a_heading_are_not_the_headline(h1: str) -> None:
    assert title_of(h1, f"{HEADLINE} | QW") == HEADLINE


@pytest.mark.parametrize(
    ("h1", "tab", "title"),
    [
        ("Storm off Skarn: <small>all we know</small>", "Storm off Skarn: all we know | QW",
         "Storm off Skarn: all we know"),
        ("Council to rebuild <small>the east pier of Marrowby</small>", "QW",
         "Council to rebuild the east pier of Marrowby"),
        ("From <time>4 May</time>, Marrowby has a pier", "From 4 May, Marrowby has a pier | QW",
         "From 4 May, Marrowby has a pier"),
        ("The flood of <a href='/1953'>1953</a> in pictures", "The flood of 1953 in pictures | QW",
         "The flood of 1953 in pictures"),
        ("<span class='not-sr-only'>Report:</span> council to rebuild Marrowby pier", "QW",
         "Report: council to rebuild Marrowby pier"),
    ],
)
def test_times_small_print_and_numbers_are_words_of_a_heading_unless_another_title_lacks_them(
    h1: str, tab: str, title: str
) -> None:
    assert title_of(h1, tab) == title


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<b>M</b>arrowby votes", "Marrowby votes"),
        ("The <i>Gull</i>s of Skarn", "The Gulls of Skarn"),
        ("CO<sub>2</sub> falls in <span>2026</span>", "CO2 falls in 2026"),
        ("Line one<br/>line two", "Line one line two"),
    ],
)
def test_words_of_a_heading_are_neither_glued_nor_torn(markup: str, text: str) -> None:
    root = etree.HTML(f"<html><body><h1>{markup}</h1></body></html>")
    assert headline_text(root.find(".//h1")) == text


@pytest.mark.parametrize(
    ("tab", "title"),
    [
        (f"{HEADLINE} &gt; Ports &gt; Quay Weekly", HEADLINE),
        (f"{HEADLINE} | Ports | Quay Weekly", HEADLINE),
        (f"{HEADLINE} » Quay Weekly", HEADLINE),
        ("马罗比港东码头五月开工-港口-码头周刊", "马罗比港东码头五月开工"),
        ("マロビー港の東埠頭、五月に着工へ｜埠頭週報", "マロビー港の東埠頭、五月に着工へ"),
        ("Falk | Okafor: who won the vote on the pier", "Falk | Okafor: who won the vote on the pier"),
        ("The « long winter » of the Marrowby ferry", "The « long winter » of the Marrowby ferry"),
        ("Marrowby - the town that lost its pier", "Marrowby - the town that lost its pier"),
        ("The water of Marrowby was this warm &gt; 20 degrees", "The water of Marrowby was this warm > 20 degrees"),
        ("Four hurt as a crane falls on the quay • one badly", "Four hurt as a crane falls on the quay • one badly"),
        ("The long winter of the Marrowby ferry | Part three", "The long winter of the Marrowby ferry | Part three"),
        ("马罗比港东码头五月开工-六月通航", "马罗比港东码头五月开工-六月通航"),
    ],
)
def test_names_after_bars_are_left_out_of_a_title_that_stands_alone(tab: str, title: str) -> None:
    assert title_of("", tab) == title


def test_what_two_declared_titles_share_before_their_names_is_the_headline() -> None:
    head = f"<meta property='og:title' content='{HEADLINE} – Quay Weekly Online'>"
    assert title_of("", f"{HEADLINE} - QW", head=head) == HEADLINE
    storm = "Storm sinks ferry - and nobody was told"
    both = Titles(visible=(storm,), tab=f"{storm} - QW")
    found = pick_title(both, ())
    assert found is not None
    assert found.value == storm


def test_a_title_in_bytes_is_decoded() -> None:
    assert title_of("b'Marrowby rebuilds its pier'", "b'Marrowby rebuilds its pier'") == "Marrowby rebuilds its pier"


def test_an_outlets_name_with_a_word_more_is_no_headline() -> None:
    names = ("Quay Weekly", "quay-weekly.example", "quay-weekly")
    assert is_outlet("Quay Weekly Net", names, Titles(tab="Quay Weekly Net"))
    assert not is_outlet("Quay Weekly editor wins a prize", names, Titles(tab="Quay Weekly editor wins a prize"))
    for stated in (Titles(visible=("Quay Weekly sold",)), Titles(shared=("Quay Weekly sold",))):
        assert not is_outlet("Quay Weekly sold", names, stated)
    repeated = ("Pier opens", "quay-weekly.example", "quay-weekly")
    assert not is_outlet("Pier opens", repeated, Titles(visible=("Pier opens",), tab="Pier opens"))
