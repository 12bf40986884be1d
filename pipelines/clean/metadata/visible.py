"""The visible byline: in the lines between the headline and the body, and just after the body.

Names further away are ignored. They belong to other articles or comments.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipelines.clean.html.blocks import Blocks
from pipelines.clean.html.body import headline_before
from pipelines.clean.metadata.byline import Authors
from pipelines.clean.metadata.calendar import is_month
from pipelines.clean.metadata.found import Found
from pipelines.clean.metadata.written import load_date_tables, without_dates
from pipelines.clean.names import author_type, load_name_tables, parse_byline
from pipelines.records import Author

BEFORE_HEADLINE = 6
AFTER_BODY = 12
AFTER_STANDFIRST = 8
"""Blocks between a standfirst and the rest of the body that are searched for bylines and dates."""

WITHOUT_HEADLINE = 8
LONGEST_BYLINE = 120
ABOVE_HEADLINE = 4
LONGEST_CREDIT = 60
DESCRIBED = 4
"""Blocks after the body that may describe the author."""

LONGEST_ALONE = 60
"""Characters of a name on a separate line, after a line such as "By"."""

LONGEST_UNCASED = 4
"""Words of a name in a script without capitals."""

SHORTEST_WORK = 3
"""Words of the headline of another work of an author."""

_NAMED_AUTHOR = re.compile(
    r"(?:^|[\s_-]|(?<=[a-z])(?=[A-Z]))(?i:by-?line|authors?|autor|auteur|writer|reporter|journalist|redact|credits?)")
_SURELY_AUTHOR = re.compile(r"(?:^|[\s_-]|(?<=[a-z])(?=[A-Z]))(?i:by-?line|author)")
_NO_AUTHOR = re.compile(r"bio|box|image|avatar|follow|social|link|about|desc|role|title|job|date|time", re.I)
_GLUED = re.compile(r"^((?:(?:Written|Posted|Reported|Published) )?[Bb]y)(?=[A-Z])")
_BAR = re.compile(r"[|•●⋅·]|\s[–—-]\s")
_MAIL = re.compile(r"\s*\(?(?:\S+@\S+\.\w+|(?<!\w)@\w+)\)?")
_LABEL = re.compile(r"([^\W\d_]+(?:\s[^\W\d_]+)?)\s?[:：]\s?(?=[^\W\d_])")
_PLACE_BEFORE = re.compile(r"[(\[（【][^()\[\]（）【】]{1,30}[)\]）】]\s*(?=\w)|[^\W\d_]{1,10}=(?=\w)")
_FIRST_WORD = re.compile(r"[^\W\d_]*")
_GLUED_WORD = re.compile(r"(?<=[^\W\d_A-Z]{2})(?=[A-Z])")
_WHOLE_WORD = re.compile(r"[^\W\d_A-Z]{3}(?<!\bFitz)(?<!\bVander)$")
_GIVEN_ROLE = re.compile(r"(?<=\w) (?:Staff|Senior|Contributing) (?:[A-Z]\w+ )?$")
_OUTLET_WORD = re.compile(
    r"\b(?:the|daily|weekly|monthly|sunday|morning|evening|trust|monitor|mail|tribune|observer|standard|mirror|echo"
    r"|courier|chronicle|independent|nation|today|online|radio|tv|fm)\b", re.I)
_LOWER_OF = re.compile(r"^de (?=[A-ZÀ-Ž][^\W\d_]+\s[A-ZÀ-Ž])")
_TWO_CAPITALS = re.compile(r"\b((?:Ma?c|Fitz|D[aeiu]s?|L[ae]|V[ao]n|O)[A-Z][a-z]+)(?: \w+)? $")
_HANGUL_NAMES = re.compile(r"(?<=[\uac00-\ud7a3])·(?=[\uac00-\ud7a3])")
_HAN_REPORTERS = (
    r"(?!从|從|获悉|獲悉|了解|采访|採訪|手记|手記|协会|協會|招待)[\u3400-\u9fff]{2,4}"
    r"(?:[、\s]+(?!摄影|攝影)[\u3400-\u9fff]{2,4})*")
_FILED = re.compile(
    r"[(\[][^()\[\]=]{1,20}=[^()\[\]=]{1,20}[)\]]\s*((?:[\uac00-\ud7a3]{2,4}[·,\s]+){1,5}기자)\s*="
    r"|\[(?!사진|영상|그래픽|자료)[^\[\]=]{2,20}[\s=]\s?"
    r"((?!(?:시민|인턴|객원|전문|수습|선임|사진|영상|편집|취재|온라인|명예)\s|[\uac00-\ud7a3]{1,3}[부팀]\s)"
    r"[\uac00-\ud7a3]{2,4}(?:[·,]\s?[\uac00-\ud7a3]{2,4}){0,4}\s기자)\]"
    rf"|.{{0,30}}[电電讯訊]\s?[（(]((?:本报|本報)?[记記]者\s?{_HAN_REPORTERS})"
    r"(?:[、\s]*(?:通讯员|通訊員|实习生|實習生)[^（）()]*)?[）)]")
"""A reporter at the beginning of the text, after the place and the agency."""

_HAN_NAME = (
    r"(?!本报|本報|[记記]者|综合|網友|网友|小编|实习)[\u3400-\u9fff]{2,4}"
    r"(?<![社报報网網部组組员員闻聞台局厅廳院会會司室站络絡名])(?![\u3400-\u9fff:：|｜/／])")
_HAN_LABELLED = re.compile(
    r"(?:^|(?:来源|來源|\d).*[\s|｜／/(（【〔\[])(?:作者|撰文|文)\s?[:：|｜/／]\s?(?:(?:本报|本報)?[记記]者\s?)?"
    rf"({_HAN_NAME}(?:、{_HAN_NAME}){{0,5}})(?=$|[\s|｜／/)）】〕\]])")
"""The names after a label in a line of fields: "来源：… 作者：… 责任编辑：…". No outlet's name is read so."""

_HAN_BOOK = re.compile("出版|[书書]名|[译譯]者|《")

_HAN_OF_OUTLET = re.compile(
    rf"[\u3400-\u9fff]{{2,10}}[报報网網闻聞社台]\s?[记記]者(?:\s?[:：]\s?|\s)({_HAN_NAME}(?:、{_HAN_NAME}){{0,5}})")
"""A line that is the reporters of an outlet: "港口晚报记者 王小明"."""

_REPORTERS_ALONE = re.compile(
    r"[(\[]?(?![\uac00-\ud7a3]{1,3}[부팀]\s)[\uac00-\ud7a3]{2,4}(?:[·,]\s?[\uac00-\ud7a3]{2,4})*\s(?:인턴|선임)?기자[)\]]?"
    rf"|[（(〔【]?(?:(?:本报|本報|特约|特約)[记記]者\s?|[记記]者\s){_HAN_REPORTERS}(?:\s(?:报道|報導|報道))?[）)〕】]?")
"""A line that is the names of reporters, and not of a desk (사회부)."""

_DIGIT = re.compile(r"\d")
_NUMBER = re.compile(r"\s\S{0,3}\d")
_BEFORE_DATE = re.compile(r"\s(?:on|at|am|le|el|il|em|op|den|vom)(?:\s\w+,?)?$")
_DATED = re.compile(r"^((?:[^\W\d_a-z][\w.'’-]*\s+){1,3}[^\W\d_a-z][\w'’-]+)\s*(?:[|•·●⋅–-]\s*)?\|")
_NAME = re.compile(r"^[^\W\d_][^\d@:!?]{1,60}$")


@dataclass(frozen=True, slots=True)
class Near:
    """The numbers of the blocks before and after the body that may contain a byline or a date."""

    before: range
    after: range


def near_body(page: Blocks, body: tuple[int, ...]) -> Near:
    if not body:
        return Near(range(0), range(0))
    first = body[0]
    headline = headline_before(page, first)
    start = max(0, first - WITHOUT_HEADLINE) if headline is None else headline + 1
    after = range(body[-1] + 1, min(len(page.blocks), body[-1] + 1 + AFTER_BODY))
    second = body[1] if len(body) > 1 else first + 2  # a byline may be between standfirst and body
    return Near(range(start, min(max(first + 2, second), first + AFTER_STANDFIRST, len(page.blocks))), after)


def seen_authors(page: Blocks, near: Near) -> Found[Authors] | None:
    """The visible authors: names marked as author in the markup, in a line that begins with "by", or in an author box.
    """
    marked = [mark.text for mark in page.marks if mark.kind == "author"
              and near.before.start - BEFORE_HEADLINE <= mark.block <= near.before.stop + 1]
    above = range(max(0, near.before.start - ABOVE_HEADLINE - 1), max(0, near.before.start - 1))
    looks = (("author element", iter(marked)), ("byline", _in_fields(page, near.before)),
             ("byline", _opened(page, near.before)),
             ("author box", _boxed(page, near.before)), ("author link", _linked(page, near.before)),
             ("byline", _dated(page, near.before)),
             ("byline", _reporters(page, near.before)), ("first paragraph", _filed(page, near.before)),
             ("byline", _closing(page, near.after)), ("author box", _boxed(page, above, _SURELY_AUTHOR)),
             ("author element", _marked_below(page, near.after)), ("byline", _credited(page, near.after)),
             ("author box", _described(page, near.after)))
    for how, seen in looks:
        lines = list(seen)
        if authors := _authors_in(lines, is_marked=how == "author element"):
            beside = _agencies_beside(page, (*near.before, *near.after[:2]), lines) if how == "author element" else ()
            return Found((*authors, *(author for author in beside if author not in authors)), how, "; ".join(lines))
    return None


def _authors_in(lines: Iterable[str], *, is_marked: bool) -> tuple[Author, ...]:
    authors = {author.name.casefold(): author for line in lines for author in parse_byline(line)}
    people = [author for author in authors.values() if _NAME.match(author.name) and len(author.name.split()) <= 6
              and not (author.type == "person" and _is_label(author.name))]
    role = load_name_tables().role
    if any(not role.search(author.name) for author in people):
        people = [author for author in people if not role.search(author.name)]
    if not is_marked and any(len(author.name.split()) > 1 for author in people):  # "Ines Falk", "Marrowby"
        people = [author for author in people if len(author.name.split()) > 1 or author.type != "person"]
    return tuple(people)


def _is_label(name: str) -> bool:
    """Whether a supposed name begins with a capital but its last word does not ("Insights from")."""
    return name[0].isupper() and name.rsplit(maxsplit=1)[-1][0].islower()


def _agencies_beside(page: Blocks, numbers: Iterable[int], marked: Iterable[str]) -> tuple[Author, ...]:
    """The agencies in the line with the marked names. They have no author page, so no element marks them."""
    names = [name for name in marked if name]
    for number in numbers:
        line = page.blocks[number].text
        if names and len(line) <= LONGEST_BYLINE and all(name in line for name in names):
            return tuple(author for author in parse_byline(line) if _is_agency(author))
    return ()


def _is_agency(author: Author) -> bool:
    return author.name.casefold() in load_name_tables().agencies


def _credited(page: Blocks, numbers: range) -> Iterator[str]:
    """A credit just below the body with an agency, with or without people: "(Ines Falk, dpa)"."""
    for number in numbers[:2]:
        line = page.blocks[number].text.strip("()[]–— /")
        authors = parse_byline(line) if len(line) <= LONGEST_CREDIT else ()
        people = [author for author in authors if not _is_agency(author)]
        if len(people) < len(authors) and all(_is_name_like(a.name) and len(a.name.split()) <= 4 for a in people):
            yield line
            return


def _opened(page: Blocks, numbers: range) -> Iterator[str]:
    """The first line that begins like a byline, without the date and other text after the names."""
    opener = load_name_tables().opener
    for number in numbers:
        block = page.blocks[number]
        text = block.text if block.opening is None else block.opening
        if len(text) <= LONGEST_ALONE and number > numbers.start and _is_label_alone(page.blocks[number - 1].text):
            names = _names_in(text)
            if _is_name_like(names):
                yield names
                return
        if len(text) > LONGEST_BYLINE or not (_DIGIT.search(text) or _GLUED.match(text) or opener.match(text)):
            continue
        line = _names_in(text)
        match = opener.match(line)
        if match is not None and _is_name_like(line[match.end():]):
            yield line
            return


def _is_label_alone(line: str) -> bool:
    """Whether a line has only the words before a name, which is on the next line: "By", "Written by", "Autor:"."""
    tables = load_name_tables()
    is_open = line.endswith(":") or line.rpartition(" ")[2].casefold() in tables.prepositions
    return is_open and tables.opener.fullmatch(f"{line} ") is not None


def _dated(page: Blocks, numbers: range) -> Iterator[str]:
    """The name in a line that is only a name and a date, if exactly one line is. After a comma, it may be a place."""
    lines = [line for number in numbers if len(line := page.blocks[number].text) <= LONGEST_BYLINE]
    dated = [line for line in lines if line[:1].isupper() and _DIGIT.search(line)]
    made = [match[1] for line in dated if (match := _DATED.match(without_dates(line)))]
    is_named = len(made) == 1 and author_type(made[0]) == "person"
    tables = load_date_tables()
    if is_named and not tables.published.search(made[0]) and not tables.updated.search(made[0]):
        yield made[0]


def _filed(page: Blocks, numbers: range) -> Iterator[str]:
    """The reporters who are named at the beginning of the text, in scripts without capitals."""
    for number in numbers:
        found = _FILED.match(page.blocks[number].text)
        if found is not None:
            yield _HANGUL_NAMES.sub(", ", next(filter(None, found.groups())))
            return


def _reporters(page: Blocks, numbers: range) -> Iterator[str]:
    """The first line that is nothing but the names of reporters, in scripts without capitals."""
    yield from [names for number in numbers if (names := _reporters_in(page.blocks[number].text)) is not None][:1]


def _in_fields(page: Blocks, numbers: Iterable[int]) -> Iterator[str]:
    """The authors in the first line of fields in Chinese that has a label for them, or the reporters of an outlet."""
    for number in numbers:
        line = page.blocks[number].text
        is_other = len(line) > LONGEST_BYLINE or _HAN_BOOK.search(line) is not None
        found = None if is_other else _HAN_LABELLED.match(line) or _HAN_OF_OUTLET.fullmatch(line)
        if found is not None:
            yield f"记者 {found[1]}"
            return


def _reporters_in(line: str) -> str | None:
    """The names in a line that is the names of reporters; None for other lines."""
    line = _MAIL.sub("", line).strip() if len(line) <= LONGEST_CREDIT else ""
    return _HANGUL_NAMES.sub(", ", line.strip("()（）〔〕【】[] ")) if _REPORTERS_ALONE.fullmatch(line) else None


def _closing(page: Blocks, numbers: range) -> Iterator[str]:
    """The names in a byline at the article's end that begins with explicit words, such as "Written by"."""
    tables = load_name_tables()
    for number in range(max(0, numbers.start - 2), numbers.stop):
        text = page.blocks[number].text
        if number <= numbers.start and (names := _reporters_in(text)) is not None:
            yield names
            return
        if len(text) <= LONGEST_BYLINE and (match := tables.closing.match(text)) is not None:
            names = _names_in(text[match.end():])
            if _is_name_like(names):
                yield names
                return


def _names_in(line: str) -> str:
    """The part of a byline with names: without dates, and only up to a bar, a label or a number.

    >>> _names_in("3 May 2026 By Ines Falk"), _names_in("ByTom Okafor on May 4, 2026 | 6 min read")
    ('By Ines Falk', 'By Tom Okafor')
    >>> _names_in("Posted on 3 May 2026 by Ines Falk"), _names_in("Publié le 3 mai 2026 par Ines Falk")
    ('by Ines Falk', 'par Ines Falk')
    """
    spaced = _HANGUL_NAMES.sub(", ", _without_glued_date(_GLUED.sub(r"\1 ", line)))
    bare = without_dates(spaced)
    has_date = bare != spaced
    label = load_date_tables()
    for pattern in (label.published, label.updated):
        found = pattern.search(bare)
        if found is not None and found.start() > 0:
            bare = bare[: found.start()]
        elif found is not None and has_date:
            rest = bare[found.end():].lstrip(" ,:|")
            bare = rest if load_name_tables().opener.match(rest) else bare
    bare = _without_glued_role(bare)
    first = next((part for part in _BAR.split(bare) if part.strip(" ,.:–—-")), "").strip(" ,–—-")
    first = _NUMBER.split(first, maxsplit=1)[0].removesuffix(" in").removesuffix(" In")
    return (_BEFORE_DATE.sub("", first) if has_date else first).strip()


def _without_glued_date(line: str) -> str:
    """A byline with a space before a month or a date's label that is glued to a name.

    >>> _without_glued_date("By Ines FalkMarch 4, 2026"), _without_glued_date("Tom OkaforUpdated 4 March 2026")
    ('By Ines Falk March 4, 2026', 'Tom Okafor Updated 4 March 2026')
    """
    tables = load_date_tables()
    for glued in _GLUED_WORD.finditer(line) if _DIGIT.search(line) else ():
        name, rest = line[: glued.start()], line[glued.start():]
        if _WHOLE_WORD.search(name) is None:  # "MacMarch"
            continue
        is_date = is_month(_FIRST_WORD.match(rest)[0])  # type: ignore[index]
        if is_date or tables.updated.match(rest) or tables.published.match(rest):
            return f"{name} {rest}"
    return line


def _without_glued_role(line: str) -> str:
    """A byline up to a role that ends it without a comma: one that is glued to the name, alone or after one word, one
    of the staff, or one after a name with two capitals, which is no part of a role.

    >>> _without_glued_role("Tom OkaforReporter"), _without_glued_role("Ines FalkSenior Editor")
    ('Tom Okafor', 'Ines Falk')
    >>> _without_glued_role("Ana FitzGerald Senior Reporter"), _without_glued_role("Tom Okafor Staff Writer")
    ('Ana FitzGerald', 'Tom Okafor')
    >>> _without_glued_role("Ines MacFalk, Reporter")
    'Ines MacFalk, Reporter'
    """
    role = load_name_tables().role
    for found in role.finditer(line):
        before = line[: found.start()]
        given, doubled = _GIVEN_ROLE.search(before), _TWO_CAPITALS.search(before)
        if found.end() == len(line) and (given or doubled):
            name = before[: given.start()] if given else before[: doubled.end(1)]  # type: ignore[union-attr]
            is_full = len(name.split()) - name.casefold().startswith("by ") > 1
            if is_full and _OUTLET_WORD.search(name) is None and author_type(name) == "person":
                return name
    for glued in _GLUED_WORD.finditer(line):
        name, rest = line[: glued.start()], line[glued.start():]
        word, _, after_word = rest.partition(" ")
        is_glued = word.isalpha() and _WHOLE_WORD.search(name) is not None
        if role.match(rest) or (is_glued and role.match(after_word)):
            return name
    return line


def _is_name_like(text: str) -> bool:
    words = text.split()
    if text[:1].isalpha() and text[0] == text[0].swapcase():  # a script without capitals
        return len(words) <= LONGEST_UNCASED and len(text) <= LONGEST_ALONE // 2
    return (len(words) > 1 and words[0][:1].isupper() and words[1][:1].isupper()) or (
        len(words) > 2 and words[0][:1].isupper() and words[-1][:1].isupper())


def _linked(page: Blocks, numbers: range) -> Iterator[str]:
    """The first name that links to an author's page, and those directly after it, each page once."""
    link_words = load_name_tables().link_words
    addresses: set[str] = set()
    last = None
    for mark in page.marks:
        if mark.kind != "author page" or mark.block not in numbers or mark.names in addresses:
            continue
        if _is_name_like(mark.text) and link_words.isdisjoint(mark.text.casefold().split()):
            if last is not None and mark.block > last + 1:
                return
            last = mark.block
            addresses.add(mark.names)
            yield mark.text


def _described(page: Blocks, numbers: range) -> Iterator[str]:
    """The author who is described in an author's box just below the body: the link to the author's page opens it."""
    for mark in page.marks:
        if mark.kind == "author page" and mark.block in numbers[:DESCRIBED]:
            block = page.blocks[mark.block]
            box = page.boxes[block.box]
            names = box.names + " " + (page.boxes[box.parent].names if box.parent >= 0 else "")
            rest = block.text[len(mark.text):].strip()
            is_own = mark.text in rest or not load_name_tables().link_words.isdisjoint(rest.casefold().split())
            is_headline = len(rest.split()) >= SHORTEST_WORK and not is_own
            is_list = is_headline and block.linked >= len(mark.text) + len(rest)
            is_box = block.text.startswith(mark.text) and _SURELY_AUTHOR.search(names) is not None
            if is_box and not is_list and _is_name_like(mark.text):
                yield mark.text


def _marked_below(page: Blocks, numbers: range) -> Iterator[str]:
    return (mark.text for mark in page.marks if mark.kind == "author" and mark.block in numbers[:2])


def _without_label(line: str) -> str:
    """A byline without the label before a person's full name, in any language, unless it is a helper's.

    A label is a word before a colon, or two of which the second has no capital. Two with capitals are a name.
    """
    label, tables = _LABEL.match(line), load_name_tables()
    if label is None or tables.helper.match(line) is not None or not all(map(str.islower, label[1].split()[1:])):
        return line
    name = line[label.end():]
    is_person = _is_name_like(name) and author_type(name) == "person" and tables.role.search(name) is None
    return name if is_person else line


def _boxed(page: Blocks, numbers: range, called: re.Pattern[str] = _NAMED_AUTHOR) -> Iterator[str]:
    for number in numbers:
        block = page.blocks[number]
        text = _PLACE_BEFORE.sub("", block.text, count=1).strip("()（）〔〕【】[] ")
        text = _LOWER_OF.sub("", text)
        if len(text) > LONGEST_BYLINE or not text[:1].isalnum() or load_name_tables().credit.search(text):
            continue
        box = page.boxes[block.box]
        box_names = box.names + " " + (page.boxes[box.parent].names if box.parent >= 0 else "")
        if called.search(box_names) and not _NO_AUTHOR.search(box.names):
            linked = [mark.text for mark in page.marks
                      if mark.block == number and mark.kind == "author page" and _is_name_like(mark.text)]
            names = _names_in("; ".join(linked) or _without_label(_MAIL.sub("", text)))
            if names and not names[0].islower() and _NAME.match(names):
                yield names
