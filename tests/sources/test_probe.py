"""What a probe finds, on real sockets: each kind of wrong server is named, within the deadline."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from kafka.protocol.metadata import ApiVersionsResponse, MetadataRequest, MetadataResponse

from pipelines import broker_faults as faults
from pipelines.broker import Contact, probe_broker
from pipelines.settings import KafkaSettings

QUICK_S = 2.0


@contextlib.contextmanager
def a_server(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of a server that does this with each connection."""

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=_answer, args=(connection,), daemon=True).start()

    def _answer(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            answer(connection)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def hears_and_says_nothing(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def hangs_up(connection: socket.socket) -> None:
    connection.recv(4096)


def greets(connection: socket.socket) -> None:
    connection.sendall(b"220 mail.example ESMTP\r\n")
    connection.recv(4096)


def serves_pages(connection: socket.socket) -> None:
    """Answers nothing but a whole line, as HTTP servers do."""
    heard = b""
    while b"\n" not in heard:
        if not (came := connection.recv(4096)):
            return
        heard += came
    connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")


def advertises(host: str, port: int) -> Callable[[socket.socket], None]:
    """A broker that answers the first two questions of a client."""
    keys = [ApiVersionsResponse.ApiVersion(api_key=key, min_version=0, max_version=1)
            for key in (ApiVersionsResponse.API_KEY, MetadataRequest.API_KEY)]
    answers = {
        ApiVersionsResponse.API_KEY: ApiVersionsResponse(version=0, error_code=0, api_keys=keys),
        MetadataRequest.API_KEY: MetadataResponse(
            version=1, brokers=[MetadataResponse.MetadataResponseBroker(node_id=1, host=host, port=port, rack=None)],
            controller_id=1, topics=[],
        ),
    }

    def answer(connection: socket.socket) -> None:
        while heard := connection.recv(4096):
            reply = answers[int.from_bytes(heard[4:6])]
            reply.with_header(correlation_id=int.from_bytes(heard[8:12]))
            connection.sendall(reply.encode(framed=True, header=True))

    return answer


def asked(servers: str, **changes: object) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=servers, connect_timeout_s=QUICK_S, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SSL"])
@pytest.mark.parametrize(("answer", "plain", "tls"), [
    (hears_and_says_nothing, faults.BrokerSilent, faults.BrokerSilent),
    (hangs_up, faults.ConnectionClosed, faults.TlsFailed),
    (greets, faults.NotKafka, faults.TlsFailed),
    (serves_pages, faults.NotKafka, faults.NotKafka),
], ids=["silent", "hangs up", "mail", "http"])
def test_a_server_that_is_no_broker(
    answer: Callable[[socket.socket], None], plain: type[Exception], tls: type[Exception], protocol: str
) -> None:
    began = time.monotonic()
    with a_server(answer) as port, pytest.raises(plain if protocol == "PLAINTEXT" else tls, match="What to do: "):
        probe_broker(asked(f"127.0.0.1:{port}", security_protocol=protocol))
    assert time.monotonic() - began < QUICK_S + 0.5


@pytest.mark.parametrize(("servers", "fault", "says"), [
    ("no-such-host.invalid:9092", faults.HostNotFound, "the host name no-such-host.invalid does not resolve"),
    ("127.0.0.1:1", faults.PortRefused, "127.0.0.1 refuses connections: nothing listens on port 1"),
    ("127.0.0.1:1, 127.0.0.1:2", faults.PortRefused, "port 1; 127.0.0.1:2: 127.0.0.1 refuses connections"),
])
def test_an_address_that_leads_nowhere(servers: str, fault: type[Exception], says: str) -> None:
    with pytest.raises(fault) as raised:
        probe_broker(asked(servers), "publish to raw")
    assert str(raised.value).startswith("Could not publish to raw. ")
    assert says in str(raised.value)


def test_one_good_server_of_several_is_enough_and_found_at_once() -> None:
    with a_server(hears_and_says_nothing) as hole, a_server(advertises("127.0.0.1", hole)) as good:
        began = time.monotonic()
        contact = probe_broker(asked(f"127.0.0.1:{hole},127.0.0.1:1,127.0.0.1:{good}"))
        assert contact == Contact(f"127.0.0.1:{good}", (f"127.0.0.1:{hole}",))
        assert time.monotonic() - began < QUICK_S


@pytest.mark.parametrize(("host", "why"), [("broker-1.invalid", "Name or service not known"),
                                           ("127.0.0.1", "Connection refused")])
def test_advertised_addresses_that_lead_nowhere(host: str, why: str) -> None:
    says = rf"advertise can be reached from here: {host}:1 \({why}\)"
    with a_server(advertises(host, 1)) as port, pytest.raises(faults.AdvertisedUnreachable, match=says):
        probe_broker(asked(f"127.0.0.1:{port}"))


@pytest.mark.parametrize("fault", [kind for kind in vars(faults).values() if isinstance(kind, type)])
def test_every_fault_is_of_a_family_that_the_command_line_knows(fault: type[Exception]) -> None:
    assert issubclass(fault, faults.BrokerUnavailable | faults.BrokerRefused)
