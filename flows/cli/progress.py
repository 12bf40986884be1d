"""Progress bars for runs and for streams of items."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flows.cli.screen import Screen, safe
from flows.watching import Watcher, said_if_slow

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from pipelines.settings import KafkaSettings

WORDS = {
    "connect": "connecting to Kafka",
    "plan": "planning",
    "transform": "reading pages",
    "audit": "auditing",
    "load": "loading",
    "report": "reporting",
}


def a_bar(screen: Screen) -> Progress:
    """A bar on the error stream, so that the output can be piped; it is not shown without a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=screen.notes,
        transient=True,
        disable=not screen.notes.is_terminal,
    )


class BarWatcher(Watcher):
    """Shows the progress of a run as a progress bar."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        self.bar, self.task = bar, task

    def step(self, name: str, batch: int) -> None:
        self.bar.update(self.task, description=f"Batch {batch}: {WORDS.get(name, name)}")

    def expect(self, records: int) -> None:
        self.bar.update(self.task, total=max(records, 1) if records else None)

    def done(self, records: int) -> None:
        self.bar.update(self.task, completed=records)

    def note(self, text: str) -> None:
        self.bar.console.print(safe(text, 600), style="yellow")

    def loaded(self, outcomes: Mapping[str, int]) -> None:
        self.bar.update(self.task, refresh=True)


@contextmanager
def connecting(screen: Screen, kafka: KafkaSettings) -> Iterator[None]:
    """Show on the error stream that Dateline connects: a spinner on a terminal, else a line if it takes long."""
    text = f"Connecting to Kafka at {safe(kafka.bootstrap_servers)}, {kafka.connect_timeout_s:g} s at most …"
    if screen.notes.is_terminal:
        with screen.notes.status(text):
            yield
        return
    with said_if_slow(screen.note, text):
        yield


@contextmanager
def run_bar(screen: Screen, *, quiet: bool = False) -> Iterator[Watcher]:
    if quiet:
        yield Watcher()
        return
    with a_bar(screen) as bar:
        yield BarWatcher(bar, bar.add_task("Starting", total=None))


@contextmanager
def counting[T](screen: Screen, what: str, *, quiet: bool = False) -> Iterator[Callable[[Iterable[T]], Iterator[T]]]:
    """A function that yields the items of an iterable and shows their count on the screen."""
    if quiet:
        yield iter
        return
    with a_bar(screen) as bar:
        task = bar.add_task(safe(what), total=None)

        def counted(items: Iterable[T]) -> Iterator[T]:
            for item in items:
                bar.advance(task)
                yield item

        yield counted
