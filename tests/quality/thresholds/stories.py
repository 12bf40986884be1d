"""Copies of one story, and people of one name: signatures and companies that agree in so many places."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from pipelines.resolve import people, stories
from pipelines.resolve.stories import LEAD_AT, Member, StoryIndex, likeness
from tests.builders import FETCHED_AT
from tests.quality.changed import Threshold

WHOLE, LEAD = LEAD_AT, 66  # numbers in a signature


def signature(whole: int = WHOLE, lead: int = LEAD) -> tuple[int, ...]:
    """A signature that agrees with ``signature()`` in so many of its first numbers of the whole and of the lead."""
    numbers = [n if n < whole else 1_000 + n for n in range(WHOLE)]
    numbers += [n if n < lead else 1_000 + n for n in range(LEAD)]
    return tuple(numbers)


def are_copies(*pairs: tuple[int, int], words: tuple[int, int] | None = None) -> tuple[bool, ...]:
    """Whether two texts are copies, for so many numbers of the whole and the lead in which they agree."""
    one, other = words or (200, 200)
    return tuple(likeness(signature(), one, signature(*pair), other) > 0 for pair in pairs)


def of_lengths(whole: int, lead: int, *words: tuple[int, int]) -> tuple[bool, ...]:
    return tuple(are_copies((whole, lead), words=pair)[0] for pair in words)


def with_unlike(*copies: int) -> tuple[bool, ...]:
    """Whether a text joins a story of nine articles that share a band with it, so many of which it copies."""
    return tuple(
        StoryIndex(
            (Member(f"{n}", "story", signature() if n < count else signature(0, 0), 200, FETCHED_AT) for n in range(9)),
            lambda _: (1,),
        ).story_of(signature(), 200, FETCHED_AT, except_for="") == "story"
        for count in copies
    )


def days_apart(*days: int) -> tuple[bool, ...]:
    index = StoryIndex([Member("wire", "wire", signature(), 200, FETCHED_AT)])
    return tuple(
        index.story_of(signature(), 200, FETCHED_AT + timedelta(days=n), except_for="") == "wire" for n in days
    )


def of_companies(*sizes: int) -> tuple[bool, ...]:
    """Whether two companies of so many members with one in common are one person's."""
    return tuple(people.shares_company(range(size), (0, *range(100, 99 + size))) for size in sizes)


BELOW_AND_ABOVE = (False, True)
THRESHOLDS = (
    Threshold(stories, "COPIED_LEAD", partial(are_copies, (12, 28), (12, 36)), BELOW_AND_ABOVE),
    Threshold(stories, "COPIED_BODY", partial(are_copies, (68, 10), (84, 10)), BELOW_AND_ABOVE),
    Threshold(stories, "COPIED_BOTH", partial(are_copies, (54, 26), (68, 26)), BELOW_AND_ABOVE, 0),
    Threshold(stories, "COPIED_BOTH", partial(are_copies, (68, 19), (68, 25)), BELOW_AND_ABOVE, 1),
    Threshold(stories, "COPIED_LONG", partial(are_copies, (42, 10), (54, 10), words=(600, 600)), BELOW_AND_ABOVE),
    Threshold(stories, "LONG_WORDS", partial(of_lengths, 54, 10, (270, 270), (330, 330)), BELOW_AND_ABOVE),
    Threshold(stories, "LEAST_LEAD", partial(are_copies, (68, 6), (68, 9), words=(600, 600)), BELOW_AND_ABOVE),
    Threshold(stories, "ONE_TEXT", partial(are_copies, (70, 0), (81, 0), words=(600, 600)), BELOW_AND_ABOVE),
    Threshold(stories, "LEAST_JACCARD", partial(are_copies, (6, 10), (7, 10), words=(100, 3_000)), BELOW_AND_ABOVE),
    Threshold(stories, "UNSPACED_WORDS", partial(of_lengths, 12, 10, (27, 500), (33, 500)), BELOW_AND_ABOVE),
    Threshold(stories, "LEAD_WORDS", partial(are_copies, (6, 22), (6, 25), words=(100, 1_000)), BELOW_AND_ABOVE),
    Threshold(stories, "LEAST_AGREEMENT", partial(with_unlike, 4, 5), BELOW_AND_ABOVE),
    Threshold(stories, "COPIED_WITHIN", partial(days_apart, 27, 33), (True, False)),
    Threshold(people, "COMMON_SHARE", partial(of_companies, 9, 11), (True, False)),
)
