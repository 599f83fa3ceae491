"""How a client reaches Kafka: the one place that turns an address, or the environment, into the
arguments of aiokafka's clients.

An address is `host:port` (several with commas), or that with a login, as the URLs of the other
stores have it:

    kafka://USER:PASSWORD@HOST:PORT?mechanism=SCRAM-SHA-512
    kafkas://HOST:PORT?ca=FILE&cert=FILE&key=FILE

`kafkas` is TLS. `mechanism` is PLAIN where there is a user and nothing is said. `hostname=any`
takes a certificate whatever name it is for, as behind a forwarded port.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_FILES = {"ca": "ca_file", "cert": "cert_file", "key": "key_file"}
_ANY = "any"


class AddressError(OSError, ValueError):
    """The address, a variable or a file cannot be used; the text names it and holds no secret.

    An OSError too: a file may be away for a moment, while a certificate is replaced.
    """


@dataclass(frozen=True, slots=True)
class Brokers:
    """Where brokers are, and what they are shown. Its text holds no secret."""

    bootstrap: str
    """`host:port`, several with commas; empty where there is no Kafka."""
    username: str = ""
    password: str = field(default="", repr=False)
    mechanism: str = ""
    """Of SASL; empty where the brokers ask for no login."""
    tls: bool = False
    ca_file: str = ""
    """PEM; the machine's own authorities where it is empty."""
    cert_file: str = ""
    key_file: str = ""
    any_hostname: bool = False
    """Whether the certificate may be for another name: brokers behind forwarded ports."""

    def __str__(self) -> str:
        return self.bootstrap

    @property
    def protocol(self) -> str:
        """As Kafka calls it: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."""
        inner = "SSL" if self.tls else "PLAINTEXT"
        return f"SASL_{inner}" if self.mechanism else inner

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of every aiokafka client. Raises AddressError for bad files."""
        found: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": self.protocol,
        }
        if self.tls:
            found["ssl_context"] = self._context()
        if self.mechanism:
            found["sasl_mechanism"] = self.mechanism
            found["sasl_plain_username"] = self.username
            found["sasl_plain_password"] = self.password
        return found

    def environment(self) -> dict[str, str]:
        """The variables that a service is given beside KAFKA_BOOTSTRAP; those that say anything."""
        if self.protocol == "PLAINTEXT":
            return {}
        told = {
            "KAFKA_SECURITY_PROTOCOL": self.protocol,
            "KAFKA_SASL_MECHANISM": self.mechanism,
            "KAFKA_USERNAME": self.username,
            "KAFKA_PASSWORD": self.password,
            "KAFKA_CA_FILE": self.ca_file,
            "KAFKA_CERT_FILE": self.cert_file,
            "KAFKA_KEY_FILE": self.key_file,
        }
        return {name: value for name, value in told.items() if value}

    def url(self) -> str:
        """The address with its secret, for a client of this user; bare where nothing is asked."""
        if self.protocol == "PLAINTEXT":
            return self.bootstrap
        login = f"{quote(self.username, safe='')}:{quote(self.password, safe='')}@"
        options = {name: getattr(self, of) for name, of in _FILES.items() if getattr(self, of)}
        if self.mechanism not in ("", "PLAIN"):
            options["mechanism"] = self.mechanism
        if self.any_hostname:
            options["hostname"] = _ANY
        query = f"?{urlencode(options)}" if options else ""
        scheme = "kafkas" if self.tls else "kafka"
        return f"{scheme}://{login if self.mechanism else ''}{self.bootstrap}{query}"

    def _context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self.ca_file or None)
            if self.cert_file:
                context.load_cert_chain(self.cert_file, self.key_file or None)
        except OSError as error:
            # ssl.SSLError is one, and names no file
            files = ", ".join(
                each for each in (self.ca_file, self.cert_file, self.key_file) if each
            )
            raise AddressError(f"Kafka's certificates ({files}): {error}") from error
        context.check_hostname = not self.any_hostname
        return context


NOWHERE = Brokers("")


def brokers_of(address: str | Brokers) -> Brokers:
    """The brokers of an address. Raises AddressError."""
    if isinstance(address, Brokers):
        return address
    scheme, mark, rest = address.partition("://")
    if not mark:
        return Brokers(address)
    if scheme not in ("kafka", "kafkas"):
        raise AddressError(
            f"an address of Kafka begins with kafka:// or kafkas://, not {scheme}://"
        )
    place, _, query = rest.partition("?")
    login, _, bootstrap = place.rstrip("/").rpartition("@")
    user, _, password = login.partition(":")
    options = dict(parse_qsl(query))
    mechanism = options.pop("mechanism", "PLAIN" if login else "")
    files = {of: options.pop(name, "") for name, of in _FILES.items()}
    hostname = options.pop("hostname", "")
    if options:
        raise AddressError(f"an address of Kafka has no option {', '.join(options)}")
    return Brokers(
        bootstrap,
        unquote(user),
        unquote(password),
        _known("mechanism", mechanism, ("", *MECHANISMS)),
        scheme == "kafkas",
        any_hostname=hostname == _ANY,
        **files,
    )


def brokers_from(env: Mapping[str, str]) -> Brokers:
    """Those of KAFKA_BOOTSTRAP, with the login that the variables KAFKA_... tell.

    Raises AddressError, naming the variable.
    """

    def text(name: str) -> str:
        return env.get(name, "").strip()

    found = brokers_of(text("KAFKA_BOOTSTRAP"))
    protocol = text("KAFKA_SECURITY_PROTOCOL")
    if not protocol:
        return found
    protocol = _known("KAFKA_SECURITY_PROTOCOL", protocol, PROTOCOLS)
    sasl, tls = protocol.startswith("SASL"), protocol.endswith("SSL")
    mechanism = text("KAFKA_SASL_MECHANISM") or "PLAIN"
    if sasl and not text("KAFKA_USERNAME"):
        raise AddressError(f"KAFKA_SECURITY_PROTOCOL is {protocol}, and KAFKA_USERNAME is not set")
    return Brokers(
        found.bootstrap,
        text("KAFKA_USERNAME") if sasl else "",
        env.get("KAFKA_PASSWORD", "").strip("\r\n") if sasl else "",
        _known("KAFKA_SASL_MECHANISM", mechanism, MECHANISMS) if sasl else "",
        tls,
        text("KAFKA_CA_FILE") if tls else "",
        text("KAFKA_CERT_FILE") if tls else "",
        text("KAFKA_KEY_FILE") if tls else "",
    )


def client_arguments(address: str | Brokers) -> dict[str, Any]:
    """Keyword arguments of an aiokafka client for these brokers. Raises AddressError."""
    return brokers_of(address).arguments()


def _known(name: str, value: str, among: tuple[str, ...]) -> str:
    if value not in among:
        choice = ", ".join(each for each in among if each)
        raise AddressError(f"{name} is {value!r}; use one of {choice}")
    return value
