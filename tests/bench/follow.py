"""How long a small batch takes in a standing run, and whether its memory grows: ``make bench-follow BATCHES=300``.

Starts a Kafka and a Prefect server of its own, follows a topic, publishes a batch each time the one before is loaded,
and prints seconds from the acknowledged message to the finished batch, and the memory of the run and its workers.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from flows.local.kafka import LocalKafka
from flows.stopping import Stop, stoppable
from flows.targets import a_prefect_api, at_broker, with_settings
from flows.watching import Watcher, watched_by
from pipelines.settings import Settings
from pipelines.sinks.kafka import make_topics, publish_messages
from tests.soak.messages import messages

WARM_AFTER = 10  # batches, after which every worker has loaded what it needs
PATIENCE_S = 300.0
SEED = 7


@dataclass(slots=True)
class Seen(Watcher):
    """Counts the batches that are done: a run plans the next one when the last is loaded and announced."""

    finished: int = 0
    seconds: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)

    def step(self, name: str, batch: int) -> None:
        if name == "plan":
            self.finished = batch - 1


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--batches", type=int, default=300)
    asked.add_argument("--messages", type=int, default=1, help="messages in a batch")
    wanted = asked.parse_args()
    with servers() as settings, stoppable() as stop:
        from flows.ingest import ingest

        seen = Seen()
        work = (settings, seen, stop, wanted.batches, wanted.messages)
        feeder = threading.Thread(target=_feed, args=work, daemon=True)
        with watched_by(seen), with_settings(settings):
            feeder.start()
            report = ingest(follow=True)
    warm, grown = seen.seconds[WARM_AFTER:] or seen.seconds, seen.megabytes[WARM_AFTER:] or seen.megabytes
    print(
        f"batches {len(seen.seconds)} · records {report['records']} · first {seen.seconds[0]:.1f} s · "
        f"median {statistics.median(warm):.2f} s · slowest {max(warm):.2f} s · "
        f"memory {grown[0]:.0f} MB to {grown[-1]:.0f} MB"
    )


@contextmanager
def servers() -> Iterator[Settings]:
    with ExitStack() as until_the_end:
        home = Path(until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="dateline-")))
        running = until_the_end.enter_context(LocalKafka(home).for_now())
        settings = at_broker(Settings(home=home), running.address)
        make_topics(settings.kafka)
        until_the_end.enter_context(a_prefect_api(home))
        yield settings


def _feed(settings: Settings, seen: Seen, stop: Stop, batches: int, size: int) -> None:
    made = messages(SEED)
    try:
        for number in range(1, batches + 1):
            publish_messages(settings.kafka, settings.kafka.raw_topic, list(itertools.islice(made, size)))
            began = time.monotonic()
            while seen.finished < number:
                if time.monotonic() - began > PATIENCE_S:
                    return
                time.sleep(0.01)
            seen.seconds.append(time.monotonic() - began)
            seen.megabytes.append(resident_megabytes())
    finally:
        stop.ask()


def resident_megabytes() -> float:
    """Of this process and all that it started, but the servers, which are in sessions of their own."""
    run = psutil.Process()
    family = [run, *(child for child in run.children(recursive=True) if "forkserver" in " ".join(child.cmdline()))]
    return sum(process.memory_info().rss for process in family) / 1e6


if __name__ == "__main__":
    main()
