"""The container, the compose file and the Kubernetes manifests agree with the project."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from flows.cli.app import app
from flows.deploy import description
from pipelines.environment import known_variables, read_settings
from pipelines.settings import Settings
from tests.architecture.pages import ROOT
from tests.architecture.test_pages import commands

INFRA = ROOT / "infra"
DOCKERFILE = (INFRA / "container/Dockerfile").read_text("utf-8")
COMPOSE = yaml.safe_load((INFRA / "container/compose.yaml").read_text("utf-8"))
KUBERNETES = sorted((INFRA / "kubernetes").rglob("*.yaml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
KNOWN = {tuple(command.split()[1:]) for command in commands()}
POOL = "dateline"


def manifests(*kinds: str) -> Iterator[dict[str, Any]]:
    for file in KUBERNETES:
        for manifest in yaml.safe_load_all(file.read_text("utf-8")):
            if manifest["kind"] in kinds:
                yield manifest


WORKLOADS = list(manifests("Deployment", "Job"))


def pod_of(workload: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = workload["spec"]["template"]["spec"]
    return found


def container_of(workload: dict[str, Any]) -> dict[str, Any]:
    (container,) = pod_of(workload)["containers"]
    return dict(container)


def literals() -> dict[str, str]:
    """The variables of the ConfigMap."""
    read = yaml.safe_load((INFRA / "kubernetes/base/kustomization.yaml").read_text("utf-8"))
    (generated,) = read["configMapGenerator"]
    return dict(line.split("=", 1) for line in generated["literals"])


def command_lines() -> list[list[str]]:
    """Every call of Dateline or Prefect, as the container sees it."""
    image = json.loads(re.findall(r"^ENTRYPOINT (.+)$", DOCKERFILE, re.MULTILINE)[-1])
    found = [json.loads(re.findall(r"HEALTHCHECK[^[]*(\[.*\])", DOCKERFILE)[0])]
    found += [
        [*service.get("entrypoint", image), *service["command"]]
        for service in COMPOSE["services"].values() if service["image"].startswith("dateline:")
    ]
    for workload in WORKLOADS:
        container = container_of(workload)
        found.append([*container.get("command", image), *container["args"]])
        found += [probe["exec"]["command"] for name, probe in container.items()
                  if name.endswith("Probe") and "exec" in probe]
    return found


@pytest.mark.parametrize("line", command_lines(), ids=" ".join)
def test_a_command_and_its_options_are_there(line: list[str]) -> None:
    if line[0] == "prefect":
        assert line[1:3] in (["server", "start"], ["worker", "start"])
        assert line[1] == "server" or line[line.index("--pool") + 1] == POOL
        return
    assert (line[0], tuple(line[1:2]) in KNOWN) == ("dateline", True)
    options = {option for parameter in _click_command(line[1]).params for option in parameter.opts}
    assert {word for word in line if word.startswith("--")} - options == set()


def _click_command(name: str) -> Any:
    group: Any = typer.main.get_command(app)
    return group.commands[name]


def variables() -> list[tuple[str, str]]:
    """Every variable of Dateline that a file sets, with the name of the file."""
    files = [INFRA / "container/Dockerfile", INFRA / "container/compose.yaml", *KUBERNETES]
    return [
        (str(file.relative_to(ROOT)), name)
        for file in files for name in sorted(set(re.findall(r"\bDATELINE_[A-Z_]*[A-Z]\b", file.read_text("utf-8"))))
    ]


@pytest.mark.parametrize(("file", "name"), variables())
def test_a_variable_is_a_setting(file: str, name: str) -> None:
    assert name in known_variables(), file


def test_the_settings_of_the_containers_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    compose = {
        name: value for service in COMPOSE["services"].values()
        for name, value in service.get("environment", {}).items() if name.startswith("DATELINE_")
    }
    kubernetes = literals() | {"DATELINE_KAFKA__SASL_PASSWORD": "from the secret"}
    for environment in (compose, kubernetes):
        own = {name: value for name, value in environment.items() if name.startswith("DATELINE_")}
        with monkeypatch.context() as patch:
            for name, value in own.items():
                patch.setenv(name, value)
            read = read_settings(own)
        assert read.warehouse_url.startswith("postgresql://dateline@")


def test_the_image_has_the_python_and_the_version_of_the_project() -> None:
    python = (ROOT / ".python-version").read_text("utf-8").strip()
    assert re.findall(r"^ARG PYTHON=python:([0-9.]+)-slim", DOCKERFILE, re.MULTILINE) == [python]
    assert PROJECT["requires-python"] == f">={python}"
    assert {service["image"] for service in COMPOSE["services"].values() if "dateline" in service["image"]} == {
        f"dateline:{PROJECT['version']}"
    }
    tags = [one["newTag"] for manifest in manifests("Kustomization") for one in manifest["images"]]
    assert tags == [PROJECT["version"]] * 3
    assert f"dateline:{PROJECT['version']}" in DOCKERFILE


def test_what_the_image_is_built_from_is_there_and_is_sent_to_the_builder() -> None:
    copied = [
        source for line in re.findall(r"^COPY (?!--)(.+)$", DOCKERFILE, re.MULTILINE) for source in line.split()[:-1]
    ]
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    assert {source.rstrip("/") for source in copied} == sent
    assert [source for source in copied if not (ROOT / source).exists()] == []
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert {*wheel["packages"], *wheel["force-include"], PROJECT["readme"], *PROJECT["license-files"]} - sent == set()


def pinned(lock: str) -> dict[str, str]:
    text = (INFRA / lock).read_text("utf-8")
    found = re.findall(r"^([a-z0-9][\w.-]*)(?:\[[^\]]*\])?==([^\s;]+)", text, re.MULTILINE)
    assert text.count(" \\\n    --hash=sha256:") >= len(found)
    return dict(found)


@pytest.mark.parametrize("lock", ["runtime.lock", "bootstrap.lock"])
def test_the_image_gets_the_versions_that_were_tested(lock: str) -> None:
    tested, used = pinned("requirements.lock"), pinned(lock)
    assert {name: version for name, version in used.items() if name != "uv" and tested.get(name) != version} == {}
    assert f"infra/{lock}" in DOCKERFILE


def test_ports_agree() -> None:
    port = Settings().metrics.port
    assert re.findall(r"^EXPOSE (\d+)$", DOCKERFILE, re.MULTILINE) == [str(port)]
    assert COMPOSE["services"]["metrics"]["ports"] == [f"127.0.0.1:{port}:{port}"]
    (metrics,) = (w for w in WORKLOADS if w["metadata"]["name"] == "metrics")
    assert container_of(metrics)["ports"] == [{"name": "metrics", "containerPort": port}]
    (service,) = manifests("Service")
    assert service["spec"]["ports"] == [{"name": "metrics", "port": port, "targetPort": "metrics"}]
    assert service["spec"]["selector"] == metrics["spec"]["template"]["metadata"]["labels"]
    assert service["metadata"]["annotations"]["prometheus.io/port"] == str(port)
    (policy,) = (p for p in manifests("NetworkPolicy") if p["metadata"]["name"] == "metrics")
    assert policy["spec"]["ingress"][0]["ports"] == [{"protocol": "TCP", "port": port}]


def test_pods_may_reach_what_their_settings_name() -> None:
    (policy,) = (p for p in manifests("NetworkPolicy") if p["metadata"]["name"] == POOL)
    allowed = {port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"]}
    named = {int(port) for value in literals().values() for port in re.findall(r":(\d{2,5})(?=[/,]|$)", value)}
    assert allowed - named == {53, 443}
    assert named - allowed == set()


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload["metadata"]["name"])
def test_a_pod_is_restricted_and_gets_its_secrets_by_reference(workload: dict[str, Any]) -> None:
    pod, container = pod_of(workload), container_of(workload)
    uid = int(re.findall(r"^USER (\d+):\d+$", DOCKERFILE, re.MULTILINE)[0])
    assert (pod["securityContext"]["runAsNonRoot"], pod["securityContext"]["runAsUser"]) == (True, uid)
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["requests"].keys() >= {"cpu", "memory"}
    assert "memory" in container["resources"]["limits"]
    assert pod["enableServiceLinks"] is False
    (home,) = (mount for mount in container["volumeMounts"] if mount["name"] == "home")
    assert f"DATELINE_HOME={home['mountPath']}" in DOCKERFILE
    secret = {entry["name"] for entry in container["env"] if "valueFrom" in entry}
    assert secret >= {"PGPASSWORD", "DATELINE_KAFKA__SASL_PASSWORD"}
    assert all("secretKeyRef" in entry["valueFrom"] for entry in container["env"] if entry["name"] in secret)
    if workload["kind"] == "Deployment":
        assert "readinessProbe" in container


def test_one_pod_writes_and_the_files_hold_no_secret() -> None:
    assert list(manifests("Secret")) == []
    (ingest,) = (w for w in WORKLOADS if w["metadata"]["name"] == "ingest")
    assert (ingest["spec"]["replicas"], ingest["spec"]["strategy"]) == (1, {"type": "Recreate"})
    (budget,) = manifests("PodDisruptionBudget")
    (worker,) = (w for w in WORKLOADS if w["metadata"]["name"] == "worker")
    assert budget["spec"]["selector"] == worker["spec"]["selector"]
    assert 0 < budget["spec"]["minAvailable"] < worker["spec"]["replicas"]


def test_every_manifest_belongs_to_a_kustomization() -> None:
    listed = {
        (file.parent / resource).resolve()
        for file in KUBERNETES if file.name == "kustomization.yaml"
        for resource in yaml.safe_load(file.read_text("utf-8"))["resources"]
    }
    files = {file.resolve() for file in KUBERNETES if file.name != "kustomization.yaml"}
    assert listed == files | {(INFRA / "kubernetes/base").resolve()}


def test_the_work_pool_is_the_one_of_the_deployments() -> None:
    assert {deployment["work_pool"]["name"] for deployment in description()["deployments"]} == {POOL}


def test_kafka_in_compose_is_the_version_and_has_the_limits_of_the_local_one() -> None:
    version = re.search(r"^org.apache.kafka:kafka_2.13:(\S+)", (ROOT / "flows/local/kafka.jars").read_text(), re.M)
    assert version is not None
    services = COMPOSE["services"]
    assert {services[name]["image"] for name in ("kafka", "topics")} == {f"apache/kafka:{version[1]}"}
    local = dict(re.findall(r"^([a-z.]+)=(\S+)$", (ROOT / "flows/local/kafka.properties").read_text(), re.M))
    kafka = services["kafka"]["environment"]
    for name in ("message.max.bytes", "replica.fetch.max.bytes", "auto.create.topics.enable"):
        assert str(kafka[f"KAFKA_{name.upper().replace('.', '_')}"]) == local[name]
    topics = re.search(r"for topic in ([^;]+);", services["topics"]["command"][0])
    assert topics is not None
    assert topics[1].split() == [Settings().kafka.raw_topic, Settings().kafka.rejected_topic]


def test_files_that_compose_mounts_are_there() -> None:
    mounts = [
        volume.split(":")[0] for service in COMPOSE["services"].values() for volume in service.get("volumes", ())
        if volume.startswith(".")
    ]
    assert len(mounts) == 6
    assert [mount for mount in mounts if not (INFRA / "container" / mount).is_file()] == []
    assert Path(INFRA / "container" / COMPOSE["services"]["prefect"]["build"]["context"]).resolve() == ROOT.resolve()
