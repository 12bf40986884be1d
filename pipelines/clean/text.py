"""Makes text ready to be stored: repaired if that is safe, tidied, paragraphs separated by one empty line."""

from __future__ import annotations

import json
import re
import unicodedata
from ast import literal_eval
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

import ftfy
import numpy as np
from ftfy.badness import is_bad

from pipelines.records import Evidence

_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]")
# A joiner has a meaning between letters of Arabic or Indic scripts and in emoji. Elsewhere it is noise.
_STRAY_JOINER = re.compile(
    "(?<![\u0600-\u109f\U0001f000-\U0001faff\u2600-\u27bf\ufe0f])[\u200c\u200d]"
    "|[\u200c\u200d](?![\u0600-\u109f\U0001f000-\U0001faff\u2600-\u27bf])"
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff\ud800-\udfff]")
# Any character of the four patterns above. Most texts have none, and one search is cheaper than four.
_ODD = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\uffff]")
# UTF-8 misread as Windows-1252, Latin-1, Windows-1251 or Mac Roman: the character of a lead byte, then the character
# of a continuation byte.
_CONTINUATIONS = "\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
# The pattern starts with one set of characters, so that a search skips all others fast. What follows checks each.
_SUSPECT = re.compile(
    f"[Â-ôвРС‚√¬\ufffd\x80-\x9f](?:(?<=[Â-ô])[{_CONTINUATIONS}]"
    "|(?<=[вРС])[\u0402-\u040f\u0452-\u045f\u00a0-\u00bb‚„…†‡€‰‹‘’“”•–—™›]"
    "|(?<=[‚√¬])[\u00a0-\u00ffÄÖÜ†]|(?<=[\ufffd\x80-\x9f]))"
)


MOST_MARKS = 30
_HEAPED = re.compile(rf"[^\w\s\x00-\x7f]{{{MOST_MARKS + 1},}}")
_MAY_BE_HEAPED = re.compile(rf"[^\x00-\x7f]{{{MOST_MARKS + 1}}}")  # takes a third of the time to search
_NOT_ASCII = re.compile(r"[^\x00-\x7f]{2,}")
# Misread UTF-8 as character references: one for the lead byte, then its continuations: ``&acirc;&euro;&trade;``.
_REFERENCES = re.compile(
    r"&(?:acirc|atilde|eth|ntilde|#0*(?:19[4-9]|2[0-3]\d|24[0-4])|#x0*[c-f][0-9a-f]);(?:&#?\w{2,8};)+", re.I)
_ANY_REFERENCE = re.compile(r"&(?:#\d{2,6}|#x[0-9a-f]{2,5}|[a-z]{2,8}\d?);", re.I)
_BRACKET = re.compile(r"&(?:amp;)*[lg]t;", re.I)
_REPRESENTED = re.compile(r"\s*b(['\"]).*\1\s*$", re.S)
_SYLLABLES = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")

STOPS = ".!?。！？؟۔।॥։።။។"
"""The marks that end a sentence, in the scripts that have any."""

SHORTEST_UNMARKED = 60
"""Characters of a sentence in a script without such marks. A shorter line may be a heading."""

NEAR_END = 10
_UNMARKED = re.compile("[\u0e01-\u0eff]")

_LONGEST_LIST = 200_000
_OPENINGS = ("['", '["', "('", "{'", '{"', "[{", "[None", "[[")
_ARRAY = re.compile(r"(?:array|set|frozenset|deque)\((.*?)(?:,\s*dtype=\S+)?\)", re.S)
MOST_ESCAPED = 3
"""Times that a text may have been escaped."""

MOST_PIECES = 1_000
"""Pieces of a text that are repaired one by one. In the rest of the text, only runs of letters are repaired."""

_LONGEST = 3_000_000  # characters; more than is read of any page or dump
_STRETCH = 500_000
_PIECE = re.compile(r"[^<>\n]+")
_PLAIN = re.compile(r"[\x00-\x7f]{16,}")


@dataclass(frozen=True, slots=True)
class Repaired:
    """The text after repair, and the pieces of it that were repaired, each before and after."""

    text: str
    pieces: tuple[tuple[str, str], ...] = ()

    @property
    def evidence(self) -> Evidence | None:
        """The first repaired piece as evidence, or None if nothing was repaired."""
        return Evidence("mojibake repaired", shorten(self.pieces[0][0].strip())) if self.pieces else None

    def evidence_in(self, text: str) -> Evidence | None:
        """The first repaired piece that occurs in ``text``, a part of the repaired text that may have been tidied."""
        text = text[:_STRETCH]
        for was, repaired in self.pieces:
            if (seen := tidy_line(unescape(repaired))) and seen in text:
                return Evidence("mojibake repaired", shorten(was.strip()))
        return None


def repair(text: str) -> Repaired:
    """Text that was decoded with a wrong charset, once or more, becomes what its author wrote. It may contain markup.

    This must run before anything that removes characters, because a no-break space or a control character in misread
    text is part of a letter. Only pieces (lines, text between tags) that ftfy's heuristic classifies as bad are
    changed, so that correct text that looks odd stays as it is.

    >>> repair("The minister doesnâ€™t agree.").text
    'The minister doesn’t agree.'
    >>> repair("Naïve café, 50 £ – “quoted”").evidence is None
    True
    """
    if "&" in text:
        text = _REFERENCES.sub(_unescaped, text)
    if text.isascii() or not _is_suspect(text):
        return Repaired(text)
    parts: list[str] = []
    pieces: list[tuple[str, str]] = []
    at = 0
    for match in _PIECE.finditer(text):
        piece = match.group()
        if piece.isascii() or _SUSPECT.search(piece) is None or not _is_bad(piece):
            continue
        fixed = ftfy.fix_encoding(piece)
        if fixed != piece:
            pieces.append((piece, fixed))
            parts += text[at:match.start()], fixed
            at = match.end()
            if len(pieces) == MOST_PIECES:
                break
    if not pieces:
        return Repaired(text)
    whole = "".join((*parts, text[at:]))
    return Repaired(_NOT_ASCII.sub(_redecoded, whole[:_LONGEST]) + whole[_LONGEST:], tuple(pieces))


def _is_suspect(text: str) -> bool:
    """Whether a text may have been decoded with a wrong charset. Only its non-ASCII characters are searched."""
    for start in range(0, len(text), _STRETCH):
        if _SUSPECT.search(_not_ascii(text[start:start + _STRETCH + 1])) is not None:
            return True
    return False


def _not_ascii(text: str) -> str:
    """The runs of non-ASCII characters in a text, separated by spaces.

    >>> _not_ascii("naïve “cafés”")
    'ï “ é ”'
    """
    encoded = np.frombuffer(text.encode("utf-8", "ignore"), np.uint8)
    places = np.flatnonzero(encoded > 127)
    runs = np.full(2 * len(places), ord(" "), np.uint8)
    at = np.cumsum(np.diff(places, prepend=places[:1]) > 1) + np.arange(len(places))
    runs[at] = encoded[places]
    return runs[:at[-1] + 1].tobytes().decode() if len(places) else ""


def _is_bad(piece: str) -> bool:
    """Whether ftfy's heuristic classifies a piece as bad.

    The heuristic is slow and needs only non-ASCII letters and their neighbours, so long runs of ASCII are shortened.
    """
    return is_bad(_PLAIN.sub(lambda run: run[0][:8] + run[0][-8:], piece))


def represented(text: str) -> str:
    """A text that a program wrote as the representation of bytes or of a string in Python, as it was.

    >>> represented("b'It opened.\\\\nToday.'"), represented("b'or not b'"), represented("it's")
    ('It opened.\\nToday.', 'or not b', "it's")
    """
    match = _REPRESENTED.match(text)
    if match is None or len(text) > _LONGEST:
        return text
    try:
        value = literal_eval(text.strip())
        return value.decode() if isinstance(value, bytes) else text
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def listed_in(text: str) -> list[str]:
    """The strings of a list that a program wrote as text, in Python or JSON; otherwise the text alone.

    Of an object in the list, its name is taken.

    >>> listed_in("['Ines Falk', 'Tom Okafor']"), listed_in('[{"name": "Ines Falk"}]'), listed_in("[Marrowby]")
    (['Ines Falk', 'Tom Okafor'], ['Ines Falk'], ['[Marrowby]'])
    """
    bare = text.strip()
    array = _ARRAY.fullmatch(bare) if bare.endswith(")") else None
    bare = array[1] if array is not None else bare
    if not (bare.startswith(_OPENINGS) and bare.endswith(("]", ")", "}")) and len(bare) <= _LONGEST_LIST):
        return [text]
    for read in (literal_eval, json.loads):
        try:
            found = list(_names_in(read(bare)))
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            continue
        return [name for name in found if name.strip()]
    return [text]


def _names_in(value: object) -> Iterator[str]:
    """The strings in a value, and the names of its objects. Raises ``ValueError`` if something else is in it."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _names_in(each)
    elif isinstance(value, set) and all(isinstance(each, str) for each in value):
        yield from sorted(value)
    elif isinstance(value, dict) and isinstance(value.get("name"), str):
        yield value["name"]
    elif value is not None:
        raise ValueError("no list of names")


def without_references(text: str) -> str:
    """A text that was escaped twice, with the references that are left as the characters that they stand for.

    Those of markup's brackets stay as they are: a text that shows them writes about markup.

    >>> without_references("Crews &amp; board didn&#8217;t&nbsp;agree"), without_references("A &lt;b&gt; &amp; a")
    ('Crews & board didn’t\xa0agree', 'A &lt;b&gt; &amp; a')
    >>> without_references("Write &amp;lt;br&amp;gt; to break a line")
    'Write &amp;lt;br&amp;gt; to break a line'
    """
    if "&" not in text or _BRACKET.search(text) is not None:
        return text
    for _ in range(MOST_ESCAPED):
        if "&" in text:
            text = _ANY_REFERENCE.sub(lambda written: unescape(written[0]), text)
    return text


def _unescaped(references: re.Match[str]) -> str:
    """Character references as characters, unless one is a character of markup's syntax."""
    text = unescape(references.group())
    return references.group() if set(text) & set("<>&\"'") else text


def _redecoded(match: re.Match[str]) -> str:
    """Misread letters, decoded again. They are too few in their line for the heuristic to see them (``doÄŸu``)."""
    letters = match.group()
    for charset in ("sloppy-windows-1252", "sloppy-windows-1254", "sloppy-windows-1251"):
        try:
            return letters.encode(charset).decode()
        except UnicodeError:
            continue
    return letters


def tidy_line(text: str) -> str:
    """The text on one line: NFC, without invisible or control characters, with single spaces.

    >>> tidy_line(" Co\\u00adop\\u00a0Bank\\u200b\\n says ")
    'Coop Bank says'
    """
    return " ".join(plain_lines(text).split())


def tidy(text: str) -> str:
    """The paragraphs of a body, separated by one empty line. Every line of the input is a paragraph.

    >>> tidy("One.\\r\\n\\r\\n\\r\\nTwo\\u00a0here.\\nThree.")
    'One.\\n\\nTwo here.\\n\\nThree.'
    """
    lines = (" ".join(line.split()) for line in plain_lines(text).split("\n"))
    return "\n\n".join(line for line in lines if line)


def plain_lines(text: str) -> str:
    """The text in NFC, without invisible and control characters. Its lines are kept."""
    if _ODD.search(text) is not None:
        text = _INVISIBLE.sub("", _LINE_ENDS.sub("\n", text))
        text = _STRAY_JOINER.sub("", _CONTROL.sub("", text))
    if text.isascii():
        return text
    if _MAY_BE_HEAPED.search(text) is not None:
        text = _HEAPED.sub(_thinned, text)
    return unicodedata.normalize("NFC", text)


def _thinned(heap: re.Match[str]) -> str:
    """A run of characters with at most 30 combining marks per letter, the limit of UAX #15's stream-safe format.

    To normalize a million marks on one letter takes hours.
    """
    marks = 0
    kept = []
    for character in heap.group():
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def count_words(text: str) -> int:
    """The number of words in a text: runs between white space, as the contract counts them.

    >>> count_words("It’s 5 o'clock.")
    3
    """
    return len(text.split())


def sentences_unmarked(text: str) -> int:
    """About how many sentences a line has in a script that ends them with a space and no mark: Thai and Lao.

    >>> sentences_unmarked("ท่าเรือเปิดแล้ว"), sentences_unmarked("สภาลงมติเมื่อวันอังคารให้สร้างสะพานปลาใหม่แทนสะพานเดิมที่พายุพัดพัง")
    (0, 1)
    """
    if len(text) < SHORTEST_UNMARKED or text.isascii() or _UNMARKED.search(text, len(text) - NEAR_END) is None:
        return 0
    return len(text) // SHORTEST_UNMARKED


def size_of(text: str) -> int:
    """The number of characters; one that stands for a syllable or a word counts as three letters."""
    return len(text) + 2 * len(_SYLLABLES.findall(text))


def shorten(text: str, limit: int = 200) -> str:
    """The text, shortened to at most ``limit`` characters for evidence.

    >>> shorten("abcdef", 4)
    'abc…'
    """
    return text if len(text) <= limit else text[: limit - 1] + "…"
