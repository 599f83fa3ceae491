"""Builds the clusters' programs and their images into the cache.

One module of Go holds everything, so that what the programs have in common is compiled once.
The version counts Kubernetes' own and tells by a digest which sources were built.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from host.install.commands import run
from host.install.golang import go_program
from host.install.parts import install
from host.install.progress import Progress
from host.paths import engine_cache
from lab.archive import write_archive, write_layer
from lab.inside import PAUSE

SOURCES = Path(__file__).resolve().parent / "go"
MINIMUM_GO = (1, 26)
PACKAGES = 3000
"""About how many packages a first build compiles."""
NAMES = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
    "kubectl",
    "kubelet",
)
"""What kubelab becomes by its name."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image that holds one static program and nothing else."""

    program: str
    name: str
    user: str = "65534"


IMAGES = (
    Image("pause", PAUSE, "65535"),
    Image("coredns", "lab.local/coredns:1"),
    Image("metrics-server", "lab.local/metrics-server:1"),
)


def kubernetes_version() -> str:
    """As go.mod has it: `v1.36.3`."""
    found = re.search(r"^\tk8s\.io/kubernetes (v\S+)$", (SOURCES / "go.mod").read_text(), re.M)
    assert found is not None, "go.mod names the version of Kubernetes"
    return found[1]


def folder() -> Path:
    """Where the programs are, or will be when `ready` has made them."""
    digest = hashlib.sha256()
    for path in sorted(SOURCES.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(SOURCES)}\0".encode() + path.read_bytes())
    return engine_cache("kubelab", f"{kubernetes_version()}-{digest.hexdigest()[:10]}")


def is_built() -> bool:
    """Whether nothing has to be built."""
    return folder().exists()


def kubectl() -> Path | None:
    """The lab's own kubectl, once it is built."""
    program = folder() / "kubectl"
    return program if program.exists() else None


def archive_of(image: Image, programs: Path) -> Path:
    """Where an image's archive is."""
    return programs / "images" / f"{image.program}.tar"


async def ready(progress: Progress) -> Path:
    """The folder of the programs; they are built when they are missing. Raises StackError."""
    target = folder()
    await install(target, "kubelab", lambda part: _build(part, progress), progress)
    return target


async def _build(part: Path, progress: Progress) -> None:
    go = await go_program(MINIMUM_GO, progress)
    progress("kubelab: building Kubernetes, once: some 7 minutes on two cores, 4 GB of disk")
    module = part / "module"
    shutil.copytree(SOURCES, module)
    flag = "k8s.io/component-base/version.git"
    version = kubernetes_version()
    major, minor = version.removeprefix("v").split(".")[:2]
    stamps = {"Version": version, "Major": major, "Minor": minor}
    linker = "-s -w " + " ".join(f"-X {flag}{key}={value}" for key, value in stamps.items())
    argv: list[str | Path] = [go, "build", "-v", "-trimpath", "-buildvcs=false", "-ldflags", linker]
    fix = "Check the network and the Go module proxy (go env GOPROXY), then start again."
    await run(
        "Building kubelab",
        [*argv, "-o", f"{part}/", "./..."],
        module,
        fix,
        _environment(),
        _counted(progress),
    )
    shutil.rmtree(module)
    for name in NAMES:
        (part / name).symlink_to("kubelab")
    progress("kubelab: writing the images")
    _write_images(part)


def _environment() -> Mapping[str, str]:
    return {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local"}


def _counted(progress: Progress) -> Callable[[str], None]:
    """Says how far the compiler is, every hundred packages."""
    done = 0

    def on_line(line: str) -> None:
        nonlocal done
        if line.startswith("go: downloading"):
            if done == 0:
                progress("kubelab: downloading modules")
                done = 1
            return
        done += 1
        if done % 100 == 0:
            progress(f"kubelab: {done} of about {PACKAGES} packages compiled")

    return on_line


def _write_images(part: Path) -> None:
    (part / "images").mkdir()
    for image in IMAGES:
        layer = part / "images" / f"{image.program}.layer"
        members: Sequence[tuple[str, Path | None, int]] = (
            ("tmp", None, 0o1777),
            (image.program, part / image.program, 0o755),
        )
        write_layer(layer, members)
        config = {"Entrypoint": [f"/{image.program}"], "User": image.user}
        write_archive(archive_of(image, part), image.name, [layer], config)
        layer.unlink()
        (part / image.program).unlink()
