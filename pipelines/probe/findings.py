"""What can be wrong with a server that was visited: the class of the fault, why, and what to do about it."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence

from pipelines import broker_faults as faults

SETTING = "DATELINE_KAFKA__"


class Finding(Exception):
    """What is wrong with one server."""

    def __init__(self, fault: type[Exception], why: str, do: str) -> None:
        super().__init__(why)
        self.fault, self.why, self.do = fault, why, do


# Addresses and connections


def name_service_silent(server: str) -> Finding:
    return Finding(
        faults.HostNotFound, f"the name service did not resolve the host of {server} in time",
        f"check that this machine's name service (DNS) works, or set the broker's IP address in {SETTING}"
        "BOOTSTRAP_SERVERS.",
    )


def not_connected(host: str, port: int, fault: OSError) -> Finding:
    if isinstance(fault, socket.gaierror):
        return Finding(
            faults.HostNotFound, f"the host name {host} does not resolve ({fault.strerror})",
            f"correct the name in {SETTING}BOOTSTRAP_SERVERS, or check that this machine's name service knows it.",
        )
    if isinstance(fault, ConnectionRefusedError):
        return Finding(
            faults.PortRefused, f"{host} refuses connections: nothing listens on port {port}",
            "check that the broker is up (`dateline up` starts the local one), and that the port is that of its "
            f"listener ({SETTING}BOOTSTRAP_SERVERS), then run again.",
        )
    return Finding(
        faults.BrokerUnreachable, f"no connection could be established ({fault})",
        "check the address, the route to the host, and that no firewall drops the packets, then run again.",
    )


def silent(at: str) -> Finding:
    return Finding(
        faults.BrokerSilent, f"something accepts the connection but does not answer {at}",
        "check that this is a Kafka broker and that it is not overloaded or hung (its log, its disk), then run again.",
    )


def closed(at: str) -> Finding:
    return Finding(
        faults.ConnectionClosed, f"something accepts the connection, then closes it at {at}",
        "check that this is a Kafka broker, or a proxy that can reach one, and that the broker's limit of connections "
        f"is not reached. Check its log and {SETTING}SECURITY_PROTOCOL.",
    )


def not_kafka(heard: bytes) -> Finding:
    what = "an HTTP server" if heard.startswith(b"HTTP/") else f"not Kafka (it answers {heard[:12]!r})"
    return Finding(
        faults.NotKafka, f"the server at this address is {what}",
        f"set {SETTING}BOOTSTRAP_SERVERS to the host and port of a Kafka broker's listener.",
    )


def a_controller() -> Finding:
    return Finding(
        faults.NotKafka, "this is a Kafka controller, which serves no clients",
        f"set {SETTING}BOOTSTRAP_SERVERS to a broker's listener.",
    )


def no_brokers() -> Finding:
    return Finding(
        faults.BrokerUnavailable, "the broker answers, but knows no brokers of its cluster yet",
        "wait until the cluster is up, then run again.",
    )


def advertised_unreachable(failed: Sequence[str]) -> Finding:
    return Finding(
        faults.AdvertisedUnreachable, "the bootstrap server answers, but none of the addresses that the brokers "
        f"advertise can be reached from here: {'; '.join(failed)}",
        "set advertised.listeners on the brokers to addresses that this machine can resolve and reach.",
    )


# TLS


def tls_required(protocol: str) -> Finding:
    return Finding(
        faults.TlsRequired, f"the listener speaks TLS, but {SETTING}SECURITY_PROTOCOL is {protocol}",
        f"set {SETTING}SECURITY_PROTOCOL={'SASL_SSL' if protocol.startswith('SASL') else 'SSL'}, and "
        f"{SETTING}SSL_CAFILE if the broker's certificate is signed by a certificate authority of your own.",
    )


def tls_not_spoken(protocol: str) -> Finding:
    return Finding(
        faults.TlsNotSpoken, f"the listener speaks Kafka without TLS, but {SETTING}SECURITY_PROTOCOL is {protocol}",
        f"set {SETTING}SECURITY_PROTOCOL={protocol.replace('SSL', 'PLAINTEXT')}, or use the port of the broker's TLS "
        "listener.",
    )


def tls_failed(fault: OSError) -> Finding:
    return Finding(
        faults.TlsFailed, f"the TLS handshake failed ({getattr(fault, 'reason', None) or fault})",
        "check that the port is that of a TLS listener, and that broker and client share a TLS version and a cipher.",
    )


def not_trusted(fault: ssl.SSLCertVerificationError) -> Finding:
    why = fault.verify_message.rstrip(".")
    do = (
        f"use the host name of the broker's certificate in {SETTING}BOOTSTRAP_SERVERS, or give the broker a "
        "certificate for this name."
        if "mismatch" in why.lower() else
        f"set {SETTING}SSL_CAFILE to the certificate of the authority that signed the broker's, and check that neither "
        "has expired."
    )
    return Finding(faults.CertificateNotTrusted, f"the broker's certificate is not trusted: {why}", do)


def certificate_unreadable(named: str, fault: Exception) -> Finding:
    return Finding(
        faults.CertificateUnreadable, f"a certificate or key cannot be loaded ({named}): {fault}",
        "check that the files exist, are readable and in PEM format, and that the key belongs to the certificate.",
    )


def client_certificate_refused(fault: BaseException) -> Finding:
    return Finding(
        faults.ClientCertificateRefused,
        f"the broker requires a client certificate that it trusts ({getattr(fault, 'reason', None) or fault})",
        f"set {SETTING}SSL_CERTFILE and {SETTING}SSL_KEYFILE to a certificate that the broker's truststore accepts.",
    )


# SASL


def login_incomplete(protocol: str, missing: Sequence[str]) -> Finding:
    wanted = ", ".join(f"{SETTING}{name.upper()}" for name in missing)
    return Finding(
        faults.LoginRequired, f"{protocol} needs a mechanism, a user and a password, but {wanted} is not set",
        f"set {wanted}, or choose another {SETTING}SECURITY_PROTOCOL.",
    )


def login_required(protocol: str, offered: Sequence[str]) -> Finding:
    return Finding(
        faults.LoginRequired, f"the listener requires a user, but {SETTING}SECURITY_PROTOCOL is {protocol}",
        f"set {SETTING}SECURITY_PROTOCOL={'SASL_SSL' if protocol == 'SSL' else 'SASL_PLAINTEXT'}, "
        f"{SETTING}SASL_MECHANISM (the broker offers {', '.join(offered) or 'none'}), {SETTING}SASL_USERNAME and "
        f"{SETTING}SASL_PASSWORD.",
    )


def login_not_offered(protocol: str) -> Finding:
    return Finding(
        faults.LoginNotOffered, f"the listener offers no login (SASL), but {SETTING}SECURITY_PROTOCOL is {protocol}",
        f"set {SETTING}SECURITY_PROTOCOL={'SSL' if protocol == 'SASL_SSL' else 'PLAINTEXT'}, or use the port of the "
        "broker's SASL listener.",
    )


def mechanism_not_offered(mechanism: str, offered: Sequence[str]) -> Finding:
    return Finding(
        faults.MechanismNotOffered,
        f"the broker does not support {mechanism}; it offers {', '.join(offered) or 'none'}",
        f"set {SETTING}SASL_MECHANISM to one that the broker offers.",
    )


def login_refused(mechanism: str, said: str) -> Finding:
    return Finding(
        faults.LoginRefused, f"the user or the password is wrong ({mechanism}: {said[:200]})",
        f"correct {SETTING}SASL_USERNAME and {SETTING}SASL_PASSWORD, and check that the user has credentials for this "
        "mechanism on the broker.",
    )
