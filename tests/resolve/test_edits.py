"""What kind of change lies between two versions, and which sentences are shown."""

from __future__ import annotations

import pytest

from pipelines.resolve.edits import SHOWN_CHARACTERS, SHOWN_SENTENCES, ChangeKind, TextChange, describe_change

COUNCIL = "The council voted on Monday to close the pier."
COST = "Ines Falk said that the works would cost 3 million euros."
PROTEST = "Residents protested outside."
MAYOR = "The mayor declined to comment."
BODY = f"{COUNCIL} {COST}\n\n{PROTEST} {MAYOR}"
NOTICE = "Correction: an earlier version of this article misspelt the name of Ines Falk."
GONE = "This article has been removed following a legal complaint."


def changed(body: str, title: str = "Pier to close", title_before: str = "Pier to close") -> TextChange:
    return describe_change(title_before, BODY, title, body)


@pytest.mark.parametrize(("old", "new", "kind"), [
    ("council", "concil", "typo"), ("Falk", "Falke", "typo"), ("said that", "said that that", "typo"),
    ("Residents", "residents", "typo"), ("outside.", "outside!", "typo"), ("declined", "declnied", "typo"),
    ("3 million", "4 million", "figures"), ("3 million", "3 billion", "figures"), ("Monday", "Sunday", "figures"),
    ("3 million euros", "some euros", "figures"), ("would cost", "might, he feared, cost", "rewritten"),
    ("declined", "refused", "rewritten"), ("voted", "voted not", "rewritten"),
])
def test_an_edited_sentence_is_shown_before_and_after(old: str, new: str, kind: ChangeKind) -> None:
    (sentence,) = [each for each in (COUNCIL, COST, PROTEST, MAYOR) if old in each]
    assert changed(BODY.replace(old, new)) == TextChange(
        kind, (kind,), (sentence,), (sentence.replace(old, new),), 1
    )


@pytest.mark.parametrize(("body", "kind", "before", "after"), [
    (f"{BODY} A vote is due on Friday.", "addition", ("",), ("A vote is due on Friday.",)),
    (BODY.replace(PROTEST, ""), "removal", (PROTEST,), ("",)),
    (f"{BODY} {NOTICE}", "notice", ("",), (NOTICE,)),
    (GONE, "withdrawal", ("", COUNCIL, COST, PROTEST, MAYOR), (GONE, "", "", "", "")),
    (f"{MAYOR} {BODY.replace(MAYOR, '')}", "rewritten", ("", MAYOR), (MAYOR, "")),
])
def test_sentences_that_came_or_went(
    body: str, kind: ChangeKind, before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    found = changed(body)
    assert (found.kind, found.before, found.after, found.sentences) == (kind, before, after, len(before))


def test_a_body_that_is_another_one_was_rewritten() -> None:
    found = changed("Nothing is as it was. The harbour froze, and other people speak of other things.")
    assert found.kinds == ("rewritten",)


@pytest.mark.parametrize(("title", "kinds"), [
    ("Pier will be closed next year, council says", ("headline",)), ("Pier to colse", ("typo",)),
    ("Pier to close in 2027", ("headline",)), ("Retracted: Pier to close", ("withdrawal", "headline")),
])
def test_a_headline_that_changed(title: str, kinds: tuple[ChangeKind, ...]) -> None:
    assert changed(BODY, title) == TextChange(kinds[0], kinds, (), (), 0)


def test_a_figure_in_a_headline_is_both() -> None:
    assert changed(BODY, "5 piers to close", "3 piers to close").kinds == ("figures", "headline")


def test_a_change_of_several_kinds_has_the_one_that_matters_most() -> None:
    body = f"{BODY.replace('3 million', '5 million').replace(PROTEST, '')} {NOTICE}"
    found = changed(body, "Pier to be closed for good")
    assert (found.kind, found.kinds) == ("notice", ("notice", "figures", "removal", "headline"))
    assert (found.before[0], found.after[0]) == ("", NOTICE)


@pytest.mark.parametrize("notice", [
    "Editor's note: This story was updated with a comment.", "This article was amended on 3 March 2026.",
    "In einer früheren Version hieß es, der Pier sei gesperrt.", "Une première version de cet article citait M. Falk.",
    "Fe de erratas: el puente no está cerrado.", "We apologise for the error.",
])
def test_notices_are_recognised_in_several_languages(notice: str) -> None:
    assert changed(f"{BODY} {notice}").kind == "notice"


def test_a_notice_that_was_there_before_is_none() -> None:
    assert describe_change("T", f"{BODY} {NOTICE}", "T", f"{BODY} {NOTICE} {PROTEST} Again.").kind == "addition"


def test_long_changes_are_cut_around_the_first_difference() -> None:
    same = "word " * 200
    found = describe_change("T", f"{same}council met.", "T", f"{same}council met and voted for the new pier at length.")
    assert [len(text) <= SHOWN_CHARACTERS for text in (*found.before, *found.after)] == [True, True]
    assert found.before[0].startswith("…")
    assert found.after[0].endswith("council met and voted for the new pier at length.")
    many = " ".join(f"Sentence {n} is new." for n in range(100))
    found = describe_change("T", "It was short.", "T", many)
    assert (len(found.before), len(found.after), found.sentences) == (SHOWN_SENTENCES, SHOWN_SENTENCES, 101)


@pytest.mark.parametrize(("before", "after", "kind"), [
    ("word " * 20_000, "other " + "word " * 20_000, "rewritten"),
    ("Same. " * 2_000, "Same. " * 1_500 + "Other. " + "Same. " * 900, "rewritten"),
    (f"It is {'a' * 100_000} here.", f"It is {'a' * 100_001} here.", "rewritten"),
    ("!" * 50_000, "?" * 50_000, "rewritten"),
    ("", "It is there.", "addition"), ("It was there.", "", "removal"),
])
def test_texts_without_sentences_are_compared_too(before: str, after: str, kind: ChangeKind) -> None:
    """Without its bounds difflib would take hours for the first four."""
    assert describe_change("T", before, "T", after).kind == kind
