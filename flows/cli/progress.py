"""Progress bars: of a run that is watched, and of a stream that is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING

from flows.cli.screen import Screen, safe
from flows.watching import Watcher

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from pipelines.settings import KafkaSettings

SAID_AFTER_S = 0.3  # what takes longer is shown while it lasts

WORDS = {
    "connect": "connecting to Kafka",
    "plan": "looking",
    "transform": "reading pages",
    "audit": "auditing",
    "load": "loading",
    "report": "reporting",
}


def a_bar(screen: Screen) -> Progress:
    """A bar on the error stream, so that what a command prints can be piped; still, where there is no terminal."""
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
    """Moves a progress bar as a run goes by."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        self.bar, self.task = bar, task

    def step(self, name: str, batch: int) -> None:
        self.bar.update(self.task, description=f"Ingesting, batch {batch}: {WORDS.get(name, name)}")

    def found(self, records: int) -> None:
        self.bar.update(self.task, total=max(records, 1) if records else None)

    def done(self, records: int) -> None:
        self.bar.update(self.task, completed=records)

    def note(self, text: str) -> None:
        self.bar.console.print(safe(text, 600), style="yellow")

    def loaded(self, outcomes: Mapping[str, int]) -> None:
        self.bar.update(self.task, refresh=True)


@contextmanager
def connecting(screen: Screen, kafka: KafkaSettings) -> Iterator[None]:
    """Shows, from the first second on, that the broker is being connected to; a quick answer leaves nothing behind.

    Written to the error stream: a spinner on a terminal, else one line.
    """
    text = f"Connecting to Kafka at {safe(kafka.bootstrap_servers)}, {kafka.connect_timeout_s:g} s at most …"
    if screen.notes.is_terminal:
        with screen.notes.status(text):
            yield
        return
    timer = Timer(SAID_AFTER_S, screen.note, (text,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def run_bar(screen: Screen, *, quiet: bool = False) -> Iterator[Watcher]:
    if quiet:
        yield Watcher()
        return
    with a_bar(screen) as bar:
        yield BarWatcher(bar, bar.add_task("Starting", total=None))


@contextmanager
def counting[T](screen: Screen, what: str, *, quiet: bool = False) -> Iterator[Callable[[Iterable[T]], Iterator[T]]]:
    """A function that passes an iterable on and counts it on the screen."""
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
