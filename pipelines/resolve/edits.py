"""Says what kind of change lies between two versions of an article, with the sentences before and after.

Pure: two texts in, a ``TextChange`` out. Sentences are aligned by their matching blocks (difflib); sentences that were
replaced are paired if they share enough words. A change can be of several kinds; ``kind`` is the one that matters
most to a reader of corrections.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cache
from importlib import resources
from typing import Literal, get_args

from pipelines.enrich.sentences import sentence_starts

type ChangeKind = Literal[
    "withdrawal", "notice", "figures", "rewritten", "removal", "addition", "headline", "typo"
]
KINDS: tuple[ChangeKind, ...] = get_args(ChangeKind.__value__)

SHOWN_SENTENCES = 20
SHOWN_CHARACTERS = 300
BEFORE_CHANGE = 100  # characters that are shown before the first difference of a long sentence
MOST_SENTENCES = 2_000  # of each text; what follows is compared as one sentence
MOST_MATCHES = 20_000  # pairs of equal sentences, or words, up to which difflib takes milliseconds
MOST_PAIRED = 40  # sentences on each side of a replaced passage that are paired by their words
ALIKE = 0.5  # share of words, from which a sentence is an edited one and not another
MOST_TYPO_WORDS = 3
LONGEST_WORD = 60
_WORD = re.compile(r"\d[\d.,:%]*\d%?|\d%?|[^\W\d]+(?:['’-][^\W\d]+)*|[^\w\s]")


@dataclass(frozen=True, slots=True)
class TextChange:
    """What changed. ``before`` and ``after`` are of the same length: each place has a sentence as it was and as it is.

    A sentence that was added is empty before; one that was removed is empty after. Both are cut to
    ``SHOWN_SENTENCES`` sentences of ``SHOWN_CHARACTERS``; ``sentences`` is the number of all that changed.
    """

    kind: ChangeKind
    kinds: tuple[ChangeKind, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    sentences: int


@dataclass(frozen=True, slots=True)
class _Pair:
    before: str
    after: str
    kind: ChangeKind

    @property
    def words(self) -> int:
        return max(len(self.before.split()), len(self.after.split()))


def describe_change(title_before: str, body_before: str, title: str, body: str) -> TextChange:
    """What changed between two versions of an article.

    >>> change = describe_change("Pier opens", "It cost 3 million.", "Pier opens", "It cost 4 million.")
    >>> change.kind, change.before, change.after
    ('figures', ('It cost 3 million.',), ('It cost 4 million.',))
    """
    before, after = _sentences(body_before), _sentences(body)
    pairs = _with_moved(list(_pairs(before, after)))
    found = Counter[ChangeKind]()
    for pair in pairs:
        found[pair.kind] += pair.words
    found.update(_of_title(title_before, title))
    kinds = tuple(kind for kind in KINDS if kind in found) or ("typo",)
    shown = sorted(pairs, key=lambda pair: pair.kind not in {"withdrawal", "notice"})[:SHOWN_SENTENCES]
    cut = [_shown(pair.before, pair.after) for pair in shown]
    return TextChange(
        _main(found, sum(len(s.split()) for s in before)), kinds, tuple(was for was, _ in cut),
        tuple(now for _, now in cut), len(pairs),
    )


def _main(found: Counter[ChangeKind], words_before: int) -> ChangeKind:
    """The kind that matters most: what the outlet says itself, then facts, then the largest part of the text."""
    for kind in ("withdrawal", "notice"):
        if kind in found:
            return kind
    if 2 * found["rewritten"] > max(words_before, 1):
        return "rewritten"
    if "figures" in found:
        return "figures"
    parts = [kind for kind in KINDS if kind in found and kind in {"removal", "addition", "rewritten"}]
    if parts:
        return max(parts, key=lambda kind: found[kind])
    return "headline" if "headline" in found else "typo"


def _of_title(before: str, after: str) -> list[ChangeKind]:
    before, after = _folded(before), _folded(after)
    if before == after:
        return []
    if _matches("withdrawals", after) and not _matches("withdrawals", before):
        return ["withdrawal", "headline"]
    kind = _edited(before, after)
    return ["typo"] if kind == "typo" else ["headline"] if kind != "figures" else ["figures", "headline"]


def _sentences(body: str) -> list[str]:
    starts = [0, *sentence_starts(body)]
    if len(starts) > MOST_SENTENCES:
        starts = starts[:MOST_SENTENCES]
    ends = [*starts[1:], len(body)]
    return [text for start, end in zip(starts, ends, strict=True) if (text := _folded(body[start:end]))]


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _differences(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """Where the sequences differ, as difflib has it. A middle that would take long to align differs as a whole."""
    most = min(len(before), len(after))
    first = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), most)
    ends = zip(reversed(before), reversed(after), strict=False)
    last = min(most - first, next((n for n, (a, b) in enumerate(ends) if a != b), most))
    olds, news = before[first : len(before) - last], after[first : len(after) - last]
    counted = Counter(olds)
    if sum(counted[each] for each in news) > MOST_MATCHES:
        yield "replace", first, first + len(olds), first, first + len(news)
        return
    for tag, i, i_end, j, j_end in SequenceMatcher(None, olds, news, autojunk=False).get_opcodes():
        if tag != "equal":
            yield tag, first + i, first + i_end, first + j, first + j_end


def _pairs(before: Sequence[str], after: Sequence[str]) -> Iterator[_Pair]:
    """The sentences that differ, in the order of the texts."""
    for tag, i, i_end, j, j_end in _differences(before, after):
        if tag == "replace":
            yield from _replaced(before[i:i_end], after[j:j_end])
        elif tag == "delete":
            yield from (_Pair(sentence, "", "removal") for sentence in before[i:i_end])
        elif tag == "insert":
            yield from (_Pair("", sentence, _added(sentence, "addition")) for sentence in after[j:j_end])


def _with_moved(pairs: Sequence[_Pair]) -> list[_Pair]:
    """The pairs, in which a sentence that only moved is neither removed nor added: the passage was rewritten."""
    moved = {p.before for p in pairs if not p.after} & {p.after for p in pairs if not p.before}
    return [
        replace(p, kind="rewritten") if not (p.before and p.after) and (p.before or p.after) in moved else p
        for p in pairs
    ]


def _replaced(before: Sequence[str], after: Sequence[str]) -> Iterator[_Pair]:
    """A passage in place of another: sentences that are alike were edited, the others replaced or came and went."""
    partners = _partners(before, after)
    taken = set(partners.values())
    is_exchange = len(partners) < len(before) and len(taken) < len(after)
    nxt = 0
    for i, was in enumerate(before):
        if i not in partners:
            yield _Pair(was, "", "rewritten" if is_exchange else "removal")
            continue
        yield from _new(after[nxt : partners[i]], is_exchange=is_exchange)
        now, nxt = after[partners[i]], partners[i] + 1
        yield _Pair(was, now, _said_in(was, now) or _edited(was, now))
    yield from _new(after[nxt:], is_exchange=is_exchange)


def _new(sentences: Sequence[str], *, is_exchange: bool) -> Iterator[_Pair]:
    yield from (_Pair("", text, _added(text, "rewritten" if is_exchange else "addition")) for text in sentences)


def _added(sentence: str, otherwise: ChangeKind) -> ChangeKind:
    return _said_in("", sentence) or otherwise


def _said_in(before: str, after: str) -> ChangeKind | None:
    """Whether the sentence says that something was withdrawn or corrected, and the one before did not."""
    for kind, table in (("withdrawal", "withdrawals"), ("notice", "notices")):
        if _matches(table, after) and not _matches(table, before):
            return "withdrawal" if kind == "withdrawal" else "notice"
    return None


def _partners(before: Sequence[str], after: Sequence[str]) -> dict[int, int]:
    """For each sentence that was edited, the place of its new form: in order, and as much alike as possible."""
    olds, news = [Counter(_words(s)) for s in before], [Counter(_words(s)) for s in after]
    if len(before) > MOST_PAIRED or len(after) > MOST_PAIRED:
        return {i: i for i, (old, new) in enumerate(zip(olds, news, strict=False)) if _alike(old, new)}
    like = [[_alike(old, new) for new in news] for old in olds]
    best = [[0.0] * (len(news) + 1) for _ in range(len(olds) + 1)]
    for i in reversed(range(len(olds))):
        for j in reversed(range(len(news))):
            pair = like[i][j] + best[i + 1][j + 1] if like[i][j] else 0.0
            best[i][j] = max(best[i + 1][j], best[i][j + 1], pair)
    found, i, j = dict[int, int](), 0, 0
    while i < len(olds) and j < len(news):
        if like[i][j] and best[i][j] == like[i][j] + best[i + 1][j + 1]:
            found[i] = j
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return found


def _alike(one: Counter[str], other: Counter[str]) -> float:
    """The share of words that two sentences have in common; 0 if too small for one to be the other's new form."""
    share = 2 * (one & other).total() / max(one.total() + other.total(), 1)
    return share if share >= ALIKE else 0.0


def _words(text: str) -> list[str]:
    return _WORD.findall(text)


def _edited(before: str, after: str) -> ChangeKind:
    """What kind of edit made one sentence into the other: of figures, of spelling, or of its wording."""
    olds, news = _words(before), _words(after)
    reworded, is_figure, typos = 0, False, 0
    for tag, i, i_end, j, j_end in _differences(olds, news):
        old, new = olds[i:i_end], news[j:j_end]
        if _figures(old) != _figures(new) and (_figures(old) or tag == "replace"):
            is_figure = True
            reworded += max(len(_rest(old)), len(_rest(new)))
        elif _is_typo(old, new, olds[i - 1 : i] + olds[i_end : i_end + 1]):
            typos += max(len(old), len(new))
        else:
            reworded += max(len(old), len(new))
    if is_figure and reworded <= MOST_TYPO_WORDS:
        return "figures"
    if is_figure or reworded or typos > MOST_TYPO_WORDS * 2:
        return "rewritten"
    return "typo"


def _figures(words: Sequence[str]) -> Counter[str]:
    return Counter(word.casefold() for word in words if word[0].isdigit() or _is_figure(word.casefold()))


def _rest(words: Sequence[str]) -> list[str]:
    return [word for word in words if word[0].isalpha() and not _is_figure(word.casefold())]


def _is_typo(old: Sequence[str], new: Sequence[str], neighbours: Sequence[str]) -> bool:
    """Whether the words differ in punctuation, case, joining, a few letters, or by a word that was there twice."""
    was, now = ("".join(w for w in words if w[0].isalnum()).casefold() for words in (old, new))
    if was == now:
        return True
    if not was or not now:
        gone = [word.casefold() for word in (*old, *new) if word[0].isalnum()]
        return len(gone) == 1 and gone[0] in {word.casefold() for word in neighbours}
    if max(len(old), len(new)) > MOST_TYPO_WORDS:
        return False
    if len(old) == len(new):
        return all(_is_misspelt(a.casefold(), b.casefold()) for a, b in zip(old, new, strict=True))
    return _is_misspelt(was, now)


def _is_misspelt(one: str, other: str) -> bool:
    """Whether one word is a misspelling of the other: one letter in short words, two in longer ones.

    >>> _is_misspelt("goverment", "government"), _is_misspelt("recieve", "receive"), _is_misspelt("may", "can")
    (True, True, False)
    """
    shorter = min(len(one), len(other))
    if shorter > LONGEST_WORD:
        return one == other
    most = 0 if shorter < 3 else 1 if shorter < 6 else 2
    return one == other or _distance(one, other, most) <= most


def _distance(one: str, other: str, most: int) -> int:
    """The number of letters that differ, a swap of neighbours counted once (optimal string alignment)."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        last, before = before, row
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]


def _shown(before: str, after: str) -> tuple[str, str]:
    """Both sentences, cut around their first difference if they are long."""
    same = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
    start = max(0, same - BEFORE_CHANGE) if max(len(before), len(after)) > SHOWN_CHARACTERS else 0
    return _cut(before, start), _cut(after, start)


def _cut(text: str, start: int) -> str:
    if not text or (start == 0 and len(text) <= SHOWN_CHARACTERS):
        return text
    kept = text[start : start + SHOWN_CHARACTERS - 2]
    return ("…" if start else "") + kept + ("…" if start + len(kept) < len(text) else "")


def _matches(table: str, text: str) -> bool:
    return bool(text) and _table(table).search(text.casefold()) is not None


def _is_figure(word: str) -> bool:
    return _table("figures").fullmatch(word) is not None


@cache
def _table(name: str) -> re.Pattern[str]:
    text = resources.files("pipelines.resolve").joinpath("edits.toml").read_text(encoding="utf-8")
    return re.compile("|".join(f"(?:{each})" for each in tomllib.loads(text)[name]))
