"""What a process of the bridge brings with it: nothing of the stores that it never asks."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.processes
@pytest.mark.parametrize("part", ["worker", "client"])
def test_beside_kafka_there_is_no_client_of_the_document_store(part: str) -> None:
    code = (
        f"import sys, services.bridge.{part};"
        "print([name for name in ('motor', 'pymongo', 'bson') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
