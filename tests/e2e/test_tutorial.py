"""The tutorial (docs/guide/first-function.md), from top to bottom: every ```sh block in one shell, and what it prints
against the ```text block below it. `…` stands for anything within a line, a line of `…` for any lines; `# exit N`
behind a command for how it ends; without that, it has to end well."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from layouts import store
from stage import ROOT, free_port

PAGE = ROOT / "docs" / "guide" / "first-function.md"
# A block may build, push and wait for a release.
BLOCK_TIME = 300


@dataclass(frozen=True)
class Block:
    """Commands, and what they print if the page says so."""

    line: int
    commands: str
    shown: str | None

    def exits(self) -> list[int]:
        return [int(it) for it in re.findall(r"# exit (\d+)$", self.commands, re.MULTILINE)]


def blocks(page: str) -> list[Block]:
    fence = r"^```sh\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?"
    found = re.finditer(fence, page, re.MULTILINE | re.DOTALL)
    return [Block(page.count("\n", 0, it.start()) + 1, it[1], it[2]) for it in found]


def pattern(shown: str) -> str:
    """A regular expression for what is shown."""
    lines = []
    for line in shown.splitlines():
        parts = "[^\n]*".join(re.escape(it) for it in line.split("…"))
        lines.append("(?:[^\n]*\n)*?" if line == "…" else parts + "\n")
    return "".join(lines)


class Shell:
    """One bash for all blocks, as a person has one terminal."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.folder = folder
        self.failed, self.block = folder / "failed", folder / "block.sh"
        self.output = (folder / "output").open("w+b")
        self.process = subprocess.Popen(
            ["bash", "--norc"],
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.output,
            text=True,
            bufsize=1,
            # With all that it starts in the background.
            start_new_session=True,
        )
        self.say(f"trap 'echo $? >> {self.failed}' ERR")

    def say(self, line: str) -> None:
        self.process.stdin.write(line + "\n")

    def run(self, commands: str) -> tuple[str, list[int]]:
        """What they print, and how those ended that failed."""
        # The end keeps the status of the last command from being seen twice.
        self.block.write_text(commands + ":\n")
        self.failed.write_text("")
        before = self.output.seek(0, os.SEEK_END)
        self.say(f'eval "$(cat {self.block})" < /dev/null >&2')
        self.say("echo done")
        timer = Alarm(BLOCK_TIME)
        with timer:
            assert self.process.stdout.readline() == "done\n", "the shell has ended"
        self.output.seek(before)
        text = self.output.read().decode(errors="replace")
        return text, [int(it) for it in self.failed.read_text().split()]

    def end(self) -> None:
        """Ends it, and whatever it left in the background: all that is in its own session."""
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
        self.output.close()


class Alarm:
    """Raises where something takes too long."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds

    def __enter__(self) -> None:
        def late(*_: object) -> None:
            raise TimeoutError(f"not within {self.seconds} s")

        signal.signal(signal.SIGALRM, late)
        signal.alarm(self.seconds)

    def __exit__(self, *_: object) -> None:
        signal.alarm(0)


def environment(home: Path) -> dict[str, str]:
    """A home of its own; what is installed and built already is found."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "EVENKEEL_", "CARGO_TARGET"))}
    real = Path.home()
    return {
        **kept,
        "HOME": str(home),
        "CARGO_HOME": os.environ.get("CARGO_HOME", str(real / ".cargo")),
        "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", str(real / ".rustup")),
        **store(home.parent),
        # The one that runs here; a podman that is there may not be let.
        "EVENKEEL_BUILDER": "buildah",
    }


@pytest.fixture
def ports() -> dict[str, int]:
    """Those that the page names, and free ones in their place."""
    return {"4580": free_port(), "9809": free_port()}


@pytest.fixture
def shell(tmp_path: Path, ports: dict[str, int]) -> Iterator[Shell]:
    home = tmp_path / "home"
    (home / "count-bases").mkdir(parents=True)
    # What the example is made of was built already.
    built = ROOT / "target" / "example"
    built.mkdir(parents=True, exist_ok=True)
    (home / "count-bases" / "target").symlink_to(built)
    address = f"127.0.0.1:{ports['9809']}"
    env = environment(home) | {"EVENKEEL_LISTEN": address, "EVENKEEL_URL": f"http://{address}"}
    shell = Shell(tmp_path, env)
    yield shell
    shell.end()


def test_every_command_of_the_tutorial(shell: Shell, ports: dict[str, int]) -> None:
    assert shutil.which("buildah"), "buildah is needed: make e2e installs it"
    page = PAGE.read_text()
    found = blocks(page)
    assert len(found) == len(re.findall(r"^```sh$", page, re.MULTILINE)) > 15
    for block in found:
        commands, shown = block.commands, block.shown
        for named, free in ports.items():
            commands = commands.replace(f"127.0.0.1:{named}", f"127.0.0.1:{free}")
        text, failed = shell.run(commands)
        place = f"{PAGE.name}:{block.line}"
        assert failed == block.exits(), f"{place}: the commands that fail end with {failed}\n{commands}\n{text}"
        if shown is not None:
            # What `status --wait` says meanwhile on standard error depends on when it is asked.
            text = "".join(it for it in text.splitlines(keepends=True) if not it.startswith("waiting: "))
            assert re.fullmatch(pattern(shown), text), f"{place}: shown is\n{shown}\nand printed is\n{text}"
    assert not (shell.folder / "home" / "count-bases").exists()


def test_what_is_shown_is_held_to_the_line() -> None:
    shown = "…\na … c\nend\n"
    assert re.fullmatch(pattern(shown), "x\ny\na b c\nend\n") and re.fullmatch(pattern(shown), "a b c\nend\n")
    for printed in ("a b c\n", "a b\nc\nend\n", "a b c\nend\nmore\n", "a b c\nx\nend\n"):
        assert not re.fullmatch(pattern(shown), printed), printed
    (block,) = blocks("```sh\nfalse  # exit 1\n```\n\n```text\nx\n```\n")
    assert (block.line, block.exits(), block.shown) == (1, [1], "x\n")
    (block,) = blocks("```sh\ntrue\n```\n\nWords.\n\n```text\nx\n```\n")
    assert block.shown is None
