"""Finds the body of a page: rules choose blocks, a model corrects the choice, a second extractor checks doubtful ones.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, takewhile

import rs_trafilatura

from pipelines.clean.boilerplate import LONGEST_POINTER, is_boilerplate, is_caption
from pipelines.clean.html.blocks import Blocks
from pipelines.clean.html.body import HEADINGS, Chosen, choose_body
from pipelines.clean.html.boilerplate import is_boilerplate_line, load_page_tables
from pipelines.clean.html.comments import COMMENT
from pipelines.clean.html.declared import declared_body, shingles
from pipelines.clean.html.features import FEATURES, numbers_of, weighed_blocks
from pipelines.clean.html.kind import before_wall
from pipelines.clean.html.labels import without_labels
from pipelines.clean.html.notices import in_asking_boxes
from pipelines.clean.html.stories import OTHER_STORY, is_headline
from pipelines.clean.metadata.signs import PageSigns
from pipelines.clean.model import load_model
from pipelines.clean.text import STOPS, size_of
from pipelines.records import Evidence

BAR, BAR_ALONE = 0.4, 0.7
"""The probability from which a block is body: if the rules chose it, and if they did not."""

FEWEST_CHARACTERS = 250
"""Of a body; a shorter one is compared with the second opinion."""

SHORTEST_COPY, SHORTEST_WIDE_COPY = 60, 25
"""Characters of a paragraph that is not repeated within an article; in scripts other than Latin, of which some have
fewer characters for a sentence."""

LEAST_COPIED = 0.5
"""Short texts in a row are a copy if they have at least this share of the text before them."""

FEWEST_HELD = 0.7
"""The share of the first answer that the second opinion has to have."""

MOST_LEFT_OUT = 2
"""The evidence says so where this many times the body's running text was left out."""

MOST_CAPTIONS = 0.25
"""Share of the text of an article whose pictures have captions. If they have more of it, they are its text."""

SHORTEST_LINK = 20
"""Characters of a linked headline. A line of the second opinion that consists of some is no text."""

MOST_LABEL_WORDS, MOST_LABEL_LETTERS = 4, 9
"""Words before a colon that are a label, as "Read also" is, and letters of one without spaces but with a comma."""

LONGEST_OFFER = 250
"""Characters of a box with a button that asks the reader for something."""

MOST_BEFORE_REPEATED, SHORTEST_CUT = 3, 50
"""Blocks after a summary among which is the one that it repeats, and the size of it without spaces."""

_SUMMARY_LABEL = re.compile(r"^[^\W\d_]{1,12}\s?[:：]\s*")
_LINK_LABEL = re.compile(r"\W{0,3}[^\W\d_][^:：|»>▶►.]{1,30}[:：|»>▶►]\s*\S")
_PAUSE = re.compile("[，、]")
_SENTENCE = re.compile(rf"""["'“„«»‘「]?[^\W\d_a-z].*\w[{STOPS}]["'”“»«’」]?""")
_WIDE = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Body:
    """An article's paragraphs, separated by empty lines, with their evidence.

    ``chosen`` is the choice of the rules. ``blocks`` are the numbers of the blocks that the rules and the model chose.
    ``passing`` are texts in it that may be chosen at one visit and not at the next.
    """

    text: str
    evidence: Evidence
    blocks: tuple[int, ...]
    chosen: Chosen
    passing: tuple[str, ...] = ()


def read_body(page: Blocks, markup: str, signs: PageSigns, declared: Iterable[object]) -> Body:
    """The article's paragraphs; "" if there are none. ``declared`` are the bodies that JSON-LD declares."""
    chosen = choose_body(page)
    likely = _likely(page, chosen, declared_body(declared), signs.titles)
    numbers = without_labels(page, without_copies(page, likely or chosen.blocks))
    body = "\n\n".join(page.blocks[number].text for number in numbers)
    if size_of(body) < FEWEST_CHARACTERS or chosen.is_doubtful(page):
        second = _second_opinion(page, chosen, markup, signs)
        if size_of(second) > 2 * size_of(body) and _holds(second, body):
            how = Evidence("rs-trafilatura", f"the blocks chosen have {len(body)} characters")
            return Body(second, how, numbers, chosen)
    passing = tuple(page.blocks[number].text for number in _passing(page, numbers, signs.descriptions))
    return Body(body, Evidence("blocks", _left_out(chosen, numbers)), numbers, chosen, passing)


def _passing(page: Blocks, numbers: Sequence[int], descriptions: Sequence[str]) -> Sequence[int]:
    """The blocks of a body that may be taken for body at one visit and not at the next, by what is beside them.

    They are headings or the page's description before the box that has most of the text, and offers: short boxes with
    a button.
    """
    sizes: Counter[int] = Counter()
    for number in numbers:
        for box in _around(page, number):
            sizes[box] += len(page.blocks[number].text)
    main = max(sizes, key=lambda box: sizes[box], default=None)
    before = takewhile(lambda number: main not in _around(page, number), numbers)
    standfirst = {
        number for number in before if page.boxes[page.blocks[number].box].tag in HEADINGS
        or _describes(page.blocks[number].text, descriptions)
    }
    return [
        number for number in numbers if number in standfirst
        or any(box in page.with_buttons and sizes[box] <= LONGEST_OFFER for box in _around(page, number))
    ]


def _describes(text: str, descriptions: Sequence[str]) -> bool:
    """Whether a text is a declared description, or begins like one that was cut."""
    text = " ".join(text.split())
    return any(text == each or (each.endswith(("…", "...")) and text.startswith(each.rstrip("….")))
               for each in descriptions)


def _around(page: Blocks, number: int) -> set[int]:
    """The box of a block, and the one around it."""
    box = page.boxes[page.blocks[number].box]
    return {box.number, box.parent}


def without_copies(page: Blocks, numbers: Sequence[int]) -> tuple[int, ...]:
    """The numbers without blocks that repeat the text of an earlier one: pages hold copies for narrow screens.

    A short text may be repeated, as a refrain is, unless a run of texts repeats a large part of all before it. A
    summary at the beginning that is cut off ("…") and goes on in a later block repeats that block.
    """
    numbers = _without_cut_summary(page, numbers)
    texts = [page.blocks[number].text for number in numbers]
    first: dict[str, int] = {}
    originals = [first.setdefault(text.replace(" ", ""), at) for at, text in enumerate(texts)]  # lines broken elsewhere
    is_copy = [original < at for at, original in enumerate(originals)]
    runs: list[list[int]] = []
    for at in (at for at in range(len(texts)) if is_copy[at]):
        if runs and runs[-1][-1] == at - 1 and originals[at - 1] + 1 == originals[at]:
            runs[-1].append(at)
        else:
            runs.append([at])
    own = list(accumulate((0 if is_one else len(text) for is_one, text in zip(is_copy, texts, strict=True)), initial=0))
    in_run = {at for run in runs if len(run) > 1
              and sum(len(texts[at]) for at in run) >= LEAST_COPIED * own[run[0]] for at in run}
    return tuple(
        number for at, (number, text) in enumerate(zip(numbers, texts, strict=True))
        if not is_copy[at] or (at not in in_run and len(text) < (
            SHORTEST_COPY if text.isascii() else SHORTEST_WIDE_COPY)))


def _without_cut_summary(page: Blocks, numbers: Sequence[int]) -> Sequence[int]:
    """The numbers without that of the first block if it is the beginning of one of the next, cut off."""
    text = page.blocks[numbers[0]].text if numbers else ""
    if not text.endswith(("…", "...")):
        return numbers
    start = _SUMMARY_LABEL.sub("", text.rstrip("….")).replace(" ", "")
    is_repeated = size_of(start) >= SHORTEST_CUT and any(
        page.blocks[number].text.replace(" ", "").startswith(start) for number in numbers[1:1 + MOST_BEFORE_REPEATED])
    return numbers[1:] if is_repeated else numbers


def _left_out(chosen: Chosen, numbers: Sequence[int]) -> str | None:
    """What the evidence says of a body that is small beside the running text that was left out."""
    mine = set(numbers)
    kept = sum(chosen.weights[number] for number in mine if chosen.weights[number] > 0)
    rest = sum(weight for number, weight in enumerate(chosen.weights) if weight > 0 and number not in mine)
    if rest <= MOST_LEFT_OUT * kept:
        return None
    return f"small: {rest:.0f} characters of running text left out, {kept:.0f} kept"


def _likely(page: Blocks, chosen: Chosen, declared: str, titles: Sequence[str]) -> tuple[int, ...]:
    """The numbers of the blocks that the model classifies as body, without lines that are always boilerplate."""
    numbers = weighed_blocks(page, chosen)
    if not numbers:
        return ()
    chances = load_model("page_model.json", FEATURES).chances(numbers_of(page, chosen, numbers, declared, titles))
    first = set(chosen.blocks)
    likely = [number for number, chance in zip(numbers, chances.tolist(), strict=True)
              if chance > (BAR if number in first else BAR_ALONE)
              and chosen.boilerplate[page.blocks[number].box] not in (OTHER_STORY, COMMENT)]
    texts = {number: page.blocks[number].text for number in likely}
    kept = [number for number, text in texts.items()
            if not (is_boilerplate(text) or is_boilerplate_line(text)
                    or _is_linked_pointer(page, number) or _is_teaser(page, number))]
    kept = _without_captions(page, kept)
    return tuple(before_wall(_with_sentences_between(page, kept), [block.text for block in page.blocks]))


def _without_captions(page: Blocks, numbers: list[int]) -> list[int]:
    """The numbers without those of captions below pictures. Captions that are much of the text are a photo essay's."""
    captions = {number for number in numbers if number in page.below_pictures and is_caption(page.blocks[number].text)}
    sizes = {number: len(page.blocks[number].text) for number in numbers}
    if sum(sizes[number] for number in captions) > MOST_CAPTIONS * sum(sizes.values()):
        return numbers
    return [number for number in numbers if number not in captions]


def _with_sentences_between(page: Blocks, numbers: Sequence[int]) -> list[int]:
    """The numbers with those of single sentences between two of them, in the same box or in boxes alike."""
    kept = set(numbers)
    for number in range(numbers[0] + 1, numbers[-1]) if numbers else ():
        before, block, after = page.blocks[number - 1 : number + 2]
        if number in kept or block.linked or not {number - 1, number + 1} <= kept:
            continue
        is_alike = _kind(page, before.box) == _kind(page, block.box) == _kind(page, after.box)
        if is_alike and _SENTENCE.fullmatch(block.text) is not None and not (
                is_boilerplate(block.text) or is_boilerplate_line(block.text)):
            kept.add(number)
    return sorted(kept)


def _kind(page: Blocks, number: int) -> tuple[str, str, int]:
    """A box's tag, its names and the box around it."""
    box = page.boxes[number]
    return box.tag, box.names, box.parent


def _is_teaser(page: Blocks, number: int) -> bool:
    """Whether a heading is wholly a link, and what follows it is another such heading, a headline or nothing."""
    def is_linked_heading(at: int) -> bool:
        block = page.blocks[at]
        return page.boxes[block.box].tag in HEADINGS and block.linked >= 0.97 * len(block.text)

    if not is_linked_heading(number):
        return False
    following = number + 1
    return following == len(page.blocks) or is_linked_heading(following) or is_headline(page, following)


def _is_linked_pointer(page: Blocks, number: int) -> bool:
    """Whether a paragraph is wholly a link with a label before a colon, in any language: "Read also: the ferry dog"."""
    block = page.blocks[number]
    return (block.linked >= 0.97 * len(block.text) and len(block.text) <= LONGEST_POINTER
            and page.boxes[block.box].tag in ("p", "div", "section", "article", "blockquote")
            and (label := _LINK_LABEL.match(block.text)) is not None
            and not (block.text.endswith((".", "。", "।")) and _is_clause(label[0][:-1])))


def _is_clause(text: str) -> bool:
    """Whether a text before a colon is more than a label.

    >>> _is_clause("Read also: "), _is_clause("The vote of the drivers: "), _is_clause("投票在车库举行，结果接近：")
    (False, True, True)
    """
    return len(text.split()) > MOST_LABEL_WORDS or (len(text) > MOST_LABEL_LETTERS and _PAUSE.search(text) is not None)


def _second_opinion(page: Blocks, chosen: Chosen, markup: str, signs: PageSigns) -> str:
    """Another extractor's text, without titles, lines of boilerplate, and the text of boxes that ask for something."""
    text = rs_trafilatura.extract(markup, url=signs.url, page_type="article").main_content or ""
    boilerplate = load_page_tables().lines
    asked = {page.blocks[number].text for number in in_asking_boxes(page, chosen)}
    links = {block.text for block in page.blocks if block.linked >= 0.97 * len(block.text)}
    others = sorted({*signs.titles, *(text for text in links if len(text) >= SHORTEST_LINK)}, key=len, reverse=True)
    kept = []
    for line in dict.fromkeys(line.strip() for line in text.split("\n")):
        rest = line
        for other in others:
            rest = rest.replace(other, "")
        if line in asked or line in links or not has_letters(rest):
            continue
        if len(line) > 150 or not boilerplate.match(line.lower()):
            kept.append(line)
    return "\n".join(kept)


def has_letters(text: str) -> bool:
    return any(map(str.isalpha, text))


def _holds(second: str, first: str) -> bool:
    """Whether a second answer has nearly all of the first. A character of a script without spaces is a word."""
    words = shingles(_WIDE.sub(r" \g<0> ", first))
    return len(words & shingles(_WIDE.sub(r" \g<0> ", second))) >= FEWEST_HELD * len(words)
