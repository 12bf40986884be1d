"""How soon an article is in the warehouse after its arrival in Kafka: ``make bench-freshness ARTICLES=18000``.

Starts a Kafka and a Prefect server of its own and a run that follows a topic, publishes articles at a steady rate, and
takes for each one the time from its timestamp in Kafka to the moment at which the run has committed its batch. The
articles are made up, of some 120 words each. 18,000 of them, five a second, take an hour. The first batches, for which
workers load their models, count like all others.
"""

from __future__ import annotations

import argparse
import itertools
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from flows.stopping import Stop, stoppable
from flows.targets import with_settings
from flows.watching import Watcher, watched_by
from pipelines.settings import Settings
from pipelines.sinks.kafka import publish_messages
from pipelines.warehouse import open_warehouse
from tests.bench.follow import SEED, resident_megabytes, servers
from tests.soak.messages import messages

PATIENCE_S = 120.0
WARM_AFTER_S = 60.0


@dataclass(slots=True)
class Finished(Watcher):
    """When each batch was committed, as seconds since the epoch, and the run's memory then."""

    at: dict[int, float] = field(default_factory=dict)
    megabytes: list[float] = field(default_factory=list)

    def loaded(self, outcomes: Mapping[str, int]) -> None:
        self.at[len(self.at) + 1] = time.time()
        self.megabytes.append(resident_megabytes())


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--articles", type=int, default=18_000)
    asked.add_argument("--per-second", type=int, default=5)
    wanted = asked.parse_args()
    with servers() as settings, stoppable() as stop:
        from flows.ingest import ingest

        seen = Finished()
        work = (settings, seen, stop, wanted.articles, wanted.per_second)
        threading.Thread(target=_feed, args=work, daemon=True).start()
        with watched_by(seen), with_settings(settings):
            ingest(follow=True)
        stamps = open_warehouse(settings.warehouse_url).query("SELECT message_at, batch_id FROM ledger").rows
    waits = np.array([seen.at[_number(batch)] - _seconds(at) for at, batch in stamps if _number(batch) in seen.at])
    middle, late = np.percentile(waits, [50, 95])
    grown = seen.megabytes[len(seen.megabytes) // 10 :]
    print(
        f"batches {len(seen.at)} · slowest {waits.max():.1f} s · memory {grown[0]:.0f} MB to {grown[-1]:.0f} MB, "
        f"most {max(seen.megabytes):.0f} MB"
    )
    print(f"p50 {middle:.1f} s · p95 {late:.1f} s · articles {len(waits)}")


def _number(batch_id: str) -> int:
    """
    >>> _number("1f00-00012")
    12
    """
    return int(batch_id.rpartition("-")[2])


def _seconds(at: datetime) -> float:
    return at.timestamp()


def _feed(settings: Settings, seen: Finished, stop: Stop, articles: int, per_second: int) -> None:
    """Publishes at the rate, whatever the run does, and stops the run when it has caught up."""
    made = messages(SEED)
    try:
        began = time.monotonic()
        for second in range(-(-articles // per_second)):
            time.sleep(max(0.0, began + second - time.monotonic()))
            publish_messages(settings.kafka, settings.kafka.raw_topic, list(itertools.islice(made, per_second)))
        until, last = time.monotonic() + PATIENCE_S, time.time()
        while time.monotonic() < until and max(seen.at.values(), default=0.0) < last + 5:
            if time.time() - max(seen.at.values(), default=last) > 10:
                return  # nothing new for ten seconds: the run has caught up
            time.sleep(0.2)
    finally:
        stop.ask()


if __name__ == "__main__":
    main()
