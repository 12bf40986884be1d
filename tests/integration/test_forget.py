"""Takedowns on a real Kafka: killed at any step they are undone or finished, and nothing of the text is found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.failpoints import Failpoint
from pipelines.records import OutgoingMessage
from pipelines.settings import KafkaSettings
from pipelines.sinks.kafka import make_topics, publish_messages
from pipelines.warehouse import open_warehouse
from tests.integration.running import Machine, json_of, kill_group
from tests.jobs.test_ingest import PAGE, page

pytestmark = pytest.mark.timeout(600)
OUTLET = "pier-gazette.example"


def url(n: int) -> str:
    return f"https://{OUTLET}/pier/{n}"


def message(n: int, value: bytes) -> OutgoingMessage:
    return OutgoingMessage(
        url(n).encode(), value,
        (("content-type", b"text/html"), ("url", url(n).encode()), ("source", b"pier-crawler")),
    )


def test_a_killed_takedown_is_undone_or_finished_and_leaves_no_text(
    kafka: KafkaSettings, make_topic: Callable[..., str], prefect_server: str, tmp_path: Path
) -> None:
    make_topic(1)
    make_topics(kafka, {kafka.rejected_topic: {"cleanup.policy": "compact"}})
    machine = Machine(tmp_path / "home", kafka, prefect_server)
    wall = b"<html><head><title>Pier 9</title></head><body><p>Short, and about the mayor of Pier 9.</p></body></html>"
    publish_messages(kafka, kafka.raw_topic, [*(message(n, page(n)) for n in range(6)), message(9, wall)])
    clean = {"DATELINE_KAFKA__CLEAN_TOPIC": f"{kafka.raw_topic}.clean", "DATELINE_ARCHIVE__ENABLED": "true"}
    assert machine.run("ingest", **clean).returncode == 0
    warehouse = open_warehouse(machine.warehouse_url)
    bodies = dict(warehouse.query("SELECT url, body FROM articles").rows)
    phrases = {n: next(line for line in bodies[url(n)].splitlines() if f" {n} " in line)[:60] for n in range(5)}
    assert list((machine.home / "reports").rglob("*.html"))

    kill_group(machine.start_paused(f"{Failpoint.CHANGED}:1", "forget", "--url", url(0), **clean))
    assert machine.run("forget", "--verify", phrases[0]).returncode == 1  # nothing was removed
    assert warehouse.query("SELECT * FROM takedowns").rows == ()

    for step in (1, 2, 3):
        kill_group(machine.start_paused(f"{Failpoint.FORGETTING}:{step}", "forget", "--url", url(step), **clean))
        (left,) = warehouse.query("SELECT count(*) FROM takedowns WHERE completed_at IS NULL").rows
        assert left == (1,)
        again = machine.run("ingest", **clean)
        assert again.returncode == 0, again.stdout
        assert warehouse.query("SELECT count(*) FROM takedowns WHERE completed_at IS NULL").rows == ((0,),)
        found = machine.run("forget", "--verify", phrases[step], "--json", **clean)
        assert found.returncode == 0, found.stdout
        said = json_of(found.stdout)
        assert said["found"] == []
        assert {each["place"] for each in said["kafka"]} == {kafka.raw_topic, f"{kafka.raw_topic}.clean"}

    publish_messages(kafka, kafka.raw_topic, [message(1, page(1)), message(7, page(7))])
    assert json_of(machine.run("ingest", "--json", **clean).stdout)["outcomes"] == {"suppressed": 1, "loaded": 1}

    redact(machine, kafka, clean)
    asked = ("--outlet", f"https://www.{OUTLET}/", "--reason", "the publisher asked")
    whole = machine.run("forget", *asked, "--json", **clean)
    assert whole.returncode == 0, whole.stdout
    report = json_of(whole.stdout)
    assert (report["found"], report["is_searched"], report["receipt"]["articles"]) == ([], True, 5)
    assert Path(report["receipt"]["file"]).is_file()
    assert {each["place"].split(":")[0] for each in report["receipt"]["remains"]} == {
        f"Kafka topic {topic}" for topic in (kafka.raw_topic, kafka.rejected_topic, f"{kafka.raw_topic}.clean")
    }
    assert warehouse.query("SELECT count(*), count(original) FROM dead_letters").rows == ((1, 0),)
    assert warehouse.query("SELECT count(*) FROM articles").rows == ((0,),)
    assert machine.run("forget", "--verify", "about the mayor of Pier").returncode == 0
    for check in (("ledger", "verify", "--deep"), ("archive", "verify")):
        checked = machine.run(*check, **clean)
        assert checked.returncode == 0, checked.stdout


def redact(machine: Machine, kafka: KafkaSettings, clean: dict[str, str]) -> None:
    """A name is redacted, the run is killed, and the page comes again."""
    mayor = PAGE.format("Mayor opens Pier 8", "The mayor Ines Falk opened the pier. Falk said that it would stand.")
    publish_messages(kafka, kafka.raw_topic, [message(8, mayor.encode())])
    assert machine.run("ingest", **clean).returncode == 0
    person = ("forget", "--person", "Ines Falk", "--in", url(8))
    kill_group(machine.start_paused(f"{Failpoint.FORGETTING}:2", *person, **clean))
    publish_messages(kafka, kafka.raw_topic, [message(8, mayor.replace("would", "will").encode())])
    again = machine.run("ingest", **clean)
    assert again.returncode == 0, again.stdout
    warehouse = open_warehouse(machine.warehouse_url)
    texts = [body for (body,) in warehouse.query("SELECT body FROM article_versions WHERE url = $1", (url(8),)).rows]
    assert len(texts) == 2
    assert all("The mayor [redacted] opened" in text and "Falk" not in text for text in texts)
    assert machine.run("forget", "--verify", "The mayor Ines Falk opened").returncode == 0
    unknown = machine.run("forget", "--person", "Otto Brandt", "--in", url(8))
    assert (unknown.returncode, "with this name" in unknown.stdout) == (1, True)
