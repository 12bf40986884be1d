"""What can be wrong between us and a broker, a class each: the name says what it is.

Two families: a broker that is unavailable may be back a moment later, so a run tries again; one that refuses us goes on
refusing until somebody changes the settings, the broker or its access rules.
"""

from __future__ import annotations


class BrokerUnavailable(Exception):
    """The broker is away or does not answer now: trying again may help."""


class BrokerRefused(Exception):
    """The broker answered, and says no: settings are wrong, and trying again does not help."""


class HostNotFound(BrokerUnavailable):
    """The broker's host name does not resolve to an address."""


class PortRefused(BrokerUnavailable):
    """The host is there, and nothing listens on the port."""


class BrokerUnreachable(BrokerUnavailable):
    """No connection comes about: no route, or packets are dropped."""


class BrokerSilent(BrokerUnavailable):
    """Something accepts the connection and never answers."""


class ConnectionClosed(BrokerUnavailable):
    """Something accepts the connection and closes it without an answer."""


class AdvertisedUnreachable(BrokerUnavailable):
    """The bootstrap server answers, and none of the addresses that the brokers advertise can be reached."""


class NotKafka(BrokerRefused):
    """What listens there speaks another protocol."""


class TlsRequired(BrokerRefused):
    """The listener speaks TLS, and the settings do not."""


class TlsNotSpoken(BrokerRefused):
    """The settings want TLS, and the listener does not speak it."""


class TlsFailed(BrokerRefused):
    """Both sides speak TLS and do not agree on how."""


class CertificateNotTrusted(BrokerRefused):
    """The broker's certificate is not one that we trust, or is another host's."""


class CertificateUnreadable(BrokerRefused):
    """A certificate or key that the settings name cannot be loaded."""


class ClientCertificateRefused(BrokerRefused):
    """The broker wants a certificate from us, or does not trust the one it got."""


class LoginRequired(BrokerRefused):
    """The listener wants a user (SASL), and the settings name none."""


class LoginNotOffered(BrokerRefused):
    """The settings name a user (SASL), and the listener takes none."""


class MechanismNotOffered(BrokerRefused):
    """The listener takes users, and not by the SASL mechanism of the settings."""


class LoginRefused(BrokerRefused):
    """The user or the password is wrong."""


class TopicRefused(BrokerRefused):
    """The user has no right to the topic."""


class TopicNameInvalid(BrokerRefused):
    """No topic can have this name."""
