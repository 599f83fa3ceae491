"""Generates services/pb from proto/; run it after a change: python proto/generate.py."""

from __future__ import annotations

import sys
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Write the stubs; the exit code of protoc."""
    names = sorted(path.name for path in (ROOT / "proto").glob("*.proto"))
    # the virtual path makes the generated imports absolute within the project
    return int(
        protoc.main(
            [
                "protoc",
                f"-Iservices/pb={ROOT / 'proto'}",
                f"--python_out={ROOT}",
                f"--pyi_out={ROOT}",
                f"--grpc_python_out={ROOT}",
                *(f"services/pb/{name}" for name in names),
            ]
        )
    )


if __name__ == "__main__":
    sys.exit(main())
