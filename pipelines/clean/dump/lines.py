"""A dump becomes lines, one for each element of the page, although some dumpers split or wrap the elements' text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipelines.clean.text import STOPS, sentences_unmarked

MOST_LINES = 20_000
LONGEST_LINE = 20_000

_OPEN, _CLOSE = "\ue000", "\ue001"
"""Private-use characters that mark the beginning and end of a markdown link until its share of the line is counted."""

_TARGET = re.compile(r"\]\((?:[^()\n]|\n(?!\n)|\((?:[^()\n]|\n(?!\n))*+\))*+\)")
_IMAGE = re.compile(rf"!\[[^\[\]{_CLOSE}]*{_CLOSE}")
_LINK = re.compile(rf"\[([^\[\]{_CLOSE}]*){_CLOSE}")
_LINKED = re.compile(rf"{_OPEN}([^{_OPEN}{_CLOSE}]*){_CLOSE}")
_HEADING_LINE = re.compile(r"^#{1,4} \S", re.M)
_HEADING = re.compile(r"(#{1,6})\s+(?=\S)")
_BULLET = re.compile(r"(?:[*•·▪◦‣+–-]|\d{1,3}[.)])\s+(?=\S)")
_SAID = re.compile(r"[,.?!…]\s[–-]\s?\w")
_EMPHASIS = re.compile(r"(?<!\w)(\*{1,3}|_{1,3}|~~|`)(?=\S)(.+?)(?<=\S)\1(?!\w)")
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+.!|>~-])")
_RULE = re.compile(r"[\s*_=|:+·•—–-]+")
_FIRST_PIECE = re.compile(r"[^\s-]*-?")
_WHOLE_BLOCK = -1
"""Stands for the wrap width of a markdown dump, in which all text between empty lines is one line."""

_STOPS = (".", "!", "?", "…", ":", "。", "！", "？", ".”", '."', "!”", "?”", ".’", "।", "؟")
_STRUCTURE = ("*", "#", "|", "[", "!", ">", "+", "-", "•")
_ENDS = (*STOPS, "…", "”", '"', ":", ";", *(stop + quote for stop in ".!?" for quote in "“«»’')"),
         *(stop + space + "»" for stop in ".!?" for space in " \u00a0\u202f"))


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a dump, as columns: their texts and their layout.

    ``gaps`` is the number of empty lines before a line, ``indents`` of its leading spaces. ``links`` is the share of
    its characters that were links (markdown only). ``levels`` is its heading level (0: not a heading; 7: a list item;
    8: a numbered item).
    """

    texts: Sequence[str]
    gaps: Sequence[int]
    indents: Sequence[int]
    links: Sequence[float]
    levels: Sequence[int]
    is_markdown: bool


def ends_sentence(text: str) -> bool:
    """Whether a line ends like a sentence, or is long enough for one in a script that does not mark its end."""
    return text.endswith(_ENDS) or sentences_unmarked(text) > 0


def lines_of(text: str) -> Lines:
    """The lines of a dump: hard wraps undone, fragments of a sentence joined, markdown removed.

    >>> lines_of("# Pier opens\\n\\nThe [council](/c) voted.").texts
    ['Pier opens', 'The council voted.']
    """
    links = text.count("](")
    is_markdown = links > 2 or _HEADING_LINE.search(text) is not None
    has_links = is_markdown and links > 0
    if has_links:
        text = _unlinked(text)
    raw = text.split("\n")
    width = _WHOLE_BLOCK if has_links else _wrap_width(raw)
    if width and is_markdown:
        width = _WHOLE_BLOCK
    texts: list[str] = []
    gaps: list[int] = []
    indents: list[int] = []
    gap = 0
    before = ""
    for line in raw:
        stripped = line.strip()
        if not stripped:
            gap += 1
            continue
        if len(texts) >= MOST_LINES:
            break
        if gap == 0 and texts and len(texts[-1]) < LONGEST_LINE:
            join = _joint(before, line, stripped, width)
            if join is not None:
                texts[-1] += join + stripped
                before = line
                continue
        texts.append(stripped)
        gaps.append(gap)
        indents.append(len(line) - len(line.lstrip()))
        gap, before = 0, line
    return _without_markup(texts, gaps, indents, is_markdown)


def _joint(before: str, line: str, stripped: str, width: int) -> str | None:
    """The text that joins two neighbouring lines of the dump if they are one line of the page; otherwise None."""
    if not width:
        return _fragment_joint(before, line, stripped)
    if before.endswith("  ") or stripped.startswith(_STRUCTURE[:3]):
        return None
    if width == _WHOLE_BLOCK:
        is_new = bool(_BULLET.match(stripped) or _HEADING.match(before.lstrip()))
    else:  # a hard wrap happens only if the next word would not have fitted
        match = _FIRST_PIECE.match(stripped)
        is_new = len(before) <= 40 or len(before) + 1 + (match.end() if match else 0) <= width
    if is_new:
        return None
    return "" if before.endswith("-") and before[-2:-1].isalnum() else " "


def _fragment_joint(before: str, line: str, stripped: str) -> str | None:
    """The text that joins two pieces of a sentence, which the dumper split at an inline element; otherwise None."""
    last, head = before.rstrip(), stripped[0]
    if last.endswith(_STOPS) and head not in ",.;)":
        return None
    if head in ",.;:!?)]’”»%" and not _BULLET.match(stripped):
        is_mark = len(stripped) < 2 or stripped[1] in ' \u00a0”’"' or len(last) > 40
        return "" if is_mark else None
    is_open = before[-1:] in " \u00a0" or line[:1] in " \u00a0\t"
    goes_on = len(last) > 40 or (len(last) > 12 and (last[-1] in ",;" or last[last.rfind(" ") + 1 :].islower()))
    if (head.islower() and (len(last) > 20 or is_open)) or (goes_on and before[-1:] in " \u00a0"):
        return " "
    return None


def _wrap_width(raw: Sequence[str]) -> int:
    """The column at which a dump's paragraphs were wrapped, or 0 if they were not.

    In a wrapped dump, most lines that continue end within a word's length of one column, and few are longer.
    """
    inner = [
        (line, after.lstrip())
        for line, after in pairwise(raw)
        if len(line) > 48 and after and not after.isspace() and not line.lstrip().startswith(_STRUCTURE)
    ]
    total = len(inner)
    if total < 4 or sum(line.rstrip().endswith(_STOPS) for line, _ in inner) > 0.5 * total:
        return 0
    if sum(not after[0].isupper() for _, after in inner) < 0.25 * total:  # separate lines, such as headlines
        return 0
    sizes = Counter(len(line) for line, _ in inner)
    best, most = 0, 0
    for width in range(60, 125):
        near = sum(sizes.get(size, 0) for size in range(width - 9, width + 1))
        if near >= most:
            best, most = width, near
    top = max((size for size in sizes if size <= best), default=0)
    past = sum(count for size, count in sizes.items() if size > best)
    return top if most >= 0.6 * total and past <= 0.2 * total else 0


def _without_markup(texts: list[str], gaps: list[int], indents: list[int], is_markdown: bool) -> Lines:
    kept: list[str] = []
    kept_gaps: list[int] = []
    kept_indents: list[int] = []
    links: list[float] = []
    levels: list[int] = []
    gap = 0
    for text, before, indent in zip(texts, gaps, indents, strict=True):
        level, share, plain = 0, 0.0, text
        gap += before
        if plain[0] in "*•·▪◦‣+–-" or plain[0].isdigit():
            match = _BULLET.match(plain)
            if match:
                level = 7 if not plain[0].isdigit() else 8
                plain = plain[match.end() :] if level == 7 and not _is_of_text(plain) else plain
        if is_markdown:
            level, share, plain = _plain(plain, level)
        if _RULE.fullmatch(plain) or not plain:
            gap += 1
            continue
        kept.append(plain)
        kept_gaps.append(gap)
        kept_indents.append(indent)
        links.append(share)
        levels.append(level)
        gap = 0
    return Lines(kept, kept_gaps, kept_indents, links, levels, is_markdown)


def _is_of_text(line: str) -> bool:
    """Whether the dash before a line is the page's own: no dumper writes "–" before an item, and what somebody says
    has a dash after a mark as well.

    >>> _is_of_text("– Tak, o piątej."), _is_of_text("- Jutro? - zapytała."), _is_of_text("- Pier - opens.")
    (True, True, False)
    """
    return line[0] == "–" or (line[0] == "-" and _SAID.search(line) is not None)


def _unlinked(text: str) -> str:
    """Markdown without images and link targets. The words of a link are put between two private-use characters."""
    text = text.replace(_OPEN, "").replace(_CLOSE, "")
    return _LINK.sub(rf"{_OPEN}\1{_CLOSE}", _IMAGE.sub("", _TARGET.sub(_CLOSE, text)))


def _plain(text: str, level: int) -> tuple[int, float, str]:
    """A markdown line's heading level, its share of linked characters, and its plain text."""
    linked = 0
    if _CLOSE in text or _OPEN in text:
        linked = sum(len(words.strip()) for words in _LINKED.findall(text))
        text = text.replace(_OPEN, "").replace(_CLOSE, "").strip()
    text = text.lstrip("> ") if text.startswith(">") else text
    match = _HEADING.match(text)
    if match:
        level, text = len(match[1]), text[match.end() :]
    if "*" in text or "_" in text or "`" in text or "~~" in text:
        text = _EMPHASIS.sub(r"\2", _EMPHASIS.sub(r"\2", text))
    if "\\" in text:
        text = _ESCAPE.sub(r"\1", text)
    text = " ".join(text.replace("|", " ").split())
    return level, min(1.0, linked / len(text)) if text else 0.0, text
