"""Writes container images as OCI archives, without a registry or a builder.

The archive is an OCI image layout in one tar, with Docker's `manifest.json` beside it, so that
containerd, podman and `docker load` take the same file. The same layers and configuration give
the same bytes, thus the same digest: nothing in it depends on the clock, the user or the machine.
Sources: the OCI image specification (layout, manifest, config) and Docker's image format 1.2.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

EPOCH = "1970-01-01T00:00:00Z"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, slots=True)
class Blob:
    """One content-addressed part of an image."""

    media: str
    digest: str
    """`sha256:` and 64 hexadecimal digits."""
    size: int
    """Bytes."""
    content: bytes | Path

    @property
    def member(self) -> str:
        """Its name in the archive."""
        return "blobs/" + self.digest.replace(":", "/")

    def descriptor(self) -> dict[str, Any]:
        """How other parts refer to it."""
        return {"mediaType": self.media, "digest": self.digest, "size": self.size}


def write_archive(
    path: Path, name: str, layers: Sequence[Path], config: Mapping[str, Any] | None = None
) -> str:
    """Writes the image in one step and answers the digest of its manifest.

    `name` is a whole reference (`registry/name:tag`), `layers` are uncompressed tar files from
    the lowest to the uppermost, `config` is the runtime part of an OCI configuration
    (`Entrypoint`, `Cmd`, `Env`, `User`, `WorkingDir`, `Labels`). Raises OSError.
    """
    parts = [_of_file(layer) for layer in layers]
    settings = _json(_CONFIG, _configuration(parts, config or {}))
    manifest = _json(
        _MANIFEST,
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": settings.descriptor(),
            "layers": [part.descriptor() for part in parts],
        },
    )
    # Each blob once: two equal layers are one.
    blobs = {blob.member: blob for blob in (*parts, settings, manifest)}
    with tempfile.NamedTemporaryFile(
        dir=path.parent, prefix=f".{path.name}.", delete=False
    ) as file:
        try:
            _write(file, _heads(name, parts, settings, manifest), blobs.values())
            os.chmod(file.name, 0o644)
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise
    return manifest.digest


def write_layer(path: Path, members: Iterable[tuple[str, Path | bytes | None, int]]) -> None:
    """Writes a layer: `(name, content, mode)` each; None is a folder.

    Names are relative. Owner is root and every time is zero; order is the caller's. Raises
    OSError.
    """
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        for name, content, mode in members:
            entry = tarfile.TarInfo(name)
            entry.mode = mode
            if content is None:
                entry.type = tarfile.DIRTYPE
                tar.addfile(entry)
            else:
                _add(tar, entry, content)


def _configuration(layers: Sequence[Blob], config: Mapping[str, Any]) -> dict[str, Any]:
    machine = os.uname().machine
    return {
        "architecture": _ARCHITECTURES.get(machine, machine),
        "os": "linux",
        "created": EPOCH,
        "config": dict(config),
        # An uncompressed layer's diff id is its own digest.
        "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]},
        "history": [{"created": EPOCH} for _ in layers],
    }


def _heads(
    name: str, layers: Sequence[Blob], settings: Blob, manifest: Blob
) -> Mapping[str, object]:
    tag = name.rpartition(":")[2]
    annotations = {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": tag}
    docker = {
        "Config": settings.member,
        "RepoTags": [name],
        "Layers": [layer.member for layer in layers],
    }
    return {
        "oci-layout": {"imageLayoutVersion": "1.0.0"},
        "index.json": {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [manifest.descriptor() | {"annotations": annotations}],
        },
        "manifest.json": [docker],
    }


def _write(file: IO[bytes], heads: Mapping[str, object], blobs: Iterable[Blob]) -> None:
    with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, value in heads.items():
            _add(tar, tarfile.TarInfo(name), _encoded(value))
        for blob in blobs:
            _add(tar, tarfile.TarInfo(blob.member), blob.content)


def _add(tar: tarfile.TarFile, entry: tarfile.TarInfo, content: bytes | Path) -> None:
    if isinstance(content, bytes):
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
        return
    entry.size = content.stat().st_size
    with content.open("rb") as source:
        tar.addfile(entry, source)


def _json(media: str, value: object) -> Blob:
    data = _encoded(value)
    return Blob(media, "sha256:" + hashlib.sha256(data).hexdigest(), len(data), data)


def _of_file(path: Path) -> Blob:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Blob(_LAYER, f"sha256:{digest}", path.stat().st_size, path)


def _encoded(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
