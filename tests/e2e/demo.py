"""`make demo`: a short story that a newcomer can follow, on a real daemon and an emulated AWS.

Everything stays running until Ctrl-C. With DEMO_SECONDS set it ends by itself after the story, and its
exit code is 0 only if every chapter really happened.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from stage import REPOSITORIES, ROOT, Aws, Daemon, Evenkeel, Moto, wait_for

WIDTH = 78
# How long a chapter may take.
CHAPTER = 45.0


def chapter(number: int, title: str) -> None:
    print(f"\n{f' {number}. {title} ':─^{WIDTH}}", flush=True)


def say(text: str) -> None:
    print(f"  {text}", flush=True)


def show(daemon: Daemon, *names: str) -> None:
    """The metric lines that this chapter is about."""
    for line in daemon.metrics().splitlines():
        if not line.startswith("#") and all(it in line for it in names):
            print(f"    {line}", flush=True)


def show_log(daemon: Daemon, since: int) -> int:
    """What the daemon wrote since then, one line a change."""
    lines = daemon.lines()
    for line in lines[since:]:
        key = line.get("span", {}).get("key") or line.get("key", "")
        match line.get("message"):
            case "applied":
                say(f"evenkeel: {line['step']}  ({line['took_ms']} ms)")
            case "drifted":
                say(f"evenkeel: {key} drifted: {line['cause']}")
            case "drift ended":
                say(f"evenkeel: {key} drift ended: {line['cause']}, {line['result']}")
    return len(lines)


def memory(aws: Aws, name: str) -> int:
    return aws.function(name)["Configuration"]["MemorySize"]


def created(aws: Aws, daemon: Daemon) -> None:
    chapter(1, "Functions are created from manifests")
    say(f"manifests: {', '.join(sorted(it.name for it in folder().iterdir()))}")
    wait_for("all functions exist", lambda: aws.names() == set(REPOSITORIES), CHAPTER)
    daemon.wait_synced(*REPOSITORIES, "pipeline-tools")
    show_log(daemon, 0)
    for name in REPOSITORIES:
        say(f"AWS says: {name} runs {aws.digest(name)[:19]}…, {memory(aws, name)} MiB")
    show(daemon, "evenkeel_objects{", 'status="synced"')


def changed(aws: Aws, daemon: Daemon, release: Callable[[], None]) -> None:
    since = len(daemon.lines())
    chapter(2, "Somebody changes the memory behind its back")
    aws.functions.update_function_configuration(FunctionName="thumbnails", MemorySize=1024)
    say("$ aws lambda update-function-configuration --function-name thumbnails --memory-size 1024")
    say(f"AWS says: thumbnails has {memory(aws, 'thumbnails')} MiB; its manifest says 512")

    chapter(3, "Evenkeel sees it, and says so on /metrics")
    drift = lambda: daemon.metric("evenkeel_object_drift", name="thumbnails", cause="config")  # noqa: E731
    wait_for("the drift is on /metrics", lambda: drift() == 1, CHAPTER)
    since = show_log(daemon, since)
    show(daemon, "evenkeel_object_drift{", 'name="thumbnails"', 'cause="config"')

    chapter(4, "And repairs it")
    release()
    wait_for("the memory is back", lambda: memory(aws, "thumbnails") == 512, CHAPTER)
    wait_for("the drift has ended", lambda: drift() == 0, CHAPTER)
    show_log(daemon, since)
    say(f"AWS says: thumbnails has {memory(aws, 'thumbnails')} MiB")
    show(daemon, "evenkeel_object_drift{", 'name="thumbnails"', 'cause="config"')
    words = ('kind="Function"', 'cause="config"', 'result="success"')
    counted = ("evenkeel_drift_corrected_total", *words)
    wait_for(
        "the repair is counted",
        lambda: daemon.metric(counted[0], cause="config", result="success") >= 1,
        CHAPTER,
    )
    show(daemon, *counted)


def moved(aws: Aws, daemon: Daemon) -> None:
    since = len(daemon.lines())
    chapter(5, "A new image is pushed under the same tag")
    before = aws.digest("thumbnails")
    digest = aws.push("thumbnails", "v1", f"pushed at {time.time()}")
    say(f"ECR: thumbnails:v1 was {before[:19]}…, is {digest[:19]}…")
    wait_for("the new digest runs", lambda: aws.digest("thumbnails") == digest, CHAPTER)
    daemon.wait_synced("thumbnails")
    show_log(daemon, since)
    say(f"AWS says: thumbnails runs {aws.digest('thumbnails')[:19]}…")
    show(daemon, "evenkeel_object_info", 'name="thumbnails"')


def folder() -> Path:
    return ROOT / "target" / "demo" / "manifests"


def play(aws: Aws, evenkeel: Evenkeel, moto: Moto, proxy) -> Daemon:  # noqa: ANN001
    aws.seed()
    shutil.rmtree(folder().parent, ignore_errors=True)
    shutil.copytree(ROOT / "manifests" / "examples", folder())
    daemon = evenkeel.daemon(folder(), folder().parent / "daemon.log", "--resync", "2s")
    try:
        created(aws, daemon)
        # So that chapter 3 can be watched, the emulator takes a moment over the repairing call.
        slow = [True]

        def hold(seen) -> None:  # noqa: ANN001
            deadline = time.monotonic() + CHAPTER / 2
            while seen.write and slow and time.monotonic() < deadline:
                time.sleep(0.05)

        proxy.before = hold
        changed(aws, daemon, slow.clear)
        proxy.before = None
        moved(aws, daemon)
    except BaseException:
        daemon.stop()
        raise
    return daemon


def main() -> int:
    from proxy import Proxy

    seconds = os.environ.get("DEMO_SECONDS")
    (ROOT / "target" / "demo").mkdir(parents=True, exist_ok=True)
    moto = Moto(ROOT / "target" / "moto.log")
    proxy = Proxy(moto.port)
    daemon = None
    try:
        began = time.monotonic()
        daemon = play(Aws(moto.url), Evenkeel(proxy.url), moto, proxy)
        print(f"\n{' That was the story. ':─^{WIDTH}}")
        say(f"metrics  {daemon.url}/metrics")
        say(f"status   {daemon.url}/api/v1/objects")
        say(f"         target/debug/evenkeel status --url {daemon.url}")
        say(f"AWS      {moto.url}/moto-api/  (moto, an emulator)")
        say(f"edit     {folder().relative_to(ROOT)}/thumbnails.yaml and watch {daemon.log.relative_to(ROOT)}")
        if seconds is None:
            say("Ctrl-C ends everything.")
            sys.stdout.flush()
            while daemon.process.poll() is None:
                time.sleep(0.2)
            return 1
        left = min(5.0, float(seconds) - (time.monotonic() - began))
        time.sleep(max(left, 0.0))
        code = daemon.stop()
        say(f"Every chapter happened; evenkeel ended with exit code {code}.")
        return code
    except KeyboardInterrupt:
        print()
        return 0
    except AssertionError as error:
        print(f"\nThis chapter did not happen: {error}", file=sys.stderr)
        return 1
    finally:
        if daemon is not None and daemon.process.poll() is None:
            daemon.stop()
        proxy.stop()
        moto.stop()


if __name__ == "__main__":
    sys.exit(main())
