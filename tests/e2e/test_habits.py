"""What shells and man make of the scripts and pages, and standard input in a pipe."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from stage import ROOT, Evenkeel

BASH = """
set -e
source <(evenkeel completions bash)
COMP_WORDS=(evenkeel {before}{word}); COMP_CWORD={at}
_evenkeel evenkeel "{word}" "{previous}"
echo "${{COMPREPLY[@]}}"
"""
ZSH = """
autoload -U compinit; compinit -u -D
source <(evenkeel completions zsh)
echo $_comps[evenkeel]
"""
FISH = """
evenkeel completions fish | source
complete -C "evenkeel pl"
complete -C "evenkeel import --d"
"""


@pytest.fixture
def cli() -> Evenkeel:
    """The binary, which needs no AWS here."""
    return Evenkeel("http://127.0.0.1:1")


def shell(cli: Evenkeel, *command: str) -> str:
    env = {**cli.env, "PATH": f"{cli.binary.parent}:{cli.env['PATH']}"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and not done.stderr, done.stdout + done.stderr
    return done.stdout


def test_shells_complete_commands_and_flags(cli: Evenkeel, tmp_path: Path) -> None:
    command = BASH.format(before="", word="pl", at=1, previous="evenkeel")
    assert shell(cli, "bash", "-c", command).split() == ["plan"]
    flag = BASH.format(before="import ", word="--d", at=2, previous="import")
    assert shell(cli, "bash", "-c", flag).split() == ["--dir"]
    assert shell(cli, "zsh", "-fc", ZSH).split() == ["_evenkeel"]
    script = tmp_path / "evenkeel.fish"
    script.write_text(cli.call("completions", "fish").stdout)
    shell(cli, "fish", "--no-execute", str(script))
    completed = [it.split("\t")[0] for it in shell(cli, "fish", "-c", FISH).splitlines()]
    assert completed == ["plan", "--dir"]


def test_manual_pages_are_set_without_a_warning(cli: Evenkeel, tmp_path: Path) -> None:
    done = cli.call("man", "--dir", str(tmp_path))
    assert done.returncode == 0, done.stderr
    pages = sorted(tmp_path.glob("*.1"))
    assert len(pages) > 15
    for page in pages:
        text = shell(cli, "groff", "-man", "-ww", "-Tascii", "-P-cbou", str(page))
        assert "EXAMPLES" in text and page.stem in text
        assert "EXAMPLES" in shell(cli, "man", "--warnings", "-l", str(page))


def test_check_in_a_pipe(cli: Evenkeel) -> None:
    examples = ROOT / "manifests" / "examples"
    joined = f"for it in {examples}/*.yaml; do echo ---; cat $it; done | evenkeel check -"
    assert shell(cli, "bash", "-o", "pipefail", "-c", joined).endswith(" 0 problems\n")
    env = {**cli.env, "PATH": f"{cli.binary.parent}:{cli.env['PATH']}"}
    failed = subprocess.run(
        ["bash", "-c", "false | evenkeel check -"], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert failed.returncode == 2 and "did the command before the pipe fail?" in failed.stderr
