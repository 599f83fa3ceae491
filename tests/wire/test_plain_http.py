"""Clients that meet no TLS do without what TLS needs."""

import importlib
import ssl
import sys
from pathlib import Path

import pytest

from stack.client import StackClient
from stack.engines.toxiproxy.server import UNIX, api_client
from wire.plain_http import trust


async def test_a_client_of_a_socket_reads_no_authorities(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: object, **__: object) -> None:
        raise AssertionError("the authorities of the whole world are read")

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", read)
    monkeypatch.setattr(ssl.SSLContext, "set_default_verify_paths", read)
    await StackClient(tmp_path / "stack.sock").close()
    await api_client(f"{UNIX}{tmp_path}/toxiproxy.sock").aclose()
    plain = trust("http://127.0.0.1:9090")
    assert isinstance(plain, ssl.SSLContext)
    assert plain.get_ca_certs() == []


def test_a_url_with_tls_is_verified_as_ever() -> None:
    assert trust("https://prometheus.example") is True


def test_a_module_that_is_not_there_is_not_looked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if sys.modules.get("sniffio") is not None:
        pytest.skip("sniffio is installed here")
    monkeypatch.delitem(sys.modules, "sniffio", raising=False)
    trust("")
    searched: list[str] = []

    class Finder:
        @staticmethod
        def find_spec(name: str, *_: object) -> None:
            searched.append(name)

    monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
    with pytest.raises(ImportError):
        importlib.import_module("sniffio")
    assert searched == []
