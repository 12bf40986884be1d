"""Score names found in texts beside the bare model's, and what each costs, in one run.

    make bench-entities CORPUS=folder        or    python -m tests.bench.entities --corpus folder [--half tuned|held]

A corpus is a folder with ``entities/*`` (or one such file): token and type a line, CoNLL-2003's form. Texts are
rebuilt from the tokens, a sentence a line. A name counts when start, end and type are all equal. The bare model is
spaCy with ``ner`` alone, its labels mapped to the four types. ``--half`` scores every second text: the rules were
tuned on the first half.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from pipelines.enrich import Models, load_models
from pipelines.enrich.article import find_names
from pipelines.settings import Settings

type Named = tuple[int, int, str]

CLOSING = frozenset(
    (".", ",", ";", ":", "?", "!", ")", "]", "%", "'", "''", "n't", "'s", "'m", "'d", "'re", "'ve", "'ll")
)
OPENING = frozenset(("(", "[", "$", "#", "``", "£", "€"))
TYPES = ("PER", "LOC", "ORG", "MISC")


@dataclass(frozen=True, slots=True)
class Gold:
    text: str
    names: frozenset[Named]


def texts_of(file: Path) -> list[Gold]:
    """The texts of a CoNLL-2003 file, rebuilt."""
    return [_rebuilt(sentences) for sentences in _documents(file)]


def _documents(file: Path) -> Iterator[list[list[tuple[str, str]]]]:
    for block in file.read_text(encoding="utf-8").split("-DOCSTART-")[1:]:
        sentences = (part.splitlines() for part in block.split("\n\n")[1:])
        yield [[(line.split()[0], line.split()[-1]) for line in lines if line.strip()] for lines in sentences if lines]


def _rebuilt(sentences: Sequence[Sequence[tuple[str, str]]]) -> Gold:
    text = ""
    names: list[Named] = []
    for sentence in sentences:
        text += "\n" if text else ""
        glued, in_quotes, last = True, False, "O"
        for token, tag in sentence:
            closes = token in CLOSING or (token == '"' and in_quotes)
            in_quotes ^= token == '"'
            text += "" if glued or closes else " "
            start = len(text)
            text += token
            glued = token in OPENING or (token == '"' and in_quotes)
            if tag != "O":
                if last != "O" and tag.startswith("I") and last[2:] == tag[2:]:
                    start = names.pop()[0]
                names.append((start, len(text), tag[2:]))
            last = tag
    return Gold(text, frozenset(names))


def f1(gold: Sequence[Gold], found: Sequence[frozenset[Named]], types: Sequence[str]) -> tuple[float, float, float]:
    """F1, precision and recall of names of these types, over all texts together."""
    right = wrong = missed = 0
    for one, names in zip(gold, found, strict=True):
        true = {name for name in one.names if name[2] in types}
        said = {name for name in names if name[2] in types}
        right, wrong, missed = right + len(true & said), wrong + len(said - true), missed + len(true - said)
    return 2 * right / max(1, 2 * right + wrong + missed), right / max(1, right + wrong), right / max(1, right + missed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="a folder with entities/*.testa, or such a file")
    parser.add_argument("--half", choices=("tuned", "held"), help="the texts that rules were tuned on, or the rest")
    parser.add_argument("--model", default=Settings().models[0], help="package of the spaCy model")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    files = [options.corpus] if options.corpus.is_file() else sorted(options.corpus.glob("entities/*"))
    models = load_models([options.model])
    for file in files:
        gold = texts_of(file)
        gold = gold[0::2] if options.half == "tuned" else gold[1::2] if options.half == "held" else gold
        Console().print(_table(file, gold, models))


def _table(file: Path, gold: Sequence[Gold], models: Models) -> Table:
    engine = models.engines["en"]
    engine.spans([one.text for one in gold[:5]])
    table = Table(title=f"Names in {file.name}, {len(gold)} texts", title_justify="left")
    for column in ("", "all", "PER LOC ORG", *TYPES, "CPU ms a text"):
        table.add_column(column)
    started = time.process_time()
    bare = [frozenset((s.start, s.end, s.type) for s in engine.spans([one.text])[0]) for one in gold]
    between = time.process_time()
    ours = [frozenset((n.start, n.end, n.type) for n in find_names(one.text, engine, models)) for one in gold]
    ended = time.process_time()
    for name, found, spent in (("model alone", bare, between - started), ("Dateline", ours, ended - between)):
        scores = [f"{f1(gold, found, types)[0]:.3f}" for types in (TYPES, TYPES[:3], *((kind,) for kind in TYPES))]
        table.add_row(name, *scores, f"{1000 * spent / len(gold):.1f}")
    return table


if __name__ == "__main__":
    main()
