"""The entrance of the command `controlroom`."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one verb and answers with its exit code; never raises."""
    from controlroom.cli.entrance import enter

    return enter(list(sys.argv[1:] if argv is None else argv))


if __name__ == "__main__":
    sys.exit(main())
