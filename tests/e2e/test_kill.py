"""kill -9 between any two calls, then a restart: it converges, and nothing is lost or done twice."""

from __future__ import annotations

import time

import pytest

from conftest import Starter
from proxy import Proxy, Seen
from stage import REPOSITORIES, Aws, Evenkeel, wait_for

ALL = set(REPOSITORIES)
# How long the last write of an update may be in coming, in seconds.
LAST_WRITE = 10.0


def killed_at(start: Starter, proxy: Proxy, number: int, moment: str) -> bool:
    """Kills the daemon at the `number`-th write; `False` if there were fewer."""
    count = 0
    daemon = None

    def at_write(seen: Seen) -> bool:
        nonlocal count
        if not seen.write:
            return False
        count += 1
        return count == number

    def before(seen: Seen):  # noqa: ANN202
        if at_write(seen):
            daemon.process.kill()
            return 0, {}, b""
        return None

    def after(seen: Seen) -> bool:
        if at_write(seen):
            daemon.process.kill()
            return True
        return False

    daemon = start("--max-in-flight", "1", "--mode", "observe")
    daemon.stop()
    if moment == "before":
        proxy.before = before
    else:
        proxy.after = after
    daemon = start("--max-in-flight", "1")

    synced_since = None

    def over() -> bool:
        nonlocal synced_since
        if daemon.process.poll() is not None:
            return True
        rows = daemon.objects()
        synced = len(rows) == len(ALL) and all(it["status"] == "synced" for it in rows.values())
        synced_since = (synced_since or time.monotonic()) if synced else None
        # What is synced may still have to be written down: the record is the last of the writes.
        return synced_since is not None and time.monotonic() > synced_since + LAST_WRITE

    wait_for("killed or done", over)
    return daemon.process.poll() is not None


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_killed_while_creating(
    start: Starter, aws: Aws, proxy: Proxy, number: int, moment: str
) -> None:
    assert killed_at(start, proxy, number, moment)
    proxy.clear()
    daemon = start()
    daemon.wait_synced(*ALL)
    assert aws.names() == ALL
    made = number if moment == "after" else number - 1
    assert proxy.count("CreateFunction") == len(ALL) - made


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_killed_while_updating(
    start: Starter, aws: Aws, proxy: Proxy, evenkeel: Evenkeel, number: int, moment: str
) -> None:
    # An update of everything takes three writes: code, configuration, and the record of both.
    first = start()
    first.wait_synced(*ALL)
    assert first.stop() == 0
    second = aws.push("thumbnails", "v1", "second")
    manifest = start.folder / "thumbnails.yaml"
    manifest.write_text(manifest.read_text().replace("512", "640"))
    proxy.clear()
    assert killed_at(start, proxy, number, moment)
    proxy.clear()
    daemon = start()
    daemon.wait_synced(*ALL)
    found = aws.function("thumbnails")["Configuration"]
    assert (found["MemorySize"], found["CodeSha256"]) == (640, second[7:])
    # A list shows no tags: after a restart the record of what was applied waits for the audit.
    # A single run looks at everything.
    assert daemon.stop() == 0
    assert evenkeel.call("run", "--once", str(start.folder)).returncode == 0
    applied = aws.function("thumbnails")["Tags"]["evenkeel.dev/applied"]
    assert applied.startswith(f"v1:{second[7:23]}:")
