"""Certificates that sign themselves, for servers of the tests that speak TLS."""

from __future__ import annotations

import atexit
import datetime
import ipaddress
import tempfile
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def a_certificate(folder: Path) -> Path:
    """A certificate of 127.0.0.1 that signs itself, and its key, in two PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "ca.pem").write_bytes(pem)
    (folder / "keystore.pem").write_bytes(private + pem)
    return folder / "ca.pem"


@cache
def the_only_certificate() -> str:
    """The file of the one certificate that Prefect's clients of the tests trust.

    They speak to servers without TLS. Each of the seven clients of a run would else read all certificates of
    ``certifi``, which takes 17 ms.
    """
    folder = tempfile.TemporaryDirectory(prefix="dateline-certificate-", delete=False)
    atexit.register(folder.cleanup)
    return str(a_certificate(Path(folder.name)))
