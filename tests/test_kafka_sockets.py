"""A client of kafka-python that is closed while it connects leaves no socket to the collector."""

from __future__ import annotations

import gc
import socket
import warnings

import pytest
from kafka.net.compat import KafkaNetClient


@pytest.mark.parametrize("polls", range(4))
def test_the_socket_of_a_connect_is_closed_with_its_client(polls: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always", ResourceWarning)
        client = KafkaNetClient(bootstrap_servers=f"127.0.0.1:{server.getsockname()[1]}", api_version=(3, 0))
        client._manager.bootstrap_async()
        for _ in range(polls):
            client._net.poll(timeout_ms=0)
        client.close()
        del client
        gc.collect()
    assert [str(warning.message) for warning in seen if warning.category is ResourceWarning] == []
