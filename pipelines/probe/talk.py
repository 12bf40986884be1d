"""Kafka requests and responses over one blocking socket, each with a deadline."""

from __future__ import annotations

import socket
import time
from typing import Any

LARGEST_ANSWER = 16 << 20


class Silent(Exception):
    """No answer came before the deadline."""


class Closed(Exception):
    """The connection was closed without an answer."""


class Garbled(Exception):
    """The answer is not a valid Kafka response. The argument is its first bytes."""


class Talk:
    """Sends requests over a connected socket. Every request may raise ``Silent``, ``Closed`` or ``Garbled``."""

    def __init__(self, channel: socket.socket, deadline: float) -> None:
        from kafka.protocol.parser import KafkaProtocol

        self.channel, self.deadline = channel, deadline
        self.parser = KafkaProtocol(client_id="dateline", receive_message_max_bytes=LARGEST_ANSWER)

    def ask(self, request: Any) -> Any:
        """The answer to a request whose version is set."""
        from kafka.errors import KafkaProtocolError

        self.parser.send_request(request)
        heard = b""
        try:
            self.channel.settimeout(left(self.deadline))
            self.channel.sendall(self.parser.send_bytes())
            while True:
                self.channel.settimeout(left(self.deadline))
                came = self.channel.recv(65_536)
                if not came:
                    raise Garbled(heard) if heard else Closed
                heard = (heard + came)[:64]
                if answers := self.parser.receive_bytes(came):
                    return answers[0][1]
        except TimeoutError as fault:
            raise Silent from fault
        except OSError as fault:
            raise Closed from fault
        except (KafkaProtocolError, ValueError, LookupError, ArithmeticError) as fault:
            raise Garbled(heard) from fault

    def api_versions(self) -> Any:
        """The requests that the broker supports, each with its versions. Every client asks for this first."""
        from kafka.protocol.broker_version_data import BrokerVersionData
        from kafka.protocol.metadata import ApiVersionsRequest

        keys = self.ask(ApiVersionsRequest(version=0)).api_keys
        return BrokerVersionData(api_versions={key.api_key: (key.min_version, key.max_version) for key in keys})

    def mechanisms(self, name: str) -> tuple[tuple[str, ...], int]:
        """The SASL mechanisms that the listener offers, and its error code for the mechanism ``name``."""
        from kafka.protocol.sasl import SaslHandshakeRequest

        answer = self.ask(SaslHandshakeRequest(version=1, mechanism=name))
        return tuple(answer.mechanisms), answer.error_code


def versioned(request: Any, versions: Any) -> Any:
    """The request, set to the newest version that both sides support."""
    request.API_VERSION = versions.api_version(request)
    return request


def open_socket(host: str, port: int, deadline: float) -> socket.socket:
    """A connection to the first address of the host that accepts one. Each address gets an equal share of the time."""
    fault: OSError = socket.gaierror(socket.EAI_NONAME, "no address")
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for index, (family, kind, number, _, address) in enumerate(addresses):
        opened = socket.socket(family, kind, number)
        try:
            opened.settimeout(left(deadline) / (len(addresses) - index))
            opened.connect(address)
        except OSError as refused:
            opened.close()
            fault = refused
        else:
            return opened
    raise fault


def left(deadline: float) -> float:
    """Seconds until the deadline, as a socket timeout. It is never zero, which would make the socket non-blocking."""
    return max(0.01, deadline - time.monotonic())
