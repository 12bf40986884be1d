"""A source that turns is held, shown and released, on a real Kafka: nothing is lost or doubled, whatever is killed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from pipelines.records import OutgoingMessage
from pipelines.settings import KafkaSettings
from pipelines.sinks.kafka import publish_messages
from pipelines.warehouse import open_warehouse
from tests.integration.running import Machine, kill_group
from tests.jobs.test_ingest import PAGE, page

HARBOUR, QUAY = "harbour-crawler", "quay-crawler"
EACH = 25
WALL = files("pipelines.samples").joinpath("pages", "consent-wall.html").read_bytes()
LONGER = "".join(
    f"<p>Pier {n} was measured for the third time this year, and the office found that it had sunk by {n} inches.</p>"
    for n in range(9)
)


def sent(source: str, n: int, value: bytes) -> OutgoingMessage:
    url = f"https://{source}.example/pier/{n}".encode()
    return OutgoingMessage(url, value, (("content-type", b"text/html"), ("url", url), ("source", source.encode())))


def batch_of(number: int, value_of_quay: Callable[[int], bytes] = page) -> list[OutgoingMessage]:
    """As many pages of each source, in turn."""
    numbers = range(number * EACH, (number + 1) * EACH)
    return [one for n in numbers for one in (sent(HARBOUR, n, page(n)), sent(QUAY, n, value_of_quay(n)))]


def walled(n: int) -> bytes:
    """A consent wall for ten pages of a batch's twenty-five."""
    return WALL if n % EACH < 10 else page(n)


def longer(n: int) -> bytes:
    """A page whose article is far longer than it was: a comment section, say, that is taken for it."""
    text = f"The council decided.</p>{LONGER}<p>So much for the piers."
    return PAGE.format(f"Pier {n} to be rebuilt", text).encode()


@pytest.fixture
def machine(kafka: KafkaSettings, make_topic: Callable[..., str], prefect_server: str, tmp_path: Path) -> Machine:
    """A warehouse with five quiet batches of two sources."""
    make_topic(1)
    machine = Machine(tmp_path / "home", kafka, prefect_server, max_records=2 * EACH)
    publish_messages(kafka, kafka.raw_topic, [one for number in range(5) for one in batch_of(number)])
    run = machine.run("ingest", "--json")
    assert run.returncode == 0, run.stdout
    report = json.loads(run.stdout)
    assert (report["batches"], report["outcomes"], report["held"]) == (5, {"loaded": 10 * EACH}, [])
    return machine


def outcomes(machine: Machine) -> Counter[str]:
    warehouse = open_warehouse(f"duckdb:///{machine.home / 'warehouse.duckdb'}")
    return Counter(dict(warehouse.query("SELECT scraper || ' ' || outcome, count(*) FROM ledger GROUP BY 1").rows))


def closes(machine: Machine) -> bool:
    verified = machine.run("ledger", "verify", "--deep", "--json")
    assert verified.returncode == 0, verified.stdout
    told = json.loads(verified.stdout)
    assert sum(p["accounted"] for p in told["partitions"]) == sum(outcomes(machine).values())
    return bool(told["closes"] and told["is_deep"])


def test_a_source_that_turns_to_consent_walls(machine: Machine) -> None:
    publish_messages(machine.kafka, machine.kafka.raw_topic, batch_of(5, walled))
    run = machine.run("ingest")
    assert run.returncode == 0, run.stdout
    loaded = {f"{HARBOUR} loaded": 6 * EACH, f"{QUAY} loaded": 5 * EACH, f"{QUAY} rejected": 10}
    assert outcomes(machine) == Counter(loaded | {f"{QUAY} held": 15})
    assert closes(machine)
    says = "40 % of 25 records were consent walls, usually 0 %"
    for command in ("ingest", "status"):
        shown = run.stdout if command == "ingest" else machine.run("status").stdout
        assert says in shown
        assert f"dateline sources release {QUAY}" in shown
    listed = {row["source"]: row for row in json.loads(machine.run("sources", "list", "--json").stdout)}
    assert [(row["state"], row["waiting"]) for row in (listed[HARBOUR], listed[QUAY])] == [("flowing", 0), ("held", 15)]

    wrong = machine.run("sources", "release", HARBOUR)
    assert wrong.returncode == 1
    assert f"Held are: {QUAY}" in " ".join(wrong.stdout.split())
    kill_group(machine.start_paused(
        "pipelines.warehouse.publish:_told:before:2", "sources", "release", QUAY, DATELINE_BATCH__MAX_RECORDS="6"
    ))
    assert outcomes(machine) == Counter(loaded | {f"{QUAY} loaded": 5 * EACH + 6, f"{QUAY} held": 9})
    assert closes(machine)

    released = machine.run("sources", "release", QUAY)
    assert released.returncode == 0, released.stdout
    assert f"{QUAY} flows again" in released.stdout
    assert outcomes(machine) == Counter(loaded | {f"{QUAY} loaded": 5 * EACH + 15})
    assert closes(machine)
    assert machine.run("sources", "release", QUAY).returncode == 1
    publish_messages(machine.kafka, machine.kafka.raw_topic, batch_of(6))
    assert machine.run("ingest").returncode == 0
    assert outcomes(machine) == Counter({
        f"{HARBOUR} loaded": 7 * EACH, f"{QUAY} loaded": 6 * EACH + 15, f"{QUAY} rejected": 10,
    })


def test_a_source_whose_articles_grow(machine: Machine) -> None:
    publish_messages(machine.kafka, machine.kafka.raw_topic, batch_of(5, longer))
    report = json.loads(machine.run("ingest", "--json").stdout)
    assert report["outcomes"] == {"loaded": EACH, "held": EACH}
    (held,) = report["held"]
    assert (held["source"], [trip["kind"] for trip in held["why"]]) == (QUAY, ["length"])
    assert closes(machine)
