from __future__ import annotations

from datetime import timedelta

import pytest

from pipelines.clean.identity import story_signature
from pipelines.stage.stories import MOST_IN_A_BAND, Member, StoryIndex, bands, containment, jaccard
from tests.builders import FETCHED_AT

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


def story(index: StoryIndex, text: str) -> str | None:
    return index.story_of(story_signature(text), len(text.split()), except_for="")


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


def test_texts_too_short_for_a_signature_are_never_copies() -> None:
    index = StoryIndex([Member("short", "short", (), 5, FETCHED_AT)])
    assert index.story_of((), 5, except_for="") is None


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
    assert index.story_of(signature, 300, except_for="0000") == "0000"
    compared = {a for band in bands(signature) for _, a in index._by_band[band][:MOST_IN_A_BAND]}
    assert len(compared) == MOST_IN_A_BAND


def test_bands_are_stored_so_their_hash_never_changes() -> None:
    assert bands((1, 2, 3, 2**32 - 1, 0, 5)) == (-6043416741005293725, 7534473787363843965)
    assert len(bands(tuple(range(128)))) == 42
    assert bands((1, 2)) == ()


def test_estimates_of_what_two_texts_share() -> None:
    assert jaccard((1, 2, 3), (1, 2)) == 0.0
    assert containment(0.5, 0, 100) == 0.0
    assert containment(1.0, 100, 100) == 1.0
