"""What a run does before it hands jobs to Flink, what workers learn from Flink, and how a failure is explained."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from flows.faults import WrongUsage, code_of, may_pass
from flows.flink import at_flink, flink_ready
from pipelines.jobs.batches import ingest_share
from pipelines.records import OffsetRange
from pipelines.runtime import executor_of
from pipelines.runtime.executor import RunFailed
from pipelines.runtime.flink import Cluster, FlinkExecutor, FlinkUnavailable, cause_in, describe_cluster
from pipelines.runtime.harness import provisioned
from pipelines.runtime.shares import Share, ShareDone
from pipelines.settings import FlinkSettings, Settings
from pipelines.transforms.destination import Staging
from pipelines.transforms.processor import EnvironmentDiffers, processor_of, same_processor
from tests.jobs.messages import Topic
from tests.jobs.test_ingest import NOW, settings

TWO = [{"id": "taskmanager-2", "slotsNumber": 3}, {"id": "taskmanager-1", "slotsNumber": 2}]


@contextmanager
def a_cluster(managers: Any) -> Iterator[str]:
    """A JobManager's REST interface that lists these TaskManagers: its address."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/taskmanagers"
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"taskmanagers": managers}).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_a_cluster_is_described() -> None:
    with a_cluster(TWO) as master:
        assert describe_cluster(master) == Cluster(("taskmanager-1", "taskmanager-2"), 5)


@pytest.mark.parametrize("listed", [None, 7, [{"id": "a"}], ["a"]])
def test_what_is_no_flink_is_said(listed: Any) -> None:
    with a_cluster(listed) as master, pytest.raises(FlinkUnavailable, match=f"No Flink answers at {master}") as raised:
        describe_cluster(master)
    assert (code_of(raised.value), may_pass(raised.value)) == (3, True)
    with pytest.raises(FlinkUnavailable, match="No Flink answers"):
        describe_cluster(master)  # nobody listens any more


def test_a_cluster_without_task_managers_is_said() -> None:
    with a_cluster([]) as master, pytest.raises(FlinkUnavailable, match="has no TaskManager"):
        executor(master).__enter__()


def executor(master: str, **changes: str) -> FlinkExecutor:
    return FlinkExecutor(FlinkSettings(master=master, job_endpoint="127.0.0.1:8099", **changes))


def test_the_settings_choose_it(tmp_path: Path) -> None:
    flink = FlinkSettings(master="here:8081", job_endpoint="here:8099")
    assert isinstance(executor_of(Settings(home=tmp_path, runner="flink", flink=flink)), FlinkExecutor)


def test_a_job_is_cut_for_all_slots_and_knows_the_processor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[tuple[Share, str, tuple[str, ...]]] = []

    def run_share(share: Share, runner: str, options: tuple[str, ...]) -> ShareDone:
        taken.append((share, runner, options))
        return ShareDone((), "")

    monkeypatch.setattr("pipelines.runtime.flink.run_share", run_share)
    shown = settings(tmp_path, records_worth_a_worker=1)
    staging = Staging(tmp_path, "part", NOW, shown)  # type: ignore[arg-type]  nothing is staged
    whole = Share((OffsetRange("a", 0, 0, 100),), Topic([]), ingest_share, shown, staging)
    with a_cluster(TWO) as master, executor(master, workers="/opt/news") as started:
        started.run(whole, 0)
    ((share, runner, options),) = taken
    assert [(r.start, r.end) for r in share.ranges] == [(0, 20), (20, 40), (40, 60), (60, 80), (80, 100)]
    assert share.staging.processor == processor_of(shown)
    assert runner == "PortableRunner"
    assert options == (
        "--job_endpoint=127.0.0.1:8099", "--environment_type=PROCESS",
        '--environment_config={"command": "/opt/news/bin/dateline-worker"}', "--environment_cache_millis=600000",
        "--parallelism=5", "--sdk_worker_parallelism=3",
    )


def test_a_failed_job_is_a_failed_run_with_its_cause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run_share(*_: object) -> ShareDone:
        raise RuntimeError("Pipeline x failed in state FAILED: java.lang.Exception: a\nCaused by: org.b.C: disk gone")

    monkeypatch.setattr("pipelines.runtime.flink.run_share", run_share)
    shown = settings(tmp_path)
    staging = Staging(tmp_path, "part", NOW, shown)  # type: ignore[arg-type]
    whole = Share((OffsetRange("a", 0, 0, 100),), Topic([]), ingest_share, shown, staging)
    with (
        a_cluster(TWO) as master, executor(master) as started,
        pytest.raises(RunFailed, match=r"the Flink job failed: C: disk gone\. Nothing was loaded"),
    ):
        started.run(whole, 0)


def test_a_worker_that_differs_from_the_run_is_refused(tmp_path: Path) -> None:
    shown = settings(tmp_path)
    assert same_processor(shown, None) == same_processor(shown, processor_of(shown)) == processor_of(shown)
    with pytest.raises(EnvironmentDiffers, match=r"has the processor .+, and the run has dateline 9\.9\+ffff"):
        same_processor(shown, "dateline 9.9+ffff")


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("Error received from SDK harness\nTraceback (most recent call last):\n  File \"x.py\", line 1, in setup\n"
         "pipelines.transforms.processor.EnvironmentDiffers: a worker at /opt differs [while running 'Stage']\n\n"
         "\tat org.apache.beam.X.y(X.java:1)\n", "EnvironmentDiffers: a worker at /opt differs"),
        ("state FAILED: java.lang.RuntimeException: a\nCaused by: java.io.IOException: Cannot run program \"/no\"",
         'IOException: Cannot run program "/no"'),
        ("Pipeline x failed in state FAILED", "Pipeline x failed in state FAILED"),
        ("", "it gave no reason"),
    ],
    ids=["a worker's exception", "a program that is not there", "no cause", "nothing"],
)
def test_the_innermost_cause_is_found(text: str, cause: str) -> None:
    assert cause_in(text) == cause


def test_a_worker_learns_its_job_from_the_runner() -> None:
    import grpc
    from apache_beam.portability.api import beam_provision_api_pb2 as messages
    from apache_beam.portability.api import beam_provision_api_pb2_grpc as service

    asked: list[dict[str, str]] = []

    class Provision(service.ProvisionServiceServicer):
        def GetProvisionInfo(self, request: Any, context: Any) -> Any:
            del request
            asked.append(dict(context.invocation_metadata()))
            info = messages.ProvisionInfo(runner_capabilities=["a", "b"])
            info.control_endpoint.url, info.logging_endpoint.url = "127.0.0.1:1", "127.0.0.1:2"
            info.pipeline_options.update({"beam:option:parallelism:v1": 2})
            return messages.GetProvisionInfoResponse(info=info)

    server = grpc.server(ThreadPoolExecutor(1))
    service.add_ProvisionServiceServicer_to_server(Provision(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        found = provisioned("1-1", f"127.0.0.1:{port}")
    finally:
        server.stop(0)
    assert asked[0]["worker_id"] == "1-1"
    assert json.loads(found.pop("PIPELINE_OPTIONS")) == {"beam:option:parallelism:v1": 2}
    assert found == {
        "WORKER_ID": "1-1", "CONTROL_API_SERVICE_DESCRIPTOR": 'url: "127.0.0.1:1"',
        "LOGGING_API_SERVICE_DESCRIPTOR": 'url: "127.0.0.1:2"', "RUNNER_CAPABILITIES": "a b",
    }


def test_a_run_without_flink_starts_nothing(tmp_path: Path) -> None:
    shown = settings(tmp_path)
    with flink_ready(shown) as ready:
        assert ready is shown


def test_a_cluster_that_is_not_there_is_said_before_java_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.local.flink.spawn", None)
    shown = Settings(home=tmp_path, runner="flink")
    with pytest.raises(FlinkUnavailable, match="start the local one with `dateline up --flink`"), flink_ready(shown):
        pass
    away = at_flink(shown, "127.0.0.1:1")
    with pytest.raises(FlinkUnavailable, match=r"No Flink answers at 127\.0\.0\.1:1"), flink_ready(away):
        pass


def test_a_job_server_that_is_named_is_used(tmp_path: Path) -> None:
    with a_cluster(TWO) as master:
        flink = FlinkSettings(master=master, job_endpoint="127.0.0.1:8099")
        with flink_ready(Settings(home=tmp_path, runner="flink", flink=flink)) as ready:
            assert ready.flink == flink


def test_a_master_that_is_no_address_is_wrong_usage(tmp_path: Path) -> None:
    assert at_flink(settings(tmp_path), None) == settings(tmp_path)
    with pytest.raises(WrongUsage, match=r"--flink-master is 'flink'; it must be host:port"):
        at_flink(settings(tmp_path), "flink")
