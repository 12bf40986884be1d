"""A scraper with an anomaly is quarantined, shown and released on a real Kafka; kills lose and double nothing."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import pytest

from pipelines.failpoints import Failpoint
from pipelines.records import OutgoingMessage
from pipelines.settings import KafkaSettings
from pipelines.sinks.kafka import make_topics, publish_messages
from pipelines.warehouse import open_warehouse
from tests.integration.running import Machine, json_of, kill_group
from tests.jobs.test_ingest import PAGE, page

pytestmark = pytest.mark.timeout(600)  # six batches, on a machine that may be busy
HARBOUR, QUAY = "harbour-crawler", "quay-crawler"
EACH = 25
LOADED = Counter({f"{HARBOUR} loaded": 6 * EACH, f"{QUAY} loaded": 5 * EACH, f"{QUAY} rejected": 10})
WALL = files("pipelines.samples").joinpath("pages", "consent-wall.html").read_bytes()
LONGER = "".join(
    f"<p>Pier {n} was measured for the third time this year, and the office found that it had sunk by {n} inches.</p>"
    for n in range(9)
)


@dataclass(frozen=True, slots=True)
class Ingested:
    """A machine after its ingest, and what that said."""

    machine: Machine
    said: str


def sent(scraper: str, n: int, value: bytes) -> OutgoingMessage:
    url = f"https://{scraper}.example/pier/{n}".encode()
    return OutgoingMessage(url, value, (("content-type", b"text/html"), ("url", url), ("source", scraper.encode())))


def batch_of(number: int, value_of_quay: Callable[[int], bytes] = page) -> list[OutgoingMessage]:
    """As many pages of each scraper, in turn."""
    numbers = range(number * EACH, (number + 1) * EACH)
    return [one for n in numbers for one in (sent(HARBOUR, n, page(n)), sent(QUAY, n, value_of_quay(n)))]


def walled(n: int) -> bytes:
    """A consent wall for ten pages of a batch's twenty-five."""
    return WALL if n % EACH < 10 else page(n)


def longer(n: int) -> bytes:
    """A page whose article is far longer than it was: a comment section, say, that is taken for it."""
    text = f"The council decided.</p>{LONGER}<p>So much for the piers."
    return PAGE.format(f"Pier {n} to be rebuilt", text).encode()


@pytest.fixture(scope="module")
def quiet(broker: str, prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine that has ingested five quiet batches of two scrapers."""
    kafka = KafkaSettings(
        bootstrap_servers=broker, raw_topic="quarantine-raw", rejected_topic="quarantine-rejected",
        group_id="quarantine", partitions=1,
    )
    make_topics(kafka)
    publish_messages(kafka, kafka.raw_topic, [one for number in range(5) for one in batch_of(number)])
    machine = Machine(tmp_path_factory.mktemp("quiet") / "home", kafka, prefect_server, max_records=2 * EACH)
    run = machine.run("ingest")
    assert run.returncode == 0, run.stdout
    return machine


@pytest.fixture(scope="module")
def ingested(quiet: Machine, tmp_path_factory: pytest.TempPathFactory) -> Ingested:
    """The same after a sixth batch, in which one scraper gets consent walls."""
    machine = copied(quiet, tmp_path_factory.mktemp("quarantine"))
    publish_messages(machine.kafka, machine.kafka.raw_topic, batch_of(5, walled))
    run = machine.run("ingest")
    assert run.returncode == 0, run.stdout
    return Ingested(machine, run.stdout)


def copied(machine: Machine, folder: Path) -> Machine:
    shutil.copytree(machine.home, folder / "home")
    return replace(machine, home=folder / "home")


@pytest.fixture
def machine(ingested: Ingested, tmp_path: Path) -> Machine:
    """The same, for one test to change."""
    return copied(ingested.machine, tmp_path)


def outcomes(machine: Machine) -> Counter[str]:
    warehouse = open_warehouse(machine.warehouse_url)
    assert warehouse.verify().problems == ()
    return Counter(dict(warehouse.query("SELECT scraper || ' ' || outcome, count(*) FROM ledger GROUP BY 1").rows))


def test_it_is_quarantined_and_the_other_goes_on(ingested: Ingested) -> None:
    machine = ingested.machine
    assert outcomes(machine) == LOADED + Counter({f"{QUAY} quarantined": 15})
    for shown in (ingested.said, machine.run("status").stdout):
        assert "40 % of 25 records were consent walls, usually 0 %" in shown
        assert f"dateline scrapers release {QUAY}" in shown
    listed = {row["scraper"]: row for row in json_of(machine.run("scrapers", "list", "--json").stdout)}
    assert [(listed[name]["state"], listed[name]["waiting"]) for name in (HARBOUR, QUAY)] == [
        ("active", 0), ("quarantined", 15),
    ]


def test_a_release_that_is_killed_is_repeated_and_the_ledger_close(machine: Machine) -> None:
    wrong = machine.run("scrapers", "release", HARBOUR)
    assert wrong.returncode == 1
    assert f"Quarantined scrapers: {QUAY}" in " ".join(wrong.stdout.split())
    kill_group(machine.start_paused(
        f"{Failpoint.CHANGED}:2", "scrapers", "release", QUAY, DATELINE_BATCH__MAX_RECORDS="6"
    ))
    assert outcomes(machine) == LOADED + Counter({f"{QUAY} loaded": 6, f"{QUAY} quarantined": 9})
    released = machine.run("scrapers", "release", QUAY)
    assert released.returncode == 0, released.stdout
    assert f"{QUAY} is active again" in released.stdout
    assert outcomes(machine) == LOADED + Counter({f"{QUAY} loaded": 15})
    verified = machine.run("ledger", "verify", "--deep", "--json")
    assert verified.returncode == 0, verified.stdout
    shown = json_of(verified.stdout)
    assert (shown["closes"], shown["is_deep"], [p["reconciled"] for p in shown["partitions"]]) == (True, True, [300])


def test_a_scraper_whose_articles_grow_waits_too(
    quiet: Machine, kafka: KafkaSettings, make_topic: Callable[..., str], tmp_path: Path
) -> None:
    make_topic(1)
    publish_messages(kafka, kafka.raw_topic, batch_of(5, longer))
    machine = replace(copied(quiet, tmp_path), kafka=kafka)  # a scraper's past is the same in every topic
    run = machine.run("ingest", "--json")
    assert run.returncode == 0, run.stdout
    report = json_of(run.stdout)
    assert report["outcomes"] == {"loaded": EACH, "quarantined": EACH}
    (quarantined,) = report["quarantined"]
    assert (quarantined["scraper"], [anomaly["kind"] for anomaly in quarantined["why"]]) == (QUAY, ["length"])
    assert outcomes(machine) == Counter(
        {f"{HARBOUR} loaded": 6 * EACH, f"{QUAY} loaded": 5 * EACH, f"{QUAY} quarantined": EACH}
    )
