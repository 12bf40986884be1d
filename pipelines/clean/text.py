"""Text becomes what is stored: repaired where that is safe, tidy, its paragraphs divided by one empty line."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from html import unescape

import ftfy
import numpy as np
from ftfy.badness import is_bad

from pipelines.records import Evidence

_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]")
# A joiner means something between letters of Arabic or Indic scripts and in emoji; elsewhere it is noise.
_STRAY_JOINER = re.compile(
    "(?<![\u0600-\u109f\U0001f000-\U0001faff\u2600-\u27bf\ufe0f])[\u200c\u200d]"
    "|[\u200c\u200d](?![\u0600-\u109f\U0001f000-\U0001faff\u2600-\u27bf])"
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff\ud800-\udfff]")
# Any of the above: most texts have none, and one look is cheaper than four.
_ODD = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\uffff]")
# UTF-8 read as Windows-1252, Latin-1, Windows-1251 or Mac Roman: a lead byte's character before a continuation's.
_CONTINUATIONS = "\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
# One set of first letters, each then looked at again with what follows: a search passes over all others fast.
_SUSPECT = re.compile(
    f"[Â-ôвРС‚√¬\ufffd\x80-\x9f](?:(?<=[Â-ô])[{_CONTINUATIONS}]"
    "|(?<=[вРС])[\u0402-\u040f\u0452-\u045f\u00a0-\u00bb‚„…†‡€‰‹‘’“”•–—™›]"
    "|(?<=[‚√¬])[\u00a0-\u00ffÄÖÜ†]|(?<=[\ufffd\x80-\x9f]))"
)


MOST_MARKS = 30
_HEAPED = re.compile(rf"[^\w\s\x00-\x7f]{{{MOST_MARKS + 1},}}")
_MAY_BE_HEAPED = re.compile(rf"[^\x00-\x7f]{{{MOST_MARKS + 1}}}")  # found in a third of the time
_NOT_ASCII = re.compile(r"[^\x00-\x7f]{2,}")
# Of letters that open a character of two bytes or more, with those that go on after them: ``&acirc;&euro;&trade;``.
_REFERENCES = re.compile(
    r"&(?:acirc|atilde|eth|ntilde|#0*(?:19[4-9]|2[0-3]\d|24[0-4])|#x0*[c-f][0-9a-f]);(?:&#?\w{2,8};)+", re.I)
MOST_PIECES = 1_000
"""Pieces of a text that are looked at one by one; after them, only letters that stand together are."""

_LONGEST = 3_000_000  # more than is read of any page or dump
_STRETCH = 500_000
_PIECE = re.compile(r"[^<>\n]+")
_PLAIN = re.compile(r"[\x00-\x7f]{16,}")


@dataclass(frozen=True, slots=True)
class Repaired:
    """Text after repair, and each piece of it that was repaired, as it was and as it is."""

    text: str
    pieces: tuple[tuple[str, str], ...] = ()

    @property
    def evidence(self) -> Evidence | None:
        """What was repaired first; None when nothing had to be."""
        return Evidence("mojibake repaired", shorten(self.pieces[0][0].strip())) if self.pieces else None

    def evidence_in(self, text: str) -> Evidence | None:
        """The same for what stands in a part of the text, which was tidied since."""
        text = text[:_STRETCH]
        for was, repaired in self.pieces:
            if (seen := tidy_line(unescape(repaired))) and seen in text:
                return Evidence("mojibake repaired", shorten(was.strip()))
        return None


def repair(text: str) -> Repaired:
    """Text that was decoded wrongly, once or more, becomes what its author wrote; markup may stand in it.

    It comes before anything that takes out characters: what is no-break space or control character in wrong text is
    a part of a letter. Only pieces (lines, text between tags) that ftfy's heuristic finds bad are touched, so correct
    text that looks odd stays as it is.

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
    """Whether a text may have been decoded wrongly: only its runs of characters that are no ASCII are searched."""
    for start in range(0, len(text), _STRETCH):
        if _SUSPECT.search(_not_ascii(text[start:start + _STRETCH + 1])) is not None:
            return True
    return False


def _not_ascii(text: str) -> str:
    """The runs of characters that are no ASCII, a space between them.

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
    """What ftfy's heuristic says of a piece: slowly, and by letters that are no ASCII and the few beside them."""
    return is_bad(_PLAIN.sub(lambda run: run[0][:8] + run[0][-8:], piece))


def _unescaped(references: re.Match[str]) -> str:
    """Character references as characters, but for those that markup needs."""
    text = unescape(references.group())
    return references.group() if set(text) & set("<>&\"'") else text


def _redecoded(match: re.Match[str]) -> str:
    """Letters in a text that was decoded wrongly which in their line are too few to look bad (``doÄŸu``)."""
    letters = match.group()
    for charset in ("sloppy-windows-1252", "sloppy-windows-1254", "sloppy-windows-1251"):
        try:
            return letters.encode(charset).decode()
        except UnicodeError:
            continue
    return letters


def tidy_line(text: str) -> str:
    """Any text becomes one line: NFC, no invisible or control characters, single spaces.

    >>> tidy_line(" Co\\u00adop\\u00a0Bank\\u200b\\n says ")
    'Coop Bank says'
    """
    return " ".join(plain_lines(text).split())


def tidy(text: str) -> str:
    """A body becomes paragraphs divided by one empty line; every line of the input is a paragraph.

    >>> tidy("One.\\r\\n\\r\\n\\r\\nTwo\\u00a0here.\\nThree.")
    'One.\\n\\nTwo here.\\n\\nThree.'
    """
    lines = (" ".join(line.split()) for line in plain_lines(text).split("\n"))
    return "\n\n".join(line for line in lines if line)


def plain_lines(text: str) -> str:
    """Text in its lines as they were, in NFC, without invisible and control characters."""
    if _ODD.search(text) is not None:
        text = _INVISIBLE.sub("", _LINE_ENDS.sub("\n", text))
        text = _STRAY_JOINER.sub("", _CONTROL.sub("", text))
    if text.isascii():
        return text
    if _MAY_BE_HEAPED.search(text) is not None:
        text = _HEAPED.sub(_thinned, text)
    return unicodedata.normalize("NFC", text)


def _thinned(heap: re.Match[str]) -> str:
    """Combining marks, no more on a letter than UAX #15 calls safe: to sort a million of them takes hours."""
    marks = 0
    kept = []
    for character in heap.group():
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def count_words(text: str) -> int:
    """How many words a text has: runs between white space, as the contract counts them.

    >>> count_words("It’s 5 o'clock.")
    3
    """
    return len(text.split())


def shorten(text: str, limit: int = 200) -> str:
    """What evidence quotes: at most ``limit`` characters.

    >>> shorten("abcdef", 4)
    'abc…'
    """
    return text if len(text) <= limit else text[: limit - 1] + "…"
