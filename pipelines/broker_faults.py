"""What can be wrong with the connection to a broker: a class for each fault, named after it.

There are two families. After a ``BrokerUnavailable``, a run tries again, because the broker may be back a moment later.
After a ``BrokerRefused``, it stops: someone has to change the settings, the broker or its access rules first.
"""

from __future__ import annotations


class BrokerUnavailable(Exception):
    """The broker cannot be reached or does not answer at the moment. Trying again may help."""


class BrokerRefused(Exception):
    """The broker answered and refused. The settings or rights are wrong, and trying again does not help."""


class HostNotFound(BrokerUnavailable):
    """The broker's host name does not resolve to an address."""


class PortRefused(BrokerUnavailable):
    """The host answers, but nothing listens on the port."""


class BrokerUnreachable(BrokerUnavailable):
    """No connection could be established: there is no route, or packets are dropped."""


class BrokerSilent(BrokerUnavailable):
    """Something accepts the connection but never answers."""


class ConnectionClosed(BrokerUnavailable):
    """Something accepts the connection, then closes it without an answer."""


class AdvertisedUnreachable(BrokerUnavailable):
    """The bootstrap server answers, but none of the addresses that the brokers advertise can be reached."""


class NotKafka(BrokerRefused):
    """The server at this address does not speak Kafka's protocol to clients."""


class TlsRequired(BrokerRefused):
    """The listener speaks TLS, but the settings are without TLS."""


class TlsNotSpoken(BrokerRefused):
    """The settings ask for TLS, but the listener does not speak it."""


class TlsFailed(BrokerRefused):
    """Both sides speak TLS, but the handshake failed."""


class CertificateNotTrusted(BrokerRefused):
    """The broker's certificate is not trusted, or it was issued for another host."""


class CertificateUnreadable(BrokerRefused):
    """A certificate or key that the settings name cannot be loaded."""


class ClientCertificateRefused(BrokerRefused):
    """The broker requires a client certificate, or does not trust the one that it got."""


class LoginRequired(BrokerRefused):
    """The listener requires a user (SASL), but the settings have none."""


class LoginNotOffered(BrokerRefused):
    """The settings have a user (SASL), but the listener has no logins."""


class MechanismNotOffered(BrokerRefused):
    """The listener does not offer the SASL mechanism of the settings."""


class LoginRefused(BrokerRefused):
    """The user or the password is wrong."""


class TopicRefused(BrokerRefused):
    """The user has no right to the topic."""


class TopicNameInvalid(BrokerRefused):
    """No topic can have this name."""
