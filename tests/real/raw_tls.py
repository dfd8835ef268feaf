"""Certificates of every kind that a client must judge, and contexts for a server that shows them."""

from __future__ import annotations

import datetime
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from loadgen.clock import SECOND, wall

DAY = datetime.timedelta(days=1)


class Authority:
    """Signs certificates. `ca` is its own, as a PEM file."""

    def __init__(self, folder: Path, name: str = "contract") -> None:
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name = _name(f"loadgen's tests: {name}")
        self._today = datetime.datetime.fromtimestamp(wall() / SECOND, datetime.UTC)
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        own = self._builder(self._name, self._key.public_key(), 7).add_extension(usage, critical=True)
        own = own.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.ca = folder / f"{name}-ca.pem"
        self.ca.write_bytes(own.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def sign(self, name: str, hosts: tuple[str, ...] = (), days: int = 7) -> Path:
        """A certificate and its key in one PEM file; `days` from today until it expires."""
        key = ec.generate_private_key(ec.SECP256R1())
        built = self._builder(_name(name), key.public_key(), days)
        if hosts:
            names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
            built = built.add_extension(names, critical=False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        built = built.add_extension(issuer, critical=False)
        built = built.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        path = self._folder / f"{name}.pem"
        path.write_bytes(
            built.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return path

    def _builder(self, name: x509.Name, public: ec.EllipticCurvePublicKey, days: int) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._today - 3 * DAY)
            .not_valid_after(self._today + days * DAY)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        )


def server_context(pem: Path, client_ca: Path | None = None) -> ssl.SSLContext:
    """A server's context; with `client_ca` it wants a certificate of the client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    if client_ca:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
