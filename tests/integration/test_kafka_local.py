"""The Kafka of one machine: started, found, killed, stopped; what was acknowledged is still there."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.local.faults import BrokerDied, PortTaken
from flows.local.kafka import LocalKafka
from flows.local.processes import Running
from pipelines.records import OffsetRange, RawMessage
from pipelines.settings import KafkaSettings
from pipelines.sinks.kafka import OutgoingMessage, make_topics, publish_messages
from pipelines.sources.kafka import CorruptBatch, read_range

STARTER = """
import sys, time
from pathlib import Path
from flows.local.kafka import LocalKafka
LocalKafka(Path(sys.argv[1])).start(stays=sys.argv[2] == "stays")
print("started", flush=True)
time.sleep(0 if sys.argv[2] == "stays" else 100)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home whose Kafka is formatted once for all tests here, and runs after none."""
    folder = tmp_path_factory.mktemp("home")
    yield folder
    LocalKafka(folder).stop()


@pytest.fixture
def local(home: Path) -> Iterator[LocalKafka]:
    kafka = LocalKafka(home)
    yield kafka
    kafka.stop()


def starter(home: Path, how: str) -> subprocess.Popen[str]:
    """A process of another program that has started the home's Kafka."""
    started = subprocess.Popen([sys.executable, "-c", STARTER, str(home), how], stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None
    with started.stdout as said:
        assert said.readline() == "started\n"
    return started


def eventually(condition: Callable[[], bool], within_s: float = 15) -> bool:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.05)
    return False


def kill(running: Running) -> None:
    os.kill(running.pid, signal.SIGKILL)
    assert eventually(lambda: running.process() is None)


def settings_of(running: Running) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=running.address, partitions=1, request_timeout_s=20)


def test_what_was_acknowledged_outlives_a_kill_and_a_reader_too(local: LocalKafka) -> None:
    running = local.start()
    kafka = settings_of(running)
    make_topics(kafka)
    values = [bytes([number % 251]) * 4_000 for number in range(3_000)]
    publish_messages(kafka, kafka.raw_topic, [OutgoingMessage(b"k", value) for value in values])
    reading = read_range(kafka, OffsetRange(kafka.raw_topic, 0, 0, 3_000))
    found = [next(reading) for _ in range(10)]
    kill(running)
    assert local.running() is None
    again = local.start()
    assert (again.port, again.pid != running.pid) == (running.port, True)
    found += reading
    assert [item.value for item in found if isinstance(item, RawMessage)] == values


def test_a_batch_that_is_damaged_on_disk_is_named(local: LocalKafka) -> None:
    kafka = settings_of(local.start())
    make_topics(kafka, {"damaged": {}})
    publish_messages(kafka, "damaged", [OutgoingMessage(b"k", b"sound")])
    publish_messages(kafka, "damaged", [OutgoingMessage(b"k", b"to be hurt")])
    local.stop()
    segment = local.folder / "data" / "damaged-0" / f"{0:020}.log"
    content = segment.read_bytes()
    assert b"to be hurt" in content
    segment.write_bytes(content.replace(b"to be hurt", b"to be HURT"))
    local.start()
    reading = read_range(kafka, OffsetRange("damaged", 0, 0, 2))
    first = next(reading)
    assert isinstance(first, RawMessage)
    assert first.value == b"sound"
    with pytest.raises(CorruptBatch, match=r"damaged/0 cannot be read at or after offset 1: CorruptRecordError"):
        next(reading)


def test_one_for_now_ends_with_its_block_and_is_used_inside(local: LocalKafka) -> None:
    with local.for_now() as running:
        with local.for_now() as same:
            assert same == running
        assert local.running() == running
    assert running.process() is None
    assert local.running() is None
    assert not local.stop()


def test_it_ends_with_its_starter_however_that_ends(home: Path, local: LocalKafka) -> None:
    started = starter(home, "for now")
    running = local.running()
    assert running is not None
    started.kill()
    started.wait()
    assert eventually(lambda: running.process() is None)
    assert local.running() is None


def test_one_that_stays_outlives_its_starter(home: Path, local: LocalKafka) -> None:
    started = starter(home, "stays")
    assert started.wait(10) == 0
    running = local.running()
    assert running is not None
    assert running.stays
    assert local.stop()
    assert running.process() is None


def test_a_port_that_is_taken_is_named(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=f"Port {port} of this machine is used"):
            LocalKafka(home, port=port).start()


def test_one_that_dies_shows_the_end_of_its_log(home: Path) -> None:
    with pytest.raises(BrokerDied, match=r"(?s)Kafka ended during its start.*num\.io\.threads.*What to do"):
        LocalKafka(home, overrides={"num.io.threads": "0"}).start()
    assert LocalKafka(home).running() is None


def test_settings_that_cannot_be_formatted_are_said(tmp_path: Path) -> None:
    with pytest.raises(BrokerDied, match=r"(?s)could not format.*process\.roles"):
        LocalKafka(tmp_path, overrides={"process.roles": "nonsense"}).start()
