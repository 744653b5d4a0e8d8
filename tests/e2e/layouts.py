"""Images in a folder, made by hand: no builder makes those that nobody should push. And builders with room of their own."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path


def index(folder: Path, *architectures: str) -> Path:
    """A layout with an index of images that hold nothing."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def put(value: object, media_type: str, **more: object) -> dict:
        data = json.dumps(value).encode()
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(data), **more}

    def image(architecture: str) -> dict:
        run = {"architecture": architecture, "os": "linux", "config": {"Entrypoint": ["/x"]}}
        config = put(run, "application/vnd.oci.image.config.v1+json")
        manifest = {"schemaVersion": 2, "config": config, "layers": []}
        platform = {"architecture": architecture, "os": "linux"}
        return put(manifest, "application/vnd.oci.image.manifest.v1+json", platform=platform)

    inner = {"schemaVersion": 2, "manifests": [image(it) for it in architectures]}
    outer = put(inner, "application/vnd.oci.image.index.v1+json")
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [outer]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return folder


def store(folder: Path) -> dict[str, str]:
    """The environment of a buildah that keeps its images below a folder, and needs no rights."""
    conf = folder / "storage.conf"
    conf.write_text(f'[storage]\ndriver = "vfs"\ngraphroot = "{folder}/root"\nrunroot = "{folder}/run"\n')
    return {"CONTAINERS_STORAGE_CONF": str(conf), "BUILDAH_ISOLATION": "chroot"}


def with_libraries(program: Path, folder: Path) -> None:
    """The program as `/function` of a file system that has what it is linked to: a builder has no base image here."""
    folder.mkdir()
    shutil.copy(program, folder / "function")
    linked = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    for library in (word for word in linked.split() if word.startswith("/")):
        (folder / library[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, folder / library[1:])
