"""``python -m tests.fuzz --messages 20000``: ends on one line, and with 1 where a message crashed, hung or was lost."""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pipelines.jobs.inspect import inspect_message
from pipelines.settings import Settings
from tests.fuzz.messages import message
from tests.fuzz.running import Fuzzed, fuzz


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=None, help="one that was printed, to make the same messages again")
    parser.add_argument("--only", type=int, default=None, help="show what becomes of the message of this number")
    shown = parser.parse_args()
    seed = shown.seed if shown.seed is not None else secrets.randbelow(1_000_000)
    if shown.only is not None:
        return show(seed, shown.only)
    try:
        found = run(shown.messages, seed)
    except KeyboardInterrupt:
        print(f"stopped · seed {seed}", file=sys.stderr)
        return 130
    print(", ".join(f"{name} {count}" for name, count in found.outcomes.most_common()), file=sys.stderr)
    for number, fault in found.unexpected:
        print(f"{fault}: python -m tests.fuzz --seed {seed} --only {number}", file=sys.stderr)
    for problem in found.unaccounted:
        print(problem, file=sys.stderr)
    print(found)
    return 0 if found.is_well else 1


def run(messages: int, seed: int) -> Fuzzed:
    notes = Console(stderr=True)
    columns = TextColumn("mutated messages"), BarColumn(bar_width=28), MofNCompleteColumn(), TimeElapsedColumn()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder, Progress(*columns, console=notes) as bar:
        task = bar.add_task("", total=messages)
        return fuzz(Path(folder) / "home", range(messages), seed, notify=lambda done: bar.update(task, completed=done))


def show(seed: int, number: int) -> int:
    made = message(seed, number)
    print(f"key {made.key!r}\nheaders {made.headers!r:.2000}\nvalue {made.value!r:.3000}")
    if made.value is None:
        print("a tombstone")
        return 0
    seen = inspect_message(made, f"number {number}", Settings(), datetime.now(UTC))
    print(seen.outcome, seen.step, seen.reason, *(f"{v.expectation}: {v.value}" for v in seen.details), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
