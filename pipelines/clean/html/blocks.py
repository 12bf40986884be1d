"""A page's tree becomes blocks: runs of text between block-level tags, each with its box (block-level element).

All later decisions about the body are made per block. The tree is traversed once, in document order, without recursion.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from lxml import etree

from pipelines.clean.html.markup import text_in
from pipelines.clean.html.microdata import tags_of_others

BLOCK_TAGS = frozenset((
    "html", "body", "div", "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd", "table",
    "thead", "tbody", "tfoot", "tr", "td", "th", "caption", "section", "article", "main", "header", "footer", "nav",
    "aside", "form", "fieldset", "blockquote", "pre", "figure", "figcaption", "address", "details", "summary", "hr",
    "center", "hgroup", "dialog", "menu", "search",
))
_NEVER_READ = frozenset(("script", "style", "template", "link", "meta", "head", "rt", "rp", "rtc"))
_SELDOM_READ = frozenset((
    "noscript", "svg", "iframe", "object", "embed", "canvas", "audio", "video", "button", "textarea", "title", "math",
))
_CHOICES = frozenset(("select", "datalist", "optgroup", "option"))
_DELETED = frozenset(("del", "s", "strike"))
TIME_TAGS = frozenset(("time", "amp-timeago", "relative-time", "time-ago"))
MARKED_TAGS = TIME_TAGS | frozenset(("a", "span", "address", "strong", "b", "em", "i", "abbr"))
_PICTURES = ("img", "amp-img", "picture")
_PLAIN, _BOX, _MARKED, _LINK, _LINE_BREAK, _SELDOM, _UNREAD, _CHOICE, _OLD, _PICTURE = range(10)
_KINDS = {
    **dict.fromkeys(_SELDOM_READ, _SELDOM), **dict.fromkeys(_NEVER_READ, _UNREAD), "br": _LINE_BREAK,
    **dict.fromkeys(_CHOICES, _CHOICE), **dict.fromkeys(_DELETED, _OLD), **dict.fromkeys(_PICTURES, _PICTURE),
    **dict.fromkeys(MARKED_TAGS, _MARKED), "a": _LINK, **dict.fromkeys(BLOCK_TAGS, _BOX),
}
MOST_MARKS = 200
LONGEST_BEFORE = 60
LONGEST_DATE, MOST_PIECES = 40, 8
"""Characters, and pieces of text between tags, before the end of the link that a text begins with."""

LONGEST_LINE = 120
"""Characters of a line in which a year and a time of day after it are kept apart."""

_TIMES = re.compile(r"date(?:Published|Created|Modified)|(?:^|\s)(?:published|updated)(?:\s|$)")
"""The microdata of an article's times, and the classes of hAtom."""

_YEAR_LAST = re.compile(r"(?<!\d)(?:19|20)\d\d$")
_CLOCK_FIRST = re.compile(r"\s*\d{1,2}\s?[:.h時时시点點]\s?\d\d(?!\d)")
_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_OTHER_TIMES = ("Date", "Time", "From", "Through", "Starts", "Ends")
"""Endings of microdata that says when something else is: ``startDate``, ``validThrough``."""

LONGEST_CONTROL = 400
"""Characters. A button or the like with more text than this lacks its end tag, so that the page is inside of it."""

LONGEST_TERM, SHORTEST_SENTENCE = 60, 40
"""Characters of a button that is a word of a sentence (it opens a glossary), and of the sentence without it."""

_BREAK = "\x01"  # does not occur in the text: control characters are removed before the markup is parsed
_AUTHOR_PAGE = re.compile(
    r"/(?:[a-z]+-)?(?:authors?|autor(?:e[ns]?|i|in|innen)?|auteurs?|contributors?|columnist(?:s|as?)?|periodistas?"
    r"|journalist(?:s|es?|en|er|as?)?|giornalist[ai]|reporters?|writers?|redakteure?|redaktor(?:en|zy)?|redacteurs?"
    r"|skribent(?:er)?|forfattere?|yazar(?:lar)?|profiles?|staff)/[^/?#]")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?:px)?\s*(?:;|$)", re.I)
_UNSEEN = re.compile(
    r"(?:^|\s)(?!not-)(?:\w+-{1,2})?(?:sr-only|visually-?hidden|screen-?reader(?:-text|-only)?|assistive-text|tooltip-?text)(?:$|\s)",
    re.I)
"""Classes of inline elements that are only read aloud: "opens in a new window"."""

_CROSSED = re.compile(r"text-decoration[^;]*line-through", re.I)
_ICON = re.compile(r"(?:^|[\s_-])(?:icons?|fa|glyphicon)(?:$|[\s_-])", re.I)


@dataclass(slots=True)
class Box:
    """A block-level element. ``names`` are its class and id.

    Its children come after it in the page's list, so that totals can be summed from the end of the list.
    """

    number: int
    parent: int
    tag: str
    names: str
    is_hidden: bool


@dataclass(slots=True)
class Block:
    """A run of text on one line, the number of its box, and how many of its characters are links.

    ``opening`` is the text before the first line break (``<br>``), or None if there is none. ``lead`` is the link that
    the text begins with, after a date or a bullet at most, or "".
    """

    text: str
    box: int
    linked: int = 0
    opening: str | None = None
    lead: str = ""


@dataclass(slots=True)
class Mark:
    """An element whose markup says what it is, and the number of its block.

    ``kind`` is "time" (``text`` is its machine-readable value, or else what it shows), "other time" if the microdata
    says that it is that of something else than the text, "author", or "author page" for a
    link to an author's page (``names`` is the address). ``before`` is the end of the block's text before it.
    """

    kind: str
    text: str
    block: int
    names: str
    before: str = ""


@dataclass(slots=True)
class Blocks:
    """All boxes and blocks of a page, in document order, and the elements that are marked as times or authors.

    ``with_buttons`` has the texts of the buttons that are children of a box, by its number; ``below_pictures`` has the
    numbers of the blocks right after a picture.
    """

    boxes: list[Box] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    with_buttons: dict[int, list[str]] = field(default_factory=dict)
    below_pictures: set[int] = field(default_factory=set)


def boxes_around(boxes: Sequence[Box], at: int) -> frozenset[int]:
    """The numbers of a box and of all boxes around it."""
    line = []
    while at >= 0:
        line.append(at)
        at = boxes[at].parent
    return frozenset(line)


def read_blocks(root: etree._Element) -> Blocks:
    """The blocks of a page.

    >>> page = read_blocks(etree.fromstring("<body><div>Bare <b>line</b>.<p>One <a>two</a></p>Rest</div></body>"))
    >>> [(block.text, page.boxes[block.box].tag, block.linked) for block in page.blocks]
    [('Bare line.', 'div', 0), ('One two', 'p', 3), ('Rest', 'div', 0)]
    """
    walk = _Walk(root)
    pieces, kind_of = walk.pieces, _KINDS.get
    kinds: list[int] = []  # of the elements that are open
    elements = etree.iterwalk(root, events=("start", "end"))
    for event, element in elements:
        if event == "start":
            kind = kind_of(element.tag, _PLAIN)
            if kind != _PLAIN:
                kind = walk.enter(element, kind)
            kinds.append(kind)
            if kind == _UNREAD:
                elements.skip_subtree()
                continue
            text = element.text
        else:
            kind = kinds.pop()
            if kind != _PLAIN:
                walk.leave(kind)
            text = element.tail
        if text and (pieces or not text.isspace()):  # white space at a block's beginning is skipped
            walk.read(text)
    walk.flush()
    return walk.page


class _Walk:
    """The state of the traversal: the open boxes, and the text since the last block-level tag."""

    __slots__ = ("_boxes", "_lead", "_lead_at", "_linked", "_links_open", "_of_others", "page", "pieces")

    def __init__(self, root: etree._Element) -> None:
        self.page = Blocks()
        self._boxes = [-1]
        self.pieces: list[str] = []
        self._linked = 0
        self._links_open = 0
        self._lead, self._lead_at = "", -1  # the first link of a block, and the number of its first piece
        self._of_others = tags_of_others(root)

    def enter(self, element: etree._Element, kind: int) -> int:
        """The kind of the element, whose tag is of this kind; ``_UNREAD`` if its content is skipped."""
        tag = element.tag
        if kind == _BOX:
            names = element.keys()
            if "itemprop" in names and element.get("itemprop"):
                self._mark(element, tag, names)
            self._open(element, tag, names)
        elif kind in (_MARKED, _LINK, _OLD):
            names = element.keys()
            if (kind == _OLD or (names and is_unseen(element, names))) and _size_of(element) <= LONGEST_CONTROL:
                return _UNREAD
            if names or tag in TIME_TAGS:
                self._mark(element, tag, names)
            self._links_open += kind == _LINK
        elif kind == _LINE_BREAK:
            following = element.getnext()
            if following is not None and following.tag == "br" and not (element.tail or "").strip():
                self.flush()
            self.pieces.append(_BREAK)
        elif kind == _PICTURE:
            self.page.below_pictures.add(len(self.page.blocks))
        elif kind in (_SELDOM, _CHOICE):
            if tag == "button":
                if _is_in_a_sentence(element):
                    return _PLAIN
                self.page.with_buttons.setdefault(self._boxes[-1], []).append(text_in(element)[:LONGEST_BEFORE])
            if tag == "noscript" or (not _has_blocks(element) if kind == _CHOICE
                                     else _size_of(element) <= LONGEST_CONTROL):
                return _UNREAD
            element.tag = "div"
            self._open(element, "div", element.keys())
            return _BOX
        return kind

    def leave(self, kind: int) -> None:
        if kind == _BOX:
            self.flush()
            self._boxes.pop()
        elif kind == _LINK:
            self._links_open -= 1
            if self._lead_at >= 0:
                at, self._lead_at = self._lead_at, -1
                if sum(map(len, self.pieces[:at])) <= LONGEST_DATE:
                    self._lead = " ".join("".join(self.pieces[at:]).replace(_BREAK, " ").split())

    def read(self, text: str) -> None:
        self.pieces.append(text)
        if self._links_open:
            if not self._linked and len(self.pieces) <= MOST_PIECES:
                self._lead_at = len(self.pieces) - 1
            self._linked += len(text.strip())

    def flush(self) -> None:
        pieces = self.pieces
        if pieces:
            raw = pieces[0] if len(pieces) == 1 else "".join(pieces)
            if len(pieces) > 1 and len(raw) <= LONGEST_LINE:
                raw = "".join(f"{piece} " if _is_glued(piece, after) else piece
                              for piece, after in zip_longest(pieces, pieces[1:], fillvalue=""))
            pieces.clear()
            opening = None
            if _BREAK in raw:
                opening = " ".join(raw.lstrip(_BREAK + " \n\t").split(_BREAK, 1)[0].split()) or None
                raw = raw.replace(_BREAK, " ")
            text = " ".join(raw.split())
            if text:
                self.page.blocks.append(Block(text, self._boxes[-1], self._linked, opening, self._lead))
            self._linked = 0
            self._lead, self._lead_at = "", -1

    def _open(self, element: etree._Element, tag: str, names: Collection[str | bytes]) -> None:
        self.flush()
        called, is_hidden = " ", False
        if names:
            if "class" in names or "id" in names:
                called = f"{element.get('class', '')} {element.get('id', '')}"
            is_hidden = "hidden" in names or ("style" in names and _HIDDEN.search(element.get("style", "")) is not None)
        boxes = self.page.boxes
        number = len(boxes)
        boxes.append(Box(number, self._boxes[-1], tag, called, is_hidden))
        self._boxes.append(number)

    def _mark(self, element: etree._Element, tag: str, names: Collection[str | bytes]) -> None:
        meaning = element.get("itemprop", "") if "itemprop" in names else ""
        if meaning and element in self._of_others:
            return
        if tag in TIME_TAGS or (meaning and _TIMES.search(meaning) is not None):
            is_other = meaning.endswith(_OTHER_TIMES) and meaning != "uploadDate" and not _TIMES.search(meaning)
            kind, text = "other time" if is_other else "time", _time_in(element)
        elif (tag == "abbr" and "title" in names and _TIMES.search(element.get("class", "")) is not None):
            kind, text = "time", element.get("title", "").strip()
        elif (
            "author" in meaning.split() or ("rel" in names and "author" in element.get("rel", "").split())
            or ("class" in names and _is_author_card(element.get("class", "").split()))
        ):
            kind, text = "author", _name_in(element)[:200]
        elif tag == "a" and "href" in names and _AUTHOR_PAGE.search(element.get("href", "")) is not None:
            kind, text = "author page", text_in(element)[:200]
        else:
            return
        if text and len(self.page.marks) < MOST_MARKS:
            called = element.get("href", "") if kind == "author page" else f"{meaning} {element.get('class', '')}"
            before = "".join(self.pieces[-4:])[-LONGEST_BEFORE:] if kind == "time" else ""
            self.page.marks.append(Mark(kind, text, len(self.page.blocks), called, before))


def _is_glued(piece: str, after: str) -> bool:
    """Whether a year ends where a tag does, and a time of day begins: "2026" and "15:30", which a style sets apart."""
    return _CLOCK_FIRST.match(after) is not None and _YEAR_LAST.search(piece) is not None


def _name_in(element: etree._Element) -> str:
    """The name in an author's element that is displayed: what microdata marks as the name, or else all text."""
    text_inside = text_in(element)
    if not text_inside:
        return ""
    named = (inner for inner in element.iterdescendants() if inner.get("itemprop") == "name")
    return next((text for inner in named if (text := text_in(inner) or inner.get("content", ""))), text_inside)


def _time_in(element: etree._Element) -> str:
    """The machine-readable time of an element, or else what it shows."""
    declared = (element.get(name, "").strip() for name in ("datetime", "content"))
    if text := next((text for text in declared if any(map(str.isdigit, text))), ""):
        return text
    title = element.get("title", "").strip()
    return title if _ISO_DAY.match(title) else text_in(element)[:80]


def _is_author_card(classes: Collection[str]) -> bool:
    """Whether the classes of an element are those of an author in the microformats hAtom and h-entry."""
    return "p-author" in classes or ("author" in classes and "vcard" in classes)


def _size_of(element: etree._Element) -> int:
    return sum(map(len, element.itertext()))


def _has_blocks(element: etree._Element) -> bool:
    """Whether an element has block-level elements inside: a list of choices without an end tag has the page inside."""
    return len(element) > 0 and any(inner.tag in BLOCK_TAGS for inner in element.iterdescendants())


def is_unseen(element: etree._Element, names: Collection[str | bytes]) -> bool:
    """Whether an inline element is not displayed."""
    style, classes = element.get("style", ""), element.get("class", "")
    return ("hidden" in names or element.get("role") == "tooltip" or _UNSEEN.search(classes) is not None
            or (style != "" and (_HIDDEN.search(style) is not None or _CROSSED.search(style) is not None))
            or (element.get("aria-hidden") == "true" and _ICON.search(classes) is not None))


def _is_in_a_sentence(button: etree._Element) -> bool:
    """Whether a button is a word of a sentence, and not a control: there is more text beside it, without a stop before.
    """
    around = button.getparent()
    if around is None or not 0 < _size_of(button) <= LONGEST_TERM:
        return False
    before = button.getprevious()
    text_before = ((around.text if before is None else before.tail) or "").strip()
    text_after = (button.tail or "").strip()
    own = len((around.text or "").strip()) + sum(len((child.tail or "").strip()) for child in around)
    if own < SHORTEST_SENTENCE:
        return False
    return any(map(str.isalpha, text_after)) or (text_before != "" and text_before[-1] not in ".!?…。！？")
