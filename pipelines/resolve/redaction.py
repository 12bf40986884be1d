"""Removes a person's name from the texts of one article: from its headline, body, byline, names and evidence.

What is stored of a redacted name are digests of its forms (``Ines Falk``, ``Falk``), by which later texts of the
article are redacted too. A form matches whole words, whatever their case.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.clean.identity import content_hash
from pipelines.clean.names import load_name_tables

REDACTED = "[redacted]"
OTHER = "-"
MOST_WORDS = 40
"""A form of a name with more words is not looked for. In scripts without spaces, each character is a word."""

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Thai, Lao, Burmese, Khmer, kana, Han."""
_MARKS = "".join(
    chr(code) for code in range(0x300, 0xFFFF)
    if unicodedata.category(chr(code)) in {"Mn", "Mc"} and not re.match(f"[{_UNSPACED}]", chr(code))
)
"""Vowel signs and accents, which are part of a word and which ``\\w`` leaves out."""
# A word ends where such a script begins: in 3月5日習近平 the name is no part of a word that begins with a digit
_WORD = re.compile(rf"[{_UNSPACED}]|(?:[^\W{_UNSPACED}]|[{_MARKS}])+")
_TEXTS = ("title", "section", "copyright_notice")
_LISTS = ("tags", "warnings")

type Span = tuple[int, int]
type Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RedactedName:
    """Digests of the forms of a name, and the number of words of the longest one.

    Digests with ``OTHER`` before them are of other people's names, which stay although a form is a part of them.
    """

    salt: str
    digests: frozenset[str]
    words: int

    def spans(self, text: str) -> list[Span]:
        """Where the name is in a text: spans of characters in their order. At each place the longest form counts.

        >>> redacted_name(["Ines Falk", "Falk"], "salt").spans("FALK, said Ines Falk's office. Falkland is no one.")
        [(0, 4), (11, 20)]
        >>> redacted_name(["Martin"], "salt", ["Martin Weber"]).spans("Martin met Martin Weber.")
        [(0, 6)]
        """
        words = [(_folded(found[0]), *found.span()) for found in _WORD.finditer(text)]
        spans, at = [], 0
        while at < len(words):
            for size in range(min(self.words, len(words) - at), 0, -1):
                digest = _digest(self.salt, [word for word, _, _ in words[at : at + size]])
                if digest in self.digests:
                    spans.append((words[at][1], words[at + size - 1][2]))
                if digest in self.digests or OTHER + digest in self.digests:
                    at += size
                    break
            else:
                at += 1
        return spans

    def redact(self, text: str) -> str:
        """The text with ``REDACTED`` in place of the name."""
        return _without(text, self.spans(text))


def redacted_name(forms: Iterable[str], salt: str, others: Iterable[str] = ()) -> RedactedName:
    """The name with these forms, of at most ``MOST_WORDS`` words each, and not in the names of ``others``."""
    own, kept = (
        [words for each in names if 0 < len(words := words_of(each)) <= MOST_WORDS] for names in (forms, others)
    )
    digests = {_digest(salt, words) for words in own}
    digests |= {OTHER + digest for words in kept if (digest := _digest(salt, words)) not in digests}
    return RedactedName(salt, frozenset(digests), max(map(len, [*own, *kept]), default=0))


def names_in(byline: str) -> list[str]:
    """The names of an author's entry, which may be those of several people.

    >>> names_in("Ines Falk, Tom Reed and Amara Okoye"), names_in("Ines Falk, Political Editor")
    (['Ines Falk', 'Tom Reed', 'Amara Okoye'], ['Ines Falk, Political Editor'])
    """
    joined = load_name_tables().joiner.split(byline)
    names = joined if len(joined) == 1 else [name for piece in joined for name in piece.split(",")]
    return [name.strip() for each in names for name in re.split("[;/&]", each) if name.strip()]


def words_of(text: str) -> list[str]:
    """The words of a text, case-folded.

    >>> words_of("Ines O'Falk")
    ['ines', 'o', 'falk']
    """
    return [_folded(word) for word in _WORD.findall(text)]


def _folded(word: str) -> str:
    """The word without case, and with the same characters whether its accents were composed or not."""
    return unicodedata.normalize("NFC", word).casefold()


def redact_record(record: Mapping[str, Any], name: RedactedName) -> Record:
    """A staged Avro article without the name."""
    done = dict(record) | _redacted_fields(record, name)
    done["authors"] = [
        dict(author) | {"name": left} for author in record["authors"] for left in _others_in(author["name"], name)
    ]
    done["evidence"] = {
        field: found | {"read_from": found["read_from"] and name.redact(found["read_from"])}
        for field, found in record["evidence"].items()
    }
    done["body"], done["mentions"], done["entities"] = redact_body(
        record["body"], record["mentions"], record["entities"], name
    )
    return done | _derived(done)


def redact_row(row: Mapping[str, Any], name: RedactedName) -> Record:
    """A row of ``articles`` or ``article_versions`` without the name; its mentions are not in it."""
    done = dict(row) | _redacted_fields(row, name)
    left = [(n, each) for n, author in enumerate(row["authors"]) for each in _others_in(author, name)]
    done["authors"], done["author_types"] = [each for _, each in left], [row["author_types"][n] for n, _ in left]
    if row.get("evidence"):
        done["evidence"] = json.dumps({
            field: found | {"read_from": found["read_from"] and name.redact(found["read_from"])}
            for field, found in json.loads(row["evidence"]).items()
        })
    done["body"] = name.redact(row["body"])
    return done | _derived(done)


def redact_body(
    body: str, mentions: Sequence[Mapping[str, Any]], entities: Sequence[Mapping[str, Any]], name: RedactedName,
    ends: tuple[str, str] = ("start", "end"),
) -> tuple[str, list[Record], list[Record]]:
    """A body without the name, with the mentions and entities that are left.

    ``ends`` are the fields of a mention's span. Mentions of the name are dropped, those after it are moved, and an
    entity that has lost all its mentions goes; the salience of the others adds up to 1 again.
    """
    start, end = ends
    spans = name.spans(body)
    moved = [
        dict(mention) | {start: mention[start] + shift, end: mention[end] + shift}
        for mention in mentions
        if not any(first < mention[end] and mention[start] < last for first, last in spans)
        for shift in [_shift(spans, mention[start])]
    ]
    before, after = (Counter(mention["entity_id"] for mention in each) for each in (mentions, moved))
    left = [
        dict(entity) | {"mention_count": after[entity["entity_id"]]} for entity in entities
        if not name.spans(entity["name"]) and (after[entity["entity_id"]] or not before[entity["entity_id"]])
    ]
    known = {entity["entity_id"] for entity in left}
    total = sum(entity["salience"] for entity in left)
    for entity in left if total else ():
        entity["salience"] = round(entity["salience"] / total, 4)
    return _without(body, spans), [mention for mention in moved if mention["entity_id"] in known], left


def _redacted_fields(fields: Mapping[str, Any], name: RedactedName) -> Record:
    done: Record = {field: name.redact(fields[field]) for field in _TEXTS if fields.get(field)}
    return done | {
        field: [name.redact(text) for text in fields[field]] for field in _LISTS if fields.get(field) is not None
    }


def _derived(done: Mapping[str, Any]) -> Record:
    return {"content_hash": content_hash(done["title"], done["body"]), "word_count": len(done["body"].split())}


def _others_in(author: str, name: RedactedName) -> list[str]:
    """The author's entry, or, if it has the name, the names of others in it; none if the name is not one of them alone.

    "Maria Costa e Silva" may be two people or one: her name lies across the pieces, so none of them is kept.
    """
    spans = name.spans(author)
    if not spans:
        return [author]
    pieces, at = [], 0
    for each in names_in(author):
        start = author.index(each, at)
        pieces.append((each, start, at := start + len(each)))
    if not all(any(start <= first and last <= end for _, start, end in pieces) for first, last in spans):
        return []
    return [each for each, start, end in pieces if not any(first < end and start < last for first, last in spans)]


def _without(text: str, spans: Sequence[Span]) -> str:
    parts, at = [], 0
    for start, end in spans:
        parts += [text[at:start], REDACTED]
        at = end
    return "".join([*parts, text[at:]])


def _shift(spans: Sequence[Span], at: int) -> int:
    return sum(len(REDACTED) - (end - start) for start, end in spans if end <= at)


def _digest(salt: str, words: Sequence[str]) -> str:
    return hashlib.sha256(f"{salt} {' '.join(words)}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
