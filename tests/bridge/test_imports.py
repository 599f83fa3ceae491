"""What a process brings with it: no client of a store that it never asks."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.processes
@pytest.mark.parametrize(
    "module",
    [
        "services.bridge.worker",
        "services.bridge.client",
        "services.producer_http.__main__",
        "services.producer_grpc.server",
    ],
)
def test_beside_kafka_there_is_no_client_of_the_document_store(module: str) -> None:
    code = (
        f"import sys, {module};"
        "print([name for name in ('motor', 'pymongo', 'bson') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
