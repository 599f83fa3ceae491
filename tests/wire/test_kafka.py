"""How an address of Kafka, or the environment of a service, becomes a client's arguments."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from services.shared.settings import Settings, SettingsError
from wire.kafka import AddressError, Brokers, brokers_from, brokers_of, client_arguments

SECRET = "p@ss:w/rd?&"


def test_a_bare_address_asks_for_no_login() -> None:
    assert client_arguments("a:9092,b:9092") == {
        "bootstrap_servers": "a:9092,b:9092",
        "security_protocol": "PLAINTEXT",
    }


@pytest.mark.parametrize(
    "brokers",
    [
        Brokers("a:1,b:2"),
        Brokers("a:1", "me", SECRET, "PLAIN"),
        Brokers("a:1", "me", SECRET, "SCRAM-SHA-512", tls=True, ca_file="/x y/ca.pem"),
        Brokers("a:1", tls=True, cert_file="/c", key_file="/k", any_hostname=True),
    ],
)
def test_an_address_is_read_as_it_is_written(brokers: Brokers) -> None:
    assert brokers_of(brokers.url()) == brokers
    assert SECRET not in repr(brokers) + str(brokers)


@pytest.mark.parametrize(
    "brokers",
    [
        Brokers("a:1"),
        Brokers("a:1", "me", SECRET, "SCRAM-SHA-256"),
        Brokers("a:1", "me", SECRET, "PLAIN", tls=True, ca_file="/ca"),
        Brokers("a:1", tls=True, ca_file="/ca", cert_file="/c", key_file="/k"),
    ],
)
def test_a_service_is_told_all_of_it_by_its_environment(brokers: Brokers) -> None:
    env = {"KAFKA_BOOTSTRAP": brokers.bootstrap} | brokers.environment()
    assert brokers_from(env) == brokers
    if brokers.tls:
        return
    settings = Settings.from_env(environ=env | {"SCENARIO": "s", "POD_NAME": "p", "POD_IP": "i"})
    assert settings.kafka == brokers
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    ("name", "env"),
    [
        ("KAFKA_SECURITY_PROTOCOL", {"KAFKA_SECURITY_PROTOCOL": "TLS"}),
        ("KAFKA_USERNAME", {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}),
        (
            "KAFKA_SASL_MECHANISM",
            {
                "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
                "KAFKA_USERNAME": "me",
                "KAFKA_SASL_MECHANISM": "GSSAPI",
            },
        ),
        ("http", {"KAFKA_BOOTSTRAP": "http://a:1"}),
        ("option", {"KAFKA_BOOTSTRAP": "kafka://me:p@a:1?mode=x"}),
    ],
)
def test_what_cannot_be_used_is_named(name: str, env: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=name) as caught:
        Settings.from_env(environ=env | {"SCENARIO": "s", "POD_NAME": "p", "POD_IP": "i"})
    assert "p@a" not in caught.value.message
    assert caught.value.fix


def test_a_certificate_that_is_missing_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "ca.pem")
    with pytest.raises(AddressError, match=r"ca\.pem"):
        Brokers("a:1", tls=True, ca_file=missing).arguments()
    env = {"SCENARIO": "s", "POD_NAME": "p", "POD_IP": "i", "KAFKA_BOOTSTRAP": "a:1"}
    env |= {"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_CA_FILE": missing}
    with pytest.raises(SettingsError, match=r"ca\.pem"):
        Settings.from_env(environ=env)


@pytest.mark.engines
@pytest.mark.skipif(shutil.which("openssl") is None, reason="certificates are made by openssl")
async def test_both_sides_show_a_certificate(tmp_path: Path) -> None:
    cert, key = _certificate(tmp_path)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(cert))
    server.load_cert_chain(cert, key)
    server.verify_mode = ssl.CERT_REQUIRED
    came: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(dict(x[0] for x in writer.get_extra_info("peercert")["subject"])["commonName"])
        writer.write(b"!")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server) as door:
        port = door.sockets[0].getsockname()[1]
        position, own = f"127.0.0.1:{port}", str(cert)
        there = Brokers(position, tls=True, ca_file=own, cert_file=own, key_file=str(key))
        with pytest.raises(ssl.SSLCertVerificationError):
            await _said(there, port)
        anywhere = brokers_of(there.url() + "&hostname=any")
        assert await _said(anywhere, port) == b"!"
    assert came == ["me"]


def _certificate(folder: Path) -> tuple[Path, Path]:
    """One that signed itself, for the name `broker`."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    made += ["-noenc", "-subj", "/CN=me", "-addext", "subjectAltName=DNS:broker"]
    subprocess.run([*made, "-out", cert, "-keyout", key], check=True, capture_output=True)
    return cert, key


async def _said(brokers: Brokers, port: int) -> bytes:
    context = brokers.arguments()["ssl_context"]
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    said = await reader.read()
    writer.close()
    return said
