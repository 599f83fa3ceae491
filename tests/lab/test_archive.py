"""Image archives: whole, addressed by content, the same bytes each time."""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path
from typing import Any

from lab.archive import write_archive, write_layer

CONFIG = {"Entrypoint": ["/hello"], "User": "10001"}


def _layer(folder: Path, text: bytes) -> Path:
    path = folder / "layer.tar"
    write_layer(path, [("etc", None, 0o755), ("etc/hello", text, 0o644)])
    return path


def _read(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        files = {member.name: tar.extractfile(member) for member in tar if member.isfile()}
        return {name: file.read() for name, file in files.items() if file is not None}


def test_every_part_is_there_under_its_own_digest(tmp_path: Path) -> None:
    layer = _layer(tmp_path, b"hello")
    digest = write_archive(tmp_path / "image.tar", "lab.local/hello:1", [layer], CONFIG)

    parts = _read(tmp_path / "image.tar")
    index: dict[str, Any] = json.loads(parts["index.json"])
    head = index["manifests"][0]
    assert head["digest"] == digest
    assert head["annotations"]["io.containerd.image.name"] == "lab.local/hello:1"
    manifest = json.loads(parts["blobs/" + digest.replace(":", "/")])
    for part in (head, manifest["config"], *manifest["layers"]):
        content = parts["blobs/" + part["digest"].replace(":", "/")]
        assert hashlib.sha256(content).hexdigest() == part["digest"].removeprefix("sha256:")
        assert len(content) == part["size"]
    docker = json.loads(parts["manifest.json"])[0]
    config = json.loads(parts[docker["Config"]])
    assert config["config"] == CONFIG
    assert [parts[name] for name in docker["Layers"]] == [layer.read_bytes()]


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    written = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        write_archive(folder / "image.tar", "lab.local/hello:1", [_layer(folder, b"hello")], CONFIG)
        written.append((folder / "image.tar").read_bytes())
    assert written[0] == written[1]


def test_other_content_gives_another_digest(tmp_path: Path) -> None:
    digests = {
        write_archive(tmp_path / "image.tar", "lab.local/hello:1", [_layer(tmp_path, text)])
        for text in (b"one", b"two")
    }
    assert len(digests) == 2
