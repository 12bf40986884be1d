"""Sockets of kafka-python that it leaves open itself."""

from __future__ import annotations

from typing import Any

from kafka.net.inet import KafkaNetSocket


def close_sockets_of_failed_connects() -> None:
    """Close the socket of a connect that fails, or whose client is closed meanwhile.

    kafka-python 3.0.12 leaves such a socket to the garbage collector, whose warning then fails whichever test is
    running. With these closed, a warning about a socket is about one of ours.
    """
    connect = KafkaNetSocket.sock_connect

    async def closing(self: KafkaNetSocket, net: Any, sock: Any, sockaddr: Any, timeout_at: Any = None) -> Any:
        try:
            return await connect(self, net, sock, sockaddr, timeout_at=timeout_at)
        except BaseException:  # GeneratorExit, too: the connect was cancelled
            sock.close()
            raise

    KafkaNetSocket.sock_connect = closing
