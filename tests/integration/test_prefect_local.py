"""The Prefect server of one machine."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest

from flows.local.faults import PrefectDied
from flows.local.prefect import LocalPrefect


def test_the_session_s_server_answers(prefect_server: str) -> None:
    with urllib.request.urlopen(f"{prefect_server}/health", timeout=10) as answer:
        assert json.load(answer) is True


def test_flows_of_this_process_run_against_it(prefect_api: str) -> None:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        assert str(client.api_url) == f"{prefect_api}/"
        assert client.api_healthcheck() is None


def test_one_whose_database_is_broken_says_so(tmp_path: Path) -> None:
    local = LocalPrefect(tmp_path)
    local.folder.mkdir()
    (local.folder / "prefect.db").write_bytes(b"no database" * 1_000)
    with pytest.raises(PrefectDied, match=r"(?s)ended during its start.*file is not a database.*What to do"):
        local.start()
    assert local.running() is None
