"""Score bodies from pages and from text dumps, Dateline's beside other extractors', in one run.

    make bench-clean CORPUS=folder          or    python -m tests.bench.clean --corpus folder

A corpus is a folder of pages with gold (``NAME.html.gz`` and ``NAME.json`` with ``main_content`` or ``body``), or a
folder of such folders. Scores are of 4-word shingles (``tests/quality/scoring.py``), milliseconds
are median CPU a page; extractors take turns on each page.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.corpus import Case, cases_of, dumpers
from tests.bench.extractors import Extractor, dateline_dump_body, extractors
from tests.quality.scoring import score_bodies


def folders_of(corpus: Path) -> list[Path]:
    """The corpus itself, or the folders in it, that hold pages with gold."""
    return [
        folder
        for folder in (corpus, *sorted(p for p in corpus.iterdir() if p.is_dir()))
        if any(folder.glob("*.html*")) and any(folder.glob("*.json"))
    ]


def measured(
    extractors: Mapping[str, Extractor], inputs: Sequence[tuple[str, str | None]], say: Callable[[str], None]
) -> dict[str, tuple[list[str], float]]:
    """What each extractor gives for each input, and its median CPU milliseconds; a crash gives nothing.

    They take turns on each input, so that a machine's busy minute falls on all of them, and in another order each
    time: who comes first finds the input, and who comes after a large one the caches, cold.
    """
    answers: dict[str, list[str]] = {name: [] for name in extractors}
    spent: dict[str, list[float]] = {name: [] for name in extractors}
    turns = random.Random(0)
    for number, (text, url) in enumerate(inputs, 1):
        say(f"{number} of {len(inputs)}")
        for name in turns.sample(sorted(extractors), len(extractors)):
            extract = extractors[name]
            started = time.process_time()
            try:
                answers[name].append(extract(text, url))
            except Exception as fault:  # noqa: BLE001  others' libraries fall over some pages; that is part of the score
                print(f"  {name}: {type(fault).__name__} on {url}", file=sys.stderr)
                answers[name].append("")
            spent[name].append((time.process_time() - started) * 1000)
    return {name: (answers[name], statistics.median(spent[name])) for name in extractors}


def row(name: str, cases: Sequence[Case], answers: Sequence[str], milliseconds: float) -> tuple[str, ...]:
    score = score_bodies((case.body, answer) for case, answer in zip(cases, answers, strict=True))
    return name, f"{score.f1:.3f}", f"{score.precision:.3f}", f"{score.recall:.3f}", f"{milliseconds:.1f}"


def tables_of(folder: Path, every: int, say: Callable[[str], None]) -> Iterable[Table]:
    cases = [case for case in cases_of(folder) if case.body][::every]
    pages = [(case.text, case.url) for case in cases]
    pages_table, dumps_table = (
        Table(title=f"{kind} of {folder.name}, {len(cases)} pages", title_justify="left")
        for kind in ("Bodies from HTML", "Bodies by Dateline from text dumps")
    )
    for table, head in ((pages_table, "extractor"), (dumps_table, "dumper")):
        table.add_column(head)
        for column in ("F1", "precision", "recall", "CPU ms"):
            table.add_column(column, justify="right")
    installed = {name: extract for name, extract in extractors().items() if extract}
    found = measured(installed, pages, lambda progress: say(f"{folder.name}: {progress}"))
    for name in extractors():
        pages_table.add_row(*row(name, cases, *found[name]) if name in found else (name, "not installed"))
    yield pages_table
    for name, dump in dumpers().items():
        if dump is None:
            dumps_table.add_row(name, "not installed")
            continue
        inputs = [(dump(page), url) for page, url in pages]
        read = measured({name: dateline_dump_body}, inputs, lambda progress, name=name: say(f"{name}: {progress}"))
        dumps_table.add_row(*row(name, cases, *read[name]))
    yield dumps_table


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--corpus", type=Path, required=True)
    options.add_argument("--every", type=int, default=1, help="take only every so many pages")
    chosen = options.parse_args()
    warnings.simplefilter("ignore")
    folders = folders_of(chosen.corpus)
    if not folders:
        raise SystemExit(f"No pages with gold in {chosen.corpus}: put NAME.html.gz beside NAME.json.")
    console = Console(width=100)
    progress = Console(stderr=True)
    for folder in folders:
        with progress.status("…") as status:
            for table in tables_of(folder, chosen.every, status.update):
                console.print(table)


if __name__ == "__main__":
    main()
