"""Text is repaired where that is safe, left alone where it only looks odd, and tidy."""

from __future__ import annotations

import pytest

from pipelines.clean.text import Repaired, count_words, repair, shorten, tidy, tidy_line


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("The mayor doesnâ€™t agree.", "The mayor doesn’t agree."),
        ("cafÃ© by the quay", "café by the quay"),
        ("â€œWe will rebuild,â€\x9d she said", "“We will rebuild,” she said"),
        ("doesnÃ¢â‚¬â„¢t, twice over", "doesn’t, twice over"),
        ("РџСЂРёРІРµС‚ РјРёСЂ", "Привет мир"),
    ],
)
def test_text_decoded_wrongly_is_repaired(wrong: str, right: str) -> None:
    repaired = repair(wrong)
    assert repaired.text == right
    assert repaired.evidence is not None
    assert (repaired.evidence.how, repaired.evidence.read_from) == ("mojibake repaired", wrong)


@pytest.mark.parametrize(
    "odd",
    [
        "Naïve café, 50 £ – “quoted” … 20 °C",
        "L’ÉTÉ À NÎMES…",
        "São João é “bom”",
        "Ærø, Ålborg, Škoda, Łódź",
        "Ça va ? « Oui »",
        "Ελλάδα, Україна, 日本語, العربية",
        "50 € per head — “fine”",
        "plain words",
    ],
)
def test_text_that_only_looks_odd_stays(odd: str) -> None:
    assert repair(odd) == Repaired(odd)


def test_only_the_bad_line_of_a_text_is_touched() -> None:
    assert repair("Ærø is fine.\nItâ€™s not.\nÇa va.").text == "Ærø is fine.\nIt’s not.\nÇa va."


def test_invisible_characters_go_and_spaces_are_spaces() -> None:
    assert tidy_line("Mar\u00adrow\u200bby\u00a0Har\u2060bour\ufeff \u202f7\u2009km") == "Marrowby Harbour 7 km"


def test_joiners_stay_where_they_mean_something() -> None:
    assert tidy_line("می‌خواهم 👩‍🚒") == "می‌خواهم 👩‍🚒"
    assert tidy_line("pi\u200cer\u200d") == "pier"


def test_control_characters_and_halves_of_pairs_go() -> None:
    assert tidy_line("a\x00b\x1bc\ud800d") == "abcd"


def test_a_body_is_paragraphs_divided_by_one_empty_line() -> None:
    assert tidy("One.\r\n\r\n\r\n  Two\tthree. \u2028Four.\x0cFive.\n") == "One.\n\nTwo three.\n\nFour.\n\nFive."


def test_letters_are_composed() -> None:
    assert tidy("Zu\u0308rich") == "Zürich"


def test_words_are_counted_and_quotes_shortened() -> None:
    assert count_words("Pier 7 opens.") == 3
    assert shorten("x" * 300) == "x" * 199 + "…"
