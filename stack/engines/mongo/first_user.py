"""Makes the user of a fresh document store: `python -m stack.engines.mongo.first_user DATA -- CMD`.

CMD is the server without `--auth`, with `--port PORT` of 127.0.0.1. Name and password are taken
from MONGO_USERNAME and MONGO_PASSWORD, those of `wire.accounts` from MONGO_PASSWORD_ and the name
of each. A data folder in which all of them were made is left as it is.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from host.errors import StackError
from stack.engines.mongo.users import ensure_user
from stack.spec import ProcessSpec
from wire.accounts import ACCOUNTS

MARK = ".user-made"


def main(arguments: Sequence[str]) -> int:
    """0 when the user is there, 2 for a wrong call, 1 with a sentence and its fix otherwise."""
    if len(arguments) < 4 or arguments[1] != "--" or "--port" not in arguments[:-1]:
        print(__doc__, file=sys.stderr)
        return 2
    data, command = Path(arguments[0]), tuple(arguments[2:])
    user, secret = (os.environ.get(name, "") for name in ("MONGO_USERNAME", "MONGO_PASSWORD"))
    if not user or not secret:
        print("error: MONGO_USERNAME or MONGO_PASSWORD is not set", file=sys.stderr)
        return 2
    accounts = {
        each.name: os.environ[f"MONGO_PASSWORD_{each.name.upper()}"]
        for each in ACCOUNTS
        if each.mongo and os.environ.get(f"MONGO_PASSWORD_{each.name.upper()}")
    }
    mark, made = data / MARK, "".join(f"{name}\n" for name in sorted(accounts))
    if mark.exists() and mark.read_text() == made:
        return 0
    port = int(command[command.index("--port") + 1])
    spec = ProcessSpec("mongo", command, data, dict(os.environ), stop_timeout=20.0)
    try:
        asyncio.run(ensure_user(spec, port, secret, user, accounts))
    except StackError as error:
        print(f"error: {error.message}\nfix: {error.fix}", file=sys.stderr)
        return 1
    mark.write_text(made)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
