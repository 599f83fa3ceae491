"""Writes the generated files of docs/ (openapi, errors.json, proto.md, controlroom.1) and the
schemas of experiments and of the config file."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from controlroom.commands.man import page  # noqa: E402
from controlroom.commands.schema import schema as schema_of_settings  # noqa: E402
from controlroom.experiments.format import schema  # noqa: E402
from scenarios.loading import load, names  # noqa: E402
from services.producer_grpc import front  # noqa: E402
from services.producer_http import __main__ as producer  # noqa: E402
from services.producer_wasm import front as wasm  # noqa: E402
from services.reader import app as reader  # noqa: E402
from services.reader.repository import Repository  # noqa: E402
from services.shared.openapi import encoded  # noqa: E402
from wire.problems import PROBLEMS  # noqa: E402

_COMMENT = re.compile(r"^\s*// ?(.*)$")
_BLOCK = re.compile(r"^(service|message) (\w+) \{")
_RPC = re.compile(r"^\s+rpc (\w+)\((stream )?(\w+)\) returns \((stream )?(\w+)\);")
_FIELD = re.compile(r"^\s+((?:repeated |optional )?(?:map<[^>]+>|[\w.]+)) (\w+) = (\d+);")


def files() -> dict[Path, str]:
    """Path -> what it has to hold."""
    made = {ROOT / "docs/proto.md": _proto(), ROOT / "docs/controlroom.1": page() + "\n"}
    errors = {"errors": [problem.to_json() for problem in PROBLEMS]}
    made[ROOT / "docs/errors.json"] = json.dumps(errors, indent=2) + "\n"
    form = ROOT / "controlroom/experiments/schema.json"
    made[form] = json.dumps(schema(), indent=2) + "\n"
    form = ROOT / "docs/settings.schema.json"
    made[form] = json.dumps(schema_of_settings(), indent=2) + "\n"
    for name in names():
        scenario = load(name)
        # describing asks no store
        repository = Repository(scenario, None, None, None)  # type: ignore[arg-type]
        endpoints = reader.Answers(repository, None).endpoints()  # type: ignore[arg-type]
        for service, document in (
            ("producer-http", producer.document(scenario)),
            ("producer-grpc", front.document(scenario)),
            *([("producer-wasm", wasm.document(scenario))] if scenario.wasm else []),
            ("reader", reader.document(scenario, endpoints)),
        ):
            made[ROOT / f"docs/openapi/{name}-{service}.json"] = encoded(document).decode()
    return made


def _proto() -> str:
    parts = ["# Protobuf services\n\nMade of the comments in `proto/` by `docs/generate.py`.\n"]
    for path in sorted((ROOT / "proto").glob("*.proto")):
        parts.append("\n".join(_sections(path)) + "\n")
    return "\n".join(parts)


def _sections(path: Path) -> Iterator[str]:
    """The lines about one file: its own comment, then a table per service and message."""
    text = path.read_text(encoding="utf-8")
    package = re.search(r"^package ([\w.]+);", text, re.MULTILINE)
    yield f"## {package[1] if package else path.stem} (`proto/{path.name}`)"
    said: list[str] = []
    head = True
    for line in text.splitlines():
        comment = _COMMENT.match(line)
        if comment:
            said.append(comment[1])
            continue
        if head and said:
            yield from ("", *said)
            said, head = [], False
            continue
        yield from _line(line, " ".join(said).strip())
        if line.strip():
            said = []


def _line(line: str, said: str) -> Iterator[str]:
    block, rpc, each = _BLOCK.match(line), _RPC.match(line), _FIELD.match(line)
    if block:
        yield from ("", f"### {block[1]} {block[2]}", *(["", said] if said else []), "")
        if block[1] == "service":
            yield from ("| rpc | takes | answers | |", "|---|---|---|---|")
        else:
            yield from ("| field | type | number | |", "|---|---|---|---|")
    elif rpc:
        takes, gives = f"{rpc[2] or ''}{rpc[3]}", f"{rpc[4] or ''}{rpc[5]}"
        yield f"| {rpc[1]} | {takes} | {gives} | {said} |"
    elif each:
        kind = each[1].strip().replace("<", "\\<")
        yield f"| {each[2]} | {kind} | {each[3]} | {said} |"


def main() -> int:
    """Write what is not current."""
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
