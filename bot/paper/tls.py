"""A certificate authority for one run: it vouches for the venues' names on this machine, to those who ask it to."""

from __future__ import annotations

import datetime as dt
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SERVED_NAMES: Final = (
    "*.binance.com",
    "*.binancefuture.com",
    "testnet.binance.vision",
    "*.testnet.binance.vision",
    "*.okx.com",
    "kucoin.com",
    "*.kucoin.com",
)
VALID_DAYS: Final = 2
_EARLY: Final = dt.timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """What a server needs to present, and the file with which a client trusts it."""

    server: ssl.SSLContext
    ca_file: Path


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _authority(start: dt.datetime, end: dt.datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    usage = {
        name: name in {"key_cert_sign", "crl_sign"}
        for name in (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        )
    }
    subject = _name("hedgebot paper exchange CA")
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate, key


def _leaf(
    ca: x509.Certificate, ca_key: ec.EllipticCurvePrivateKey, start: dt.datetime, end: dt.datetime
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name("hedgebot paper exchange"))
        .issuer_name(ca.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in SERVED_NAMES]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    return certificate, key


@contextmanager
def temporary_certificates(now_ms: int) -> Iterator[Certificates]:
    """Make a CA and a server certificate, valid for two days, in a private folder that goes when the context ends.

    The CA's key is never written; the server's is written for the moment that loading it takes.

    Args:
        now_ms: wall time, milliseconds since 1970.
    """
    now = dt.datetime.fromtimestamp(now_ms / 1000, tz=dt.UTC)
    start, end = now - _EARLY, now + dt.timedelta(days=VALID_DAYS)
    ca, ca_key = _authority(start, end)
    leaf, leaf_key = _leaf(ca, ca_key, start, end)
    # TemporaryDirectory makes it with mode 0700.
    with tempfile.TemporaryDirectory(prefix="hedgebot-paper-") as folder:
        ca_file = Path(folder) / "ca.pem"
        ca_file.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
        leaf_file = Path(folder) / "leaf.pem"
        leaf_file.write_bytes(
            leaf_key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + leaf.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            context.load_cert_chain(leaf_file)
        finally:
            leaf_file.unlink()
        yield Certificates(server=context, ca_file=ca_file)
