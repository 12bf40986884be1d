"""What a visit finds wrong with a server: a fault's class, why, and what to do about it."""

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
        faults.HostNotFound, f"the name service did not answer in time for the host of {server}",
        f"see that this machine's name service works, or name the broker by its IP address in {SETTING}"
        "BOOTSTRAP_SERVERS.",
    )


def not_connected(host: str, port: int, fault: OSError) -> Finding:
    if isinstance(fault, socket.gaierror):
        return Finding(
            faults.HostNotFound, f"the host name {host} does not resolve ({fault.strerror})",
            f"correct the name in {SETTING}BOOTSTRAP_SERVERS, or see that this machine's name service knows it.",
        )
    if isinstance(fault, ConnectionRefusedError):
        return Finding(
            faults.PortRefused, f"{host} refuses connections: nothing listens on port {port}",
            "see that the broker is up (`dateline up` starts the local one) and that the port is the one of its "
            f"listener ({SETTING}BOOTSTRAP_SERVERS), then run again.",
        )
    return Finding(
        faults.BrokerUnreachable, f"no connection comes about ({fault})",
        "see that the address is right and that no firewall or missing route lies between, then run again.",
    )


def silent(at: str) -> Finding:
    return Finding(
        faults.BrokerSilent, f"something accepts the connection and does not answer {at}",
        "see that this is a Kafka broker and that it is not overloaded or hung (its log, its disk), then run again.",
    )


def closed(at: str) -> Finding:
    return Finding(
        faults.ConnectionClosed, f"something accepts the connection and closes it at {at}",
        "see that this is a Kafka broker, that a proxy before it has one behind it, and that the broker's limit of "
        f"connections is not reached; see its log, and {SETTING}SECURITY_PROTOCOL.",
    )


def not_kafka(heard: bytes) -> Finding:
    what = "an HTTP server" if heard.startswith(b"HTTP/") else f"not Kafka (it answers {heard[:12]!r})"
    return Finding(
        faults.NotKafka, f"what listens there is {what}",
        f"name the host and port of a Kafka broker's listener in {SETTING}BOOTSTRAP_SERVERS.",
    )


def a_controller() -> Finding:
    return Finding(
        faults.NotKafka, "this is a Kafka controller, which serves no clients",
        f"name a broker's listener in {SETTING}BOOTSTRAP_SERVERS.",
    )


def no_brokers() -> Finding:
    return Finding(
        faults.BrokerUnavailable, "the broker answers, and knows no brokers of its cluster yet",
        "wait until the cluster is up, then run again.",
    )


def advertised_unreachable(failed: Sequence[str]) -> Finding:
    return Finding(
        faults.AdvertisedUnreachable, "the bootstrap server answers, and none of the addresses that the brokers "
        f"advertise can be reached from here: {'; '.join(failed)}",
        "set advertised.listeners on the brokers to addresses that this machine can resolve and reach.",
    )


# TLS


def tls_required(protocol: str) -> Finding:
    return Finding(
        faults.TlsRequired, f"the listener speaks TLS, and {SETTING}SECURITY_PROTOCOL is {protocol}",
        f"set {SETTING}SECURITY_PROTOCOL={'SASL_SSL' if protocol.startswith('SASL') else 'SSL'}, and "
        f"{SETTING}SSL_CAFILE where the broker's certificate is signed by an authority of your own.",
    )


def tls_not_spoken(protocol: str) -> Finding:
    return Finding(
        faults.TlsNotSpoken, f"the listener speaks Kafka without TLS, and {SETTING}SECURITY_PROTOCOL is {protocol}",
        f"set {SETTING}SECURITY_PROTOCOL={protocol.replace('SSL', 'PLAINTEXT')}, or name the port of the broker's TLS "
        "listener.",
    )


def tls_failed(fault: OSError) -> Finding:
    return Finding(
        faults.TlsFailed, f"the TLS handshake failed ({getattr(fault, 'reason', None) or fault})",
        "see that the port is that of a TLS listener, and that broker and client share a TLS version and cipher.",
    )


def not_trusted(fault: ssl.SSLCertVerificationError) -> Finding:
    why = fault.verify_message.rstrip(".")
    do = (
        f"name the broker in {SETTING}BOOTSTRAP_SERVERS as its certificate does, or give it a certificate of this name."
        if "mismatch" in why.lower() else
        f"set {SETTING}SSL_CAFILE to the certificate of the authority that signed the broker's, and see that neither "
        "has expired."
    )
    return Finding(faults.CertificateNotTrusted, f"the broker's certificate is not trusted: {why}", do)


def certificate_unreadable(named: str, fault: Exception) -> Finding:
    return Finding(
        faults.CertificateUnreadable, f"a certificate or key cannot be loaded ({named}): {fault}",
        "see that the files are there, readable and PEM, and that the key belongs to the certificate.",
    )


def client_certificate_refused(fault: BaseException) -> Finding:
    return Finding(
        faults.ClientCertificateRefused,
        f"the broker wants a client certificate that it trusts ({getattr(fault, 'reason', None) or fault})",
        f"set {SETTING}SSL_CERTFILE and {SETTING}SSL_KEYFILE to a certificate that the broker's truststore knows.",
    )


# SASL


def login_incomplete(protocol: str, missing: Sequence[str]) -> Finding:
    wanted = ", ".join(f"{SETTING}{name.upper()}" for name in missing)
    return Finding(
        faults.LoginRequired, f"{protocol} needs a mechanism, a user and a password, and {wanted} is not set",
        f"set {wanted}, or another {SETTING}SECURITY_PROTOCOL.",
    )


def login_required(protocol: str, offered: Sequence[str]) -> Finding:
    return Finding(
        faults.LoginRequired, f"the listener wants a user, and {SETTING}SECURITY_PROTOCOL is {protocol}",
        f"set {SETTING}SECURITY_PROTOCOL={'SASL_SSL' if protocol == 'SSL' else 'SASL_PLAINTEXT'}, "
        f"{SETTING}SASL_MECHANISM (the broker offers {', '.join(offered) or 'none'}), {SETTING}SASL_USERNAME and "
        f"{SETTING}SASL_PASSWORD.",
    )


def login_not_offered(protocol: str) -> Finding:
    return Finding(
        faults.LoginNotOffered, f"the listener takes no user, and {SETTING}SECURITY_PROTOCOL is {protocol}",
        f"set {SETTING}SECURITY_PROTOCOL={'SSL' if protocol == 'SASL_SSL' else 'PLAINTEXT'}, or name the port of the "
        "broker's SASL listener.",
    )


def mechanism_not_offered(mechanism: str, offered: Sequence[str]) -> Finding:
    return Finding(
        faults.MechanismNotOffered, f"the broker does not take {mechanism}; it offers {', '.join(offered) or 'none'}",
        f"set {SETTING}SASL_MECHANISM to one that the broker offers.",
    )


def login_refused(mechanism: str, said: str) -> Finding:
    return Finding(
        faults.LoginRefused, f"the user or the password is wrong ({mechanism}: {said[:200]})",
        f"correct {SETTING}SASL_USERNAME and {SETTING}SASL_PASSWORD, and see that the user has credentials for this "
        "mechanism on the broker.",
    )
