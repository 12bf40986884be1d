"""Score how copies of one story are told from other stories, and what an article costs.

    make bench-stories CORPUS=folder        or    python -m tests.bench.stories --corpus folder [--show]

A corpus is a folder with ``bodies/`` and ``metadata/`` (or one such folder): gold JSON with ``main_content`` or
``body``. From each body copies are made as an agency's customers edit (``tests/bench/syndication.py``), by a fixed
seed; articles that look alike and are not are made from words of ours. Story ids come from the functions that a run
uses: all in one batch, and in two batches through a DuckDB warehouse. A pair of articles is right when both are of one
body and got one story id. Rules were tuned on the bodies whose crc32(name) % 3 is not 0; the rest is kept aside.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import md5
from itertools import combinations
from pathlib import Path
from random import Random

from rich.console import Console
from rich.table import Table

from pipelines.clean.identity import story_signature
from pipelines.clean.text import count_words
from pipelines.resolve.versions import Known, Sighting, resolve
from pipelines.warehouse import load_batch
from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.bench.syndication import Text, copies_of, look_alikes
from tests.builders import FETCHED_AT, coordinates
from tests.warehouse.batches import carried, stage

FEWEST_WORDS = 80  # a shorter gold body is a page's remnant: trimmed, nothing of it would be left to compare


@dataclass(frozen=True, slots=True)
class Scores:
    """Pairs that are copies, that were given one story, and both."""

    true: int
    shown: int
    right: int

    @property
    def precision(self) -> float:
        return self.right / max(1, self.shown)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.true)


def bodies_of(corpus: Path) -> dict[str, str]:
    """Gold bodies by name, each text once."""
    folders = [corpus / name for name in ("bodies", "metadata") if (corpus / name).is_dir()] or [corpus]
    found: dict[str, str] = {}
    for file in sorted(file for folder in folders for file in folder.glob("*.json")):
        gold = json.loads(file.read_text("utf-8"))
        body = str(gold.get("main_content") or gold.get("body") or "").strip()
        if (count_words(body) >= FEWEST_WORDS or len(body) >= FEWEST_WORDS * 6) and body not in found.values():
            found[f"{file.parent.name}/{file.stem}"] = body
    return found


def texts_of(bodies: Mapping[str, str], *, is_aside: bool) -> list[Text]:
    """Originals, copies and look-alikes of one part, in an order that no story has a hand in."""
    texts = [
        text
        for name, body in bodies.items()
        if (zlib.crc32(Path(name).name.encode()) % 3 == 0) is is_aside
        for text in copies_of(name, body)
    ]
    texts += look_alikes(Random(20 + is_aside), 40 if is_aside else 80)
    return sorted(texts, key=lambda text: md5(text.name.encode(), usedforsecurity=False).digest())


def id_of(text: Text) -> str:
    return md5(text.name.encode(), usedforsecurity=False).hexdigest()


def stories_of_batch(texts: Sequence[Text], signatures: Mapping[str, tuple[int, ...]]) -> dict[str, str]:
    """Story ids when all come in one batch."""
    sightings = [
        Sighting(coordinates(n), FETCHED_AT + timedelta(seconds=n), id_of(text), id_of(text) * 2,
                 FETCHED_AT + timedelta(seconds=n), signatures[text.name], count_words(text.body))
        for n, text in enumerate(texts)
    ]
    story = {row.article_id: row.story_id or "" for row in resolve(sightings, Known()).rows}
    return {text.name: story[id_of(text)] for text in texts}


def stories_of_warehouse(
    texts: Sequence[Text], signatures: Mapping[str, tuple[int, ...]]
) -> tuple[dict[str, str], int]:
    """Story ids when half of the texts are in the warehouse before the rest comes, and where the second half begins."""
    cut = len(texts) // 2
    events = [
        carried(n, article_id=id_of(text), content_hash=id_of(text) * 2, title=text.title, body=text.body,
                canonical_url=f"https://outlet-{n}.example/a", fetched_at=FETCHED_AT + timedelta(seconds=n),
                word_count=count_words(text.body), story_signature=signatures[text.name])
        for n, text in enumerate(texts)
    ]
    with tempfile.TemporaryDirectory() as folder:
        warehouse = DuckDBWarehouse(Path(folder) / "news.duckdb", clock=lambda: FETCHED_AT)
        warehouse.prepare()
        for name, part in (("first", events[:cut]), ("second", events[cut:])):
            load_batch(warehouse, stage(Path(folder), *part, batch_id=name, run_id=name))
        story = dict(warehouse.query("SELECT article_id, story_id FROM articles").rows)
    return {text.name: story[id_of(text)] for text in texts}, cut


def scored(texts: Sequence[Text], story: Mapping[str, str], cut: int = 0) -> Scores:
    """Over all pairs, or over those of a text before ``cut`` and one from there on."""

    def pairs(keys: Sequence[object]) -> int:
        whole, first, second = Counter(keys), Counter(keys[:cut]), Counter(keys[cut:])
        return sum(first[k] * second[k] for k in first) if cut else sum(n * (n - 1) // 2 for n in whole.values())

    true, shown = [text.story for text in texts], [story[text.name] for text in texts]
    return Scores(pairs(true), pairs(shown), pairs(list(zip(true, shown, strict=True))))


def recall_of_edits(texts: Sequence[Text], story: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    """For each kind of edit: copies made by it, and how many share their original's story."""
    original = {text.story: story[text.name] for text in texts if text.edits == ("original",)}
    found: dict[str, list[bool]] = defaultdict(list)
    for text in texts:
        if text.story in original and text.edits != ("original",):
            among = (f"{len(text.edits)} edits", *(f"  {edit}" for edit in text.edits))
            for kind in text.edits if len(text.edits) == 1 else among:
                found[kind].append(story[text.name] == original[text.story])
    return {kind: (len(hits), sum(hits)) for kind, hits in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="a folder with bodies/ and metadata/")
    parser.add_argument("--show", action="store_true", help="name stories that were welded and copies that were missed")
    options = parser.parse_args()
    bodies = bodies_of(options.corpus)
    if not bodies:
        sys.exit(f"No gold bodies in {options.corpus}: it needs bodies/*.json or metadata/*.json.")
    summary = Table(title="Copies of a story: pairs", title_justify="left")
    for column in ("", "texts", "prec.", "recall", "prec. 2", "recall 2", "ms sign", "ms tell"):
        summary.add_column(column)
    edits: dict[bool, dict[str, tuple[int, int]]] = {}
    for is_aside in (False, True):
        texts = texts_of(bodies, is_aside=is_aside)
        started = time.process_time()
        signatures = {text.name: story_signature(text.body) for text in texts}
        signed = time.process_time()
        at_once = stories_of_batch(texts, signatures)
        shown = time.process_time()
        in_two, cut = stories_of_warehouse(texts, signatures)
        one, two = scored(texts, at_once), scored(texts, in_two, cut)
        edits[is_aside] = recall_of_edits(texts, in_two)
        spent = (f"{1000 * seconds / len(texts):.2f}" for seconds in (signed - started, shown - signed))
        shares = (f"{share:.4f}" for share in (one.precision, one.recall, two.precision, two.recall))
        summary.add_row("aside" if is_aside else "tuned on", str(len(texts)), *shares, *spent)
        if options.show:
            _show(texts, in_two)
    Console().print(summary)
    Console().print(_edits_table(edits))


def _edits_table(edits: Mapping[bool, Mapping[str, tuple[int, int]]]) -> Table:
    table = Table(title="Copies that share their original's story, by edit", title_justify="left")
    for column in ("edit", "copies, tuned on", "recall", "copies, aside", "recall"):
        table.add_column(column)
    for kind in sorted({kind for part in edits.values() for kind in part}, key=lambda kind: (kind[0] == " ", kind)):
        cells = []
        for is_aside in (False, True):
            count, hits = edits[is_aside].get(kind, (0, 0))
            cells += [str(count), f"{hits / count:.3f}" if count else ""]
        table.add_row(kind, *cells)
    return table


def _show(texts: Sequence[Text], story: Mapping[str, str]) -> None:
    shown: dict[str, list[Text]] = defaultdict(list)
    for text in texts:
        shown[story[text.name]].append(text)
    for group in shown.values():
        if len({text.story for text in group}) > 1:
            Console().print("welded:", ", ".join(text.name for text in group))
    for one, other in combinations([text for text in texts if text.edits], 2):
        if one.story == other.story and story[one.name] != story[other.name]:
            Console().print(f"parted: {one.name} | {other.name}")


if __name__ == "__main__":
    main()
