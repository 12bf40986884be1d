from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from pipelines.clean import identity
from pipelines.clean.identity import story_signature
from pipelines.resolve.stories import (
    BAND_LENGTH,
    LEAD_AT,
    LEAD_WORDS,
    MOST_IN_A_BAND,
    Member,
    StoryIndex,
    bands,
    containment,
    jaccard,
)
from pipelines.resolve.versions import Known, Sighting, resolve
from tests.builders import FETCHED_AT, coordinates

PARAGRAPHS = [
    f"The harbour council of Marrowby heard report number {n} on {thing}, and member {n * 7} asked what {thing} would "
    f"cost the town in year {n + 3}, since the {thing} of the {n}th winter had never been paid for in full by anybody."
    for n, thing in enumerate(
        ["the east pier", "ferry fares", "the fish market", "dredging", "the old crane", "lamp posts", "the sea wall",
         "mooring fees", "a slipway", "the pilot boat", "net lofts", "the tide gauge"]
    )
]
UNRELATED = " ".join(
    f"Orchard {n} sold {n * 3} crates of pears to buyer {n * 11} before the frost of week {n}." for n in range(40)
)


def member(article_id: str, text: str, hours: int = 0) -> Member:
    return Member(article_id, article_id, story_signature(text), len(text.split()), FETCHED_AT + timedelta(hours=hours))


def story(index: StoryIndex, text: str, days: int = 0) -> str | None:
    return index.story_of(story_signature(text), len(text.split()), FETCHED_AT + timedelta(days=days), except_for="")


@pytest.mark.parametrize(("days", "found"), [(30, "wire"), (31, None), (-30, "wire"), (-31, None)])
def test_a_copy_is_found_within_thirty_days_before_and_after(days: int, found: str | None) -> None:
    index = StoryIndex([member("wire", "\n\n".join(PARAGRAPHS))])
    assert story(index, "\n\n".join(PARAGRAPHS), days) == found


def test_articles_from_long_ago_do_not_keep_a_copy_out_of_a_full_band() -> None:
    text = "\n\n".join(PARAGRAPHS)
    index = StoryIndex([member(f"{n:04d}", text, hours=-24 * 40 - n) for n in range(MOST_IN_A_BAND * 2)])
    index.add(member("wire", text))
    assert story(index, text, days=1) == "wire"


@pytest.mark.parametrize("kept", [12, 11, 9, 7, 6])
def test_a_copy_with_its_end_trimmed_is_found(kept: int) -> None:
    index = StoryIndex([member("wire", "\n\n".join(PARAGRAPHS))])
    assert story(index, "\n\n".join(PARAGRAPHS[:kept])) == "wire"


def test_the_whole_is_found_when_the_trimmed_copy_came_first() -> None:
    index = StoryIndex([member("trimmed", "\n\n".join(PARAGRAPHS[:7]))])
    assert story(index, "\n\n".join(PARAGRAPHS)) == "trimmed"


def test_a_copy_with_a_paragraph_of_its_own_is_found() -> None:
    index = StoryIndex([member("wire", "\n\n".join(PARAGRAPHS))])
    assert story(index, "\n\n".join([UNRELATED[:300], *PARAGRAPHS[:10]])) == "wire"


def test_another_story_that_repeats_two_paragraphs_is_its_own() -> None:
    index = StoryIndex([member("wire", "\n\n".join(PARAGRAPHS))])
    assert story(index, "\n\n".join([UNRELATED, *PARAGRAPHS[:2]])) is None
    assert story(index, UNRELATED) is None


def sentences(subject: str, first: int, count: int) -> str:
    """Paragraphs of one subject, none of which has a run of five words in common with another."""
    return "\n\n".join(
        f"{subject} {n} gave {n * 3} and {subject} took {n * 5} for {subject} number {n * 7} on day {n * 11} of "
        f"{subject}."
        for n in range(first, first + count)
    )


WIRE = sentences("harbour", 0, 100)
LOCAL = sentences("library", 500, 2)


def test_a_brief_of_a_long_text_is_found_by_its_lead() -> None:
    brief = "\n\n".join(WIRE.split("\n\n")[:5])
    index = StoryIndex([member("wire", WIRE)])
    assert story(index, brief) == "wire"
    assert story(index, f"MARROWBY (HNA) - {brief}\n\n{LOCAL}") == "wire"
    assert story(StoryIndex([member("brief", brief)]), WIRE) == "brief"


def test_a_copy_with_another_lead_is_found_by_the_rest() -> None:
    rest = "\n\n".join(WIRE.split("\n\n")[9:])
    assert story(StoryIndex([member("wire", WIRE)]), f"{sentences('mayor', 700, 9)}\n\n{rest}") == "wire"


def test_texts_with_one_background_at_their_ends_are_stories_of_their_own() -> None:
    background = sentences("charter", 300, 8)
    texts = [f"{sentences(subject, 0, 8)}\n\n{background}" for subject in ("ferry", "school", "bakery", "chapel")]
    index = StoryIndex(member(str(n), text) for n, text in enumerate(texts[1:]))
    assert story(index, texts[0]) is None


@pytest.mark.parametrize("first", [0, 1])
def test_a_digest_does_not_weld_the_stories_in_it(first: int) -> None:
    parts = [sentences(subject, 0, 14) for subject in ("ferry", "school", "bakery")]
    digest = member("digest", "\n\n".join(parts))
    members = [digest] if first else [replace(digest, story_id="ferry"), member("ferry", parts[0])]
    index = StoryIndex(members)
    assert story(index, parts[1]) is None
    assert story(index, parts[2]) is None


def test_a_text_like_one_article_of_a_story_alone_does_not_join_it() -> None:
    background = sentences("harbour", 0, 4)
    texts = [f"{background}\n\n{sentences(subject, 0, 20)}" for subject in ("ferry", "school", "bakery")]
    odd = texts[0] + "\n\n" + LOCAL
    index = StoryIndex(replace(member(str(n), text), story_id="0") for n, text in enumerate(texts))
    assert story(index, odd) is None
    index.remove("2")
    assert story(index, odd) == "0"


def test_clusters_do_not_depend_on_the_order_in_which_a_batch_was_staged() -> None:
    texts = [WIRE, WIRE[:3_000], f"{LOCAL}\n\n{WIRE[:5_000]}", UNRELATED, f"{UNRELATED}\n\n{LOCAL}", LOCAL]
    sightings = [
        Sighting(
            coordinates(n), FETCHED_AT, str(n), str(n), FETCHED_AT + timedelta(hours=n), story_signature(text),
            len(text.split()),
        )
        for n, text in enumerate(texts)
    ]
    for order in permutations(sightings):
        assert [row.story_id for row in resolve(order, Known()).rows] == ["0", "0", "0", "3", "3", "5"]


def test_texts_whose_words_are_not_spaced_are_compared_as_of_one_length() -> None:
    text = "".join(f"港の議会は{n}日に桟橋{n * 7}を直すことを決めた。" for n in range(60))
    index = StoryIndex([Member("wire", "wire", story_signature(text), 1, FETCHED_AT)])
    assert index.story_of(story_signature(text[:700]), 1, FETCHED_AT, except_for="") == "wire"
    assert index.story_of(story_signature(text[::-1]), 1, FETCHED_AT, except_for="") is None


def test_texts_too_short_for_a_signature_are_never_copies() -> None:
    index = StoryIndex([Member("short", "short", (), 5, FETCHED_AT)])
    assert index.story_of((), 5, FETCHED_AT, except_for="") is None


def test_what_is_found_does_not_depend_on_the_order_of_adding() -> None:
    text = "\n\n".join(PARAGRAPHS)
    members = [member("late", text, 2), member("early", text, -2), member("middle", text)]
    assert {story(StoryIndex(order), text) for order in (members, members[::-1])} == {"early"}


def test_a_removed_article_is_not_found() -> None:
    text = "\n\n".join(PARAGRAPHS)
    index = StoryIndex([member("wire", text)])
    index.remove("wire")
    index.remove("never there")
    assert story(index, text) is None


def test_one_boilerplate_under_many_addresses_is_compared_with_the_first_ones_alone() -> None:
    text = "\n\n".join(PARAGRAPHS)
    signature = story_signature(text)
    index = StoryIndex(
        Member(f"{n:04d}", "0000", signature, 300, FETCHED_AT + timedelta(seconds=n)) for n in range(MOST_IN_A_BAND * 3)
    )
    assert index.story_of(signature, 300, FETCHED_AT, except_for="0000") == "0000"
    compared = {a for band in bands(signature) for _, a in index._by_band[band][:MOST_IN_A_BAND]}
    assert len(compared) == MOST_IN_A_BAND


def test_bands_are_stored_so_their_hash_never_changes() -> None:
    assert bands((1, 2, 3, 2**32 - 1, 0, 5)) == (-6043416741005293725, 7534473787363843965)
    assert len(bands(tuple(range(128)))) == 42
    assert bands((1, 2)) == ()


def test_the_steps_agree_on_where_the_lead_is() -> None:
    assert (LEAD_AT, LEAD_WORDS) == (identity.BODY_PLACES, identity.LEAD_WORDS)
    assert LEAD_AT % BAND_LENGTH == 0


def test_estimates_of_what_two_texts_share() -> None:
    assert jaccard((1, 2, 3), (1, 2)) == 0.0
    assert containment(0.5, 0, 100) == 0.0
    assert containment(1.0, 100, 100) == 1.0
