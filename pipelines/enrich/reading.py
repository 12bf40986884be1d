"""Prepares the body for an engine, and maps positions back to the body as it is stored.

Engines were trained on plain, mixed-case text. Curly quotes, invisible characters and headlines in capitals make them
miss or misclassify names. So the text for the engine differs from the stored body, and its positions must be mapped.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

PLAIN = str.maketrans(
    dict.fromkeys("’‘ʼ‛＇", "'") | dict.fromkeys("“”„‟«»", '"') | dict.fromkeys("\u00a0\u2009\u202f\u2007", " ")
)
PLAINED = re.compile(f"[{''.join(map(chr, PLAIN))}]")
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
WORD = re.compile(r"[^\W\d_]+")
INSIDE_SENTENCE = re.compile(r"(?<=[a-z0-9,;&] )[^\W\d_]+")
OPENING_CAPITALS = re.compile(r"[A-Z][A-Z .'-]{2,40}(?=[,(/]| \(| -| \u2013| \u2014| \d|$)")

LONG_RUN = re.compile(r"\S{100,}")  # not a word; an engine's tokenizer may take minutes for it

CAPITALS_SHARE = 0.75  # the share of capitals among a line's letters from which it counts as written in capitals
HEADLINE_WORDS = (4, 20)


@dataclass(frozen=True, slots=True)
class Reading:
    """The text for an engine, and the position of each of its characters in the stored body."""

    text: str
    origins: tuple[int, ...] | None = None

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """The span in the stored body for a span of ``text``."""
        if self.origins is None:
            return start, end
        return self.origins[start], self.origins[end - 1] + 1


def reading_of(body: str, is_name: Callable[[str], bool]) -> Reading:
    """The body with plain quotes and spaces, without invisible characters, and in the case of running text.

    ``is_name`` says whether a capitalised word is a name without context (a country, a city).

    >>> reading = reading_of("LONDON FOG STAYS\\n\\nThe fog stays in “Lon\\u00addon”.", {"London"}.__contains__)
    >>> reading.text
    'London fog stays\\n\\nThe fog stays in "London".'
    >>> reading.origin(36, 42)
    (36, 43)
    """
    text = body if body.isascii() else PLAINED.sub(lambda found: PLAIN[ord(found[0])], body)
    origins = None
    if INVISIBLE.search(text):
        origins = tuple(place for place, character in enumerate(text) if not INVISIBLE.match(character))
        text = INVISIBLE.sub("", text)
    text = LONG_RUN.sub(lambda run: "x" * len(run[0]), text)
    return Reading(_with_running_case(text, is_name), origins)


def _with_running_case(text: str, is_name: Callable[[str], bool]) -> str:
    lines = text.split("\n")
    kinds = [_kind(line) for line in lines]
    if not any(kinds):
        return text
    running = "\n".join(line for line, kind in zip(lines, kinds, strict=True) if kind in ("", "runs"))
    forms = _forms(running, {word.lower() for line, kind in zip(lines, kinds, strict=True) if kind
                             for word in WORD.findall(line)})
    return "\n".join(_recased(line, kind, forms, is_name) for line, kind in zip(lines, kinds, strict=True))


def _recased(line: str, kind: str, forms: dict[str, str], is_name: Callable[[str], bool]) -> str:
    match kind:
        case "capitals":
            return _from_capitals(line, forms, is_name)
        case "headline":
            return _headline_in_running_case(line, forms, is_name)
        case "runs":
            return CAPITALS_RUN.sub(lambda run: _from_capitals(run[0], forms, is_name), line)
        case "opening":
            return _opening_in_running_case(line, forms, is_name)
    return line



RUNNING = re.compile(r"[a-z]{4,} (?:[a-z]{2,} ){1,2}[a-z]{3,}|[a-z]{2,} [a-z]{4,} [a-z]{2,}")
CAPITALS_RUN = re.compile(  # a headline inside a line: at least four words in capitals, one of them long
    r"\b(?=(?:[A-Z']++[ ,:-]++){0,5}[A-Z]{6})(?:[A-Z][A-Z.']*+(?: - |[ ,:-]{1,2})){3,40}[A-Z][A-Z.']++(?![a-z])"
)
DATED = re.compile(r"[A-Z][A-Z .,'-]{2,40} \d{4}-\d\d-\d\d\s*$")  # a dateline on a line of its own


def _kind(line: str) -> str:
    """How a line is capitalised.

    ``capitals``, ``headline`` (Each Word Capitalised), ``opening`` (a place in capitals at the beginning: LONDON, …),
    ``runs`` (a part in capitals), or an empty string for running text.

    >>> [_kind(line) for line in ("POLICE FIND SHIP", "Police Find Ship in Lagoon", "OSLO (HNA) - Police", "So it is.")]
    ['capitals', 'headline', 'opening', '']
    """
    if RUNNING.search(line, 0, 400):
        return "opening" if OPENING_CAPITALS.match(line) else "runs" if CAPITALS_RUN.search(line) else ""
    letters = WORD.findall(line[:400])
    count = sum(map(len, letters))
    if count < 4:
        return ""
    upper = sum(map(str.isupper, "".join(letters)))
    if DATED.match(line):
        return "opening"
    if upper >= CAPITALS_SHARE * count:
        return "capitals"
    low, high = HEADLINE_WORDS
    if low <= len(letters) <= high and line.rstrip()[-1:] not in ".:;,":
        long = [word for word in letters if len(word) > 3]
        if len(long) >= 3 and sum(word[0].isupper() for word in long) >= 0.8 * len(long):
            return "headline"
    return "opening" if OPENING_CAPITALS.match(line) else ""


def _forms(running: str, wanted: set[str]) -> dict[str, str]:
    """The most frequent form of each wanted word inside the sentences of running text, by its lower-case form.

    >>> _forms("It said Falk and the falk met Falk.", {"falk", "pier"})
    {'falk': 'Falk'}
    """
    counts: dict[str, tuple[int, str]] = {}
    for form, count in Counter(INSIDE_SENTENCE.findall(running)).items():
        lower = form.lower()
        if lower in wanted and count > counts.get(lower, (0, ""))[0]:
            counts[lower] = count, form
    return {lower: form for lower, (_, form) in counts.items()}


def _from_capitals(line: str, forms: dict[str, str], is_name: Callable[[str], bool]) -> str:
    """A line in capitals, converted to the case of running text; its length does not change.

    >>> _from_capitals("FALK SEES PIER IN NEW YORK", {"falk": "Falk"}, {"New York"}.__contains__)
    'Falk sees pier in New York'
    """
    found = list(WORD.finditer(line))
    recased, at, index = [], 0, 0
    while index < len(found):
        count = next((n for n in (3, 2) if _is_name_of(found[index : index + n], line, n, is_name)), 1)
        for word in found[index : index + count]:
            recased += [line[at : word.start()], word[0].capitalize() if count > 1 else _word(word[0], forms, is_name)]
            at = word.end()
        index += count
    return "".join((*recased, line[at:]))


def _is_name_of(found: list[re.Match[str]], line: str, count: int, is_name: Callable[[str], bool]) -> bool:
    if len(found) < count or found[-1].end() - found[0].start() > 40:
        return False
    return is_name(" ".join(line[word.start() : word.end()].capitalize() for word in found))


def _word(word: str, forms: dict[str, str], is_name: Callable[[str], bool]) -> str:
    if len(word) == 1:
        return word
    lower, title = word.lower(), word.capitalize()
    form = forms.get(lower) or (title if is_name(title) else lower)
    return form if len(form) == len(word) else word


def _headline_in_running_case(line: str, forms: dict[str, str], is_name: Callable[[str], bool]) -> str:
    """A headline with those words in lower case that running text has in lower case, except for the first word.

    >>> _headline_in_running_case("President Meets Falk in Oslo", {"meets": "meets"}, {"Oslo"}.__contains__)
    'President meets Falk in Oslo'
    """
    first = WORD.search(line)

    def recased(word: re.Match[str]) -> str:
        form = forms.get(word[0].lower())
        return form if form == word[0].lower() and len(form) == len(word[0]) and not is_name(word[0]) else word[0]

    return WORD.sub(recased, line[first.end() :]).join((line[: first.end()], "")) if first else line


def _opening_in_running_case(line: str, forms: dict[str, str], is_name: Callable[[str], bool]) -> str:
    """A line that begins with a place in capitals, with the place in the case of running text.

    >>> _opening_in_running_case("OSLO (HNA) - The", {}, {"Oslo"}.__contains__)
    'Oslo (HNA) - The'
    """

    def recased(word: re.Match[str]) -> str:
        title = word[0].capitalize()
        known = dated or forms.get(word[0].lower()) == title or is_name(title)
        return title if known and len(title) == len(word[0]) else word[0]

    dated = DATED.match(line)
    opening = OPENING_CAPITALS.match(line)
    return WORD.sub(recased, line[: opening.end()]) + line[opening.end() :] if opening else line
