"""Measure what a batch costs in a small, a middling and a large warehouse, and how quickly the marts answer.

    make bench-warehouse      or    python -m tests.bench.warehouse --sizes 10000,100000,1000000 --warehouse URL

Both warehouses are measured, one after the other: a DuckDB file, and a PostgreSQL server that is started for it, with
its own settings but for autovacuum, which would run at times of its own: the tables are vacuumed and analysed, and a
checkpoint is made, before each measured size.

A warehouse is filled to each size with made-up articles (see ``news``), by the same load in larger batches. Around each
size three batches of 2,000 are loaded, each by a process of its own, its libraries loaded: 1,700 new articles, 200
updates picked all over the history and 100 copies of articles of the two weeks before. Beside each, a bare bulk load
of the rows that the batch left behind goes into empty copies of the tables, with their keys and indexes. CPU is user
and system time of all threads, and of all processes of a PostgreSQL server on this machine (a server elsewhere is not
counted); of the three batches each figure is the median, of memory the highest. Memory is that of the process that
loads, without a server's.

The last line of each warehouse has CPU at the largest size over that at the smallest, CPU over that of the bare load at
the largest size, and the peak memory.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from flows.attention import CHANGES
from flows.local.postgres import LocalPostgres
from pipelines.resolve.state import Lookup
from pipelines.stage import Folder, StagedBatch, read_manifest
from pipelines.warehouse import Loaded, Warehouse, load_batch, mart_examples, open_warehouse
from tests.bench.metering import Cost, metered, server_of
from tests.bench.news import News

SIZES = (10_000, 100_000, 1_000_000)
NEW, UPDATES, MEASURED = 1_800, 200, 3  # of the new ones, 100 are copies
FILLED_AT_ONCE = 20_000
SLOW_S = {"duckdb": 2.0, "postgresql": 5.0}

OF_THE_BATCH = {  # what a batch leaves behind, by table
    "articles": "batch_id = $1",
    "article_versions": "batch_id = $1",
    "ledger": "batch_id = $1",
    "mentions": "article_id IN (SELECT article_id FROM articles WHERE batch_id = $1)",
    "article_entities": "article_id IN (SELECT article_id FROM articles WHERE batch_id = $1)",
    "story_bands": "article_id IN (SELECT article_id FROM articles WHERE batch_id = $1)",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """A size with the costs of the batches published there, and of their rows' bare loads."""

    articles: int
    batches: tuple[Cost, ...]
    bare: tuple[Cost, ...]

    @property
    def cpu_s(self) -> float:
        return median(cost.cpu_s for cost in self.batches)

    @property
    def bare_cpu_s(self) -> float:
        return median(cost.cpu_s for cost in self.bare)

    @property
    def peak_bytes(self) -> int:
        return max(cost.peak_bytes for cost in self.batches)


def measure(url: str, sizes: tuple[int, ...], console: Console) -> list[Measured]:
    """Fills the warehouse to each size and publishes measured batches there: half of them before it is reached."""
    warehouse = open_warehouse(url)
    warehouse.prepare()
    measured = []
    with tempfile.TemporaryDirectory(prefix="bench-warehouse-") as scratch:
        news = News(Path(scratch), expected=int(sizes[-1] * 1.02))
        for size in sizes:
            _fill(warehouse, news, size - NEW * MEASURED // 2, console)
            warehouse.store_attention(CHANGES)  # as a run does after ARTICLES articles, which is more than are measured
            _settle(url)
            batches, bare = [], []
            for _ in range(MEASURED):
                batch = news.batch(NEW, UPDATES)
                batches.append(_in_a_process("load", url, batch.folder.path))
                rows = _rows_of(warehouse, batch, Path(scratch) / "rows")
                bare.append(_in_a_process("bare", url, rows))
                _remove(batch)
            measured.append(Measured(size, tuple(batches), tuple(bare)))
            console.print(f"{size:>9,} articles: {measured[-1].cpu_s:.1f} s CPU a batch", highlight=False)
        _check(warehouse, news)
    return measured


def _fill(warehouse: Warehouse, news: News, size: int, console: Console) -> None:
    while news.articles < size:
        began = time.monotonic()
        new = min(FILLED_AT_ONCE, size - news.articles)
        batch = news.batch(new, new // 10)
        made = time.monotonic()
        loaded = load_batch(warehouse, batch)
        _remove(batch)
        console.print(
            f"{news.articles:>9,} articles: made in {made - began:.0f} s, "
            f"loaded in {time.monotonic() - made:.0f} s {dict(loaded.outcomes)}",
            style="dim", highlight=False, soft_wrap=True,
        )


def _settle(url: str) -> None:
    """A PostgreSQL server that has just been filled does what it would have done in the course of days."""
    if kind_of(url) == "postgresql":
        with psycopg.connect(url, autocommit=True) as con:
            con.execute("VACUUM (ANALYZE)")
            con.execute("CHECKPOINT")


def _check(warehouse: Warehouse, news: News) -> None:
    """The measured work was the work that is meant: every article is there, and copies were told."""
    counted = warehouse.query("SELECT count(*), count(DISTINCT story_id), max(version) FROM articles").rows[0]
    assert counted[0] == news.articles, f"{counted[0]} articles are there, {news.articles} were made"
    copies = news.articles // 18
    assert news.articles - counted[1] > 0.9 * copies, f"{news.articles - counted[1]} of {copies} copies were found"
    assert counted[2] > 1, "no article has a second version"


def _rows_of(warehouse: Warehouse, batch: StagedBatch, folder: Path) -> Path:
    """The rows that the batch left behind, a Parquet file a table."""
    folder.mkdir(exist_ok=True)
    for table, which in OF_THE_BATCH.items():
        found = warehouse.query(f"SELECT * FROM {table} WHERE {which}", [batch.batch_id])
        pq.write_table(pa.Table.from_pylist(found.records()), folder / f"{table}.parquet", compression="zstd")
    return folder


def _remove(batch: StagedBatch) -> None:
    for path in sorted(batch.folder.path.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    batch.folder.path.rmdir()


def _in_a_process(work: str, url: str, folder: Path) -> Cost:
    command = [sys.executable, "-m", "tests.bench.warehouse", "--warehouse", url, f"--{work}", str(folder)]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Cost(**json.loads(ran.stdout.splitlines()[-1]))


def load(url: str, folder: Path) -> Cost:
    """What publishing the batch costs this process, libraries loaded."""
    warehouse, batch = open_warehouse(url), read_manifest(Folder.at(folder))
    with warehouse.known_state() as known:  # what a process does once: it loads libraries, and those load others
        known.table(Lookup("topics", ("topic",), ("topic",), [(batch.ranges[0].topic,)]))
    with metered(server_of(url)) as cost:
        loaded = load_batch(warehouse, batch)
    _expect(loaded)
    return cost()


def _expect(loaded: Loaded) -> None:
    assert dict(loaded.outcomes) == {"loaded": NEW, "new_version": UPDATES}, f"not what was made: {loaded.outcomes}"


def bare(url: str, folder: Path) -> Cost:
    """What loading the same rows into empty copies of the tables costs this process."""
    loads: dict[str, Callable[[Path], Cost]] = {"duckdb": _bare_duckdb, "postgresql": partial(_bare_postgres, url)}
    kind = kind_of(url)
    if kind not in loads:
        sys.exit(f"There is no bare load for {kind} yet: add one to tests/bench/warehouse.py.")
    return loads[kind](folder)


def _bare_duckdb(folder: Path) -> Cost:
    import duckdb

    from pipelines.warehouse.duckdb import DuckDBWarehouse

    with tempfile.TemporaryDirectory(dir=folder) as empty:
        path = Path(empty) / "bare.duckdb"
        DuckDBWarehouse(path).prepare()
        with metered() as cost, duckdb.connect(str(path)) as con:
            con.execute("BEGIN")
            for file in sorted(folder.glob("*.parquet")):
                con.execute(f"INSERT INTO {file.stem} BY NAME SELECT * FROM read_parquet('{file}')")
            con.execute("COMMIT")
        return cost()


def _bare_postgres(url: str, folder: Path) -> Cost:
    from pipelines.resolve.layout import layout
    from pipelines.warehouse.postgres.connection import PostgresConnection

    tables = {file: layout()[file.stem] for file in sorted(folder.glob("*.parquet"))}
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("DROP SCHEMA IF EXISTS bare CASCADE; CREATE SCHEMA bare")
        for table in tables.values():
            admin.execute(f"CREATE TABLE bare.{table.name} (LIKE public.{table.name} INCLUDING ALL)".encode())
    with metered(server_of(url)) as cost, psycopg.connect(url, cursor_factory=psycopg.ClientCursor) as raw:
        raw.execute("SET search_path = bare")
        con = PostgresConnection(raw)
        for file, table in tables.items():
            rows = pq.read_table(file)
            con.add(table, rows.select([name for name in table.schema.names if name in rows.schema.names]))
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("DROP SCHEMA bare CASCADE")
    return cost()


@dataclass(frozen=True, slots=True)
class Answered:
    """A mart, with the seconds until its first 1,000 rows, a count of all its rows, and its example are there."""

    mart: str
    rows_s: float
    count_s: float
    example_s: float

    @property
    def slowest_s(self) -> float:
        return max(self.rows_s, self.count_s, self.example_s)


def time_marts(url: str) -> list[Answered]:
    warehouse = open_warehouse(url)

    def seconds(sql: str) -> float:
        began = time.monotonic()
        warehouse.query(sql, limit=1_000)
        return time.monotonic() - began

    return [
        Answered(
            mart.name, seconds(f"SELECT * FROM marts.{mart.name}"),
            seconds(f"SELECT count(*) FROM marts.{mart.name}"), seconds(mart.query),
        )
        for mart in mart_examples()
    ]


def kind_of(url: str) -> str:
    """
    >>> kind_of("duckdb:///news.duckdb"), kind_of("postgresql://host/news")
    ('duckdb', 'postgresql')
    """
    return url.partition(":")[0]


def summary(url: str, measured: list[Measured]) -> str:
    """The one line that tells how a warehouse did."""
    first, last = measured[0], measured[-1]
    return (
        f"{kind_of(url)} growth {last.cpu_s / first.cpu_s:.2f} · bulk {last.cpu_s / last.bare_cpu_s:.1f} · "
        f"peak {max(m.peak_bytes for m in measured) / 1e9:.1f} GB"
    )


def report(url: str, measured: list[Measured], console: Console) -> None:
    table = Table("articles", "CPU s", "of a server", "wall s", "bare load CPU s", "beside it", "peak GB")
    for m in measured:
        table.add_row(
            f"{m.articles:,}", f"{m.cpu_s:.2f}", f"{median(c.server_cpu_s for c in m.batches):.2f}",
            f"{median(c.wall_s for c in m.batches):.2f}", f"{m.bare_cpu_s:.2f}",
            f"{m.cpu_s / m.bare_cpu_s:.1f} ×", f"{m.peak_bytes / 1e9:.2f}",
        )
    console.print(table)
    answered, limit = time_marts(url), SLOW_S.get(kind_of(url), 2.0)
    answers = Table("mart", "first 1,000 rows s", "count s", "example s")
    for a in answered:
        answers.add_row(a.mart, f"{a.rows_s:.2f}", f"{a.count_s:.2f}", f"{a.example_s:.2f}")
    console.print(answers)
    slow = ", ".join(a.mart for a in answered if a.slowest_s > limit)
    console.print(f"marts over {limit:.0f} s at {measured[-1].articles:,} articles: {slow or 'none'}", soft_wrap=True)


def warehouses(named: str | None, folder: Path) -> Iterator[str]:
    """The address of the warehouse that is named; without one, of an empty one of each kind, one after the other."""
    if named:
        yield named
        return
    yield f"duckdb:///{folder}/news.duckdb"
    (folder / "news.duckdb").unlink()
    server = LocalPostgres(folder, overrides={"autovacuum": "off"})
    try:
        yield server.url(server.start())
    finally:
        server.remove()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="articles, the smallest first")
    parser.add_argument("--warehouse", help="an empty one; one of each kind that goes afterwards, if none is named")
    parser.add_argument("--load", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--bare", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    for work, folder in ((load, asked.load), (bare, asked.bare)):
        if folder is not None:
            print(json.dumps(asdict(work(asked.warehouse, folder))))
            return
    sizes = tuple(sorted(int(size) for size in asked.sizes.split(",")))
    console = Console()
    lines = []
    with tempfile.TemporaryDirectory(prefix="bench-warehouse-") as folder:
        for url in warehouses(asked.warehouse, Path(folder)):
            measured = measure(url, sizes, console)
            report(url, measured, console)
            lines.append(summary(url, measured))
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
