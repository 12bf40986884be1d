"""A topic that is deleted and made again under its name is refused, however far its offsets go."""

from __future__ import annotations

import time
from pathlib import Path

from kafka import KafkaAdminClient

from pipelines.failpoints import Failpoint
from pipelines.records import OutgoingMessage
from pipelines.settings import KafkaSettings
from pipelines.sinks.kafka import make_topics, publish_messages
from pipelines.sources.kafka import confirm_topic, describe_topic
from tests.integration.running import PATIENCE_S, Machine, json_of
from tests.integration.test_exactly_once import rows
from tests.jobs.test_ingest import page


def publish(kafka: KafkaSettings, count: int) -> None:
    headers = (("content-type", b"text/html"), ("source", b"harbour-crawler"))
    urls = [f"https://harbour-news.example/pier/{n}".encode() for n in range(count)]
    messages = [OutgoingMessage(url, page(n), (*headers, ("url", url))) for n, url in enumerate(urls)]
    publish_messages(kafka, kafka.raw_topic, messages)


def make_again(kafka: KafkaSettings) -> None:
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    admin.delete_topics([kafka.raw_topic])
    until = time.monotonic() + 20
    while kafka.raw_topic in admin.list_topics() and time.monotonic() < until:
        time.sleep(0.05)
    admin.close()
    make_topics(kafka)


def test_a_topic_made_again_and_filled_past_the_old_one_is_refused(
    kafka: KafkaSettings, prefect_server: str, tmp_path: Path
) -> None:
    kafka = kafka.model_copy(update={"partitions": 1})
    machine = Machine(tmp_path / "home", kafka, prefect_server)
    make_topics(kafka)
    publish(kafka, 3)
    first = machine.run("ingest")
    assert first.returncode == 0, first.stdout
    loaded, former = rows(machine), describe_topic(kafka, kafka.raw_topic)
    assert [len(loaded["ledger"]), former.offsets] == [3, {0: (0, 3)}]
    make_again(kafka)
    publish(kafka, 8)
    again = machine.run("ingest")
    said = " ".join(again.stdout.replace("│", " ").split())
    assert again.returncode == 1, said
    assert "Topic Recreated" in said
    assert f"the warehouse was loaded from a topic with the id {former.topic_id}" in said
    assert "What to do: if it was made again on purpose, use a topic with another name" in said
    assert rows(machine) == loaded
    assert machine.run("ledger", "verify").returncode == 0
    deep = machine.run("ledger", "verify", "--deep", "--json")
    assert deep.returncode == 1, deep.stdout
    (problem,) = json_of(deep.stdout)["problems"]
    assert (problem["kind"], problem["where"]) == ("kafka", kafka.raw_topic)
    assert former.topic_id in problem["says"]


def test_a_topic_made_again_while_it_was_read_is_refused(
    kafka: KafkaSettings, prefect_server: str, tmp_path: Path
) -> None:
    kafka = kafka.model_copy(update={"partitions": 1})
    machine = Machine(tmp_path / "home", kafka, prefect_server)
    make_topics(kafka)
    publish(kafka, 3)
    former = describe_topic(kafka, kafka.raw_topic).topic_id
    confirm_topic(kafka, kafka.raw_topic, former)
    paused = machine.start_paused(Failpoint.STAGED, "ingest")
    make_again(kafka)
    publish(kafka, 5)
    machine.paused.unlink()  # it goes on
    output, _ = paused.communicate(timeout=PATIENCE_S)
    assert paused.returncode == 1, output
    assert "Topic Recreated" in output
    assert rows(machine)["ledger"] == []
    after = machine.run("ingest")  # nothing of the former one was loaded: the new one is taken as it is
    assert after.returncode == 0, after.stdout
    assert len(rows(machine)["ledger"]) == 5
