"""Makes the pictures of docs/guide/pictures from a fleet on the stand-in: `make screenshots`."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from PIL import Image

from browser import browser, look
from fleet import Fleet
from stage import ROOT

# Name, address, dark, width and height.
PICTURES = [
    ("overview", "/", False, (1100, 760)),
    ("objects", "/objects?sort=status", True, (1100, 760)),
    ("object", "/objects/default/Function/resize", False, (1100, 900)),
    ("release", "/objects/default/Function/count-bases", True, (420, 900)),
    ("events", "/events", False, (1100, 640)),
    ("source", "/source", True, (420, 800)),
    ("targets", "/targets", False, (1100, 900)),
]
COLOURS = 48
BYTES_MAX = 100_000


def main() -> None:
    folder = ROOT / "docs" / "guide" / "pictures"
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        fleet = Fleet(Path(place))
        chrome = browser()
        try:
            fleet.stage()
            for name, path, dark, size in PICTURES:
                look(chrome, dark, size)
                chrome.get(fleet.url + path)
                picture = Image.open(io.BytesIO(chrome.get_screenshot_as_png())).convert("RGB")
                target = folder / f"{name}.png"
                picture.quantize(COLOURS).save(target, optimize=True)
                assert target.stat().st_size < BYTES_MAX, (name, target.stat().st_size)
                print(target.relative_to(ROOT), target.stat().st_size)
        finally:
            chrome.quit()
            fleet.stop()


if __name__ == "__main__":
    main()
