"""`init`: what it writes is good as it stands."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import yaml

from stage import Evenkeel

RUN = "import app, json, sys; print('answer', json.dumps(app.handler(json.load(sys.stdin), None)))"


def test_the_first_files_are_good_and_do_what_they_say(tmp_path: Path) -> None:
    evenkeel = Evenkeel("http://127.0.0.1:9")
    place = tmp_path / "new" / "repository"
    done = evenkeel.call("init", str(place), "--name", "align")
    assert done.returncode == 0 and not done.stdout, done.stderr
    written = {str(it.relative_to(place)) for it in place.rglob("*") if it.is_file()}
    assert written == {
        ".github/workflows/manifests.yml",
        "functions/align/Dockerfile",
        "functions/align/app.py",
        "manifests/align.yaml",
    }
    checked = evenkeel.call("check", str(place / "manifests"))
    assert "2 good documents, 0 problems" in checked.stdout, checked.stdout + checked.stderr
    function = next(iter(yaml.safe_load_all((place / "manifests" / "align.yaml").read_text())))
    (test,) = function["spec"]["release"]["smokeTests"]
    # The code passes the test that the manifest asks of it.
    ran = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=place / "functions" / "align",
        input=json.dumps(test["payload"]),
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.loads(ran.stdout.split("answer ", 1)[1])
    assert {f"/{key}": answer[key] for key in ("length",)} == test["expect"]["body"]
    assert answer["bases"] == {"A": 1, "C": 1, "G": 1, "T": 1}
    workflow = yaml.safe_load((place / ".github" / "workflows" / "manifests.yml").read_text())
    steps = [it.get("run", "") for it in workflow["jobs"]["plan"]["steps"]]
    # Nothing but the place of their files is missing: these are their own words.
    plain = [it.split("||")[0].replace('"${{ vars.EVENKEEL_OWNER }}"', "x").split() for it in steps]
    commands = [it for it in plain if it[:1] == ["evenkeel"]]
    assert [it[1] for it in commands] == ["check", "test", "plan"]
    assert commands[2][-4:] == ["-o", "markdown", ">", "plan.md"]
    for command in commands:
        words = command[1 : command.index(">")] if ">" in command else command[1:]
        assert evenkeel.call(*words, "--help").returncode == 0, command
    assert commands[1][2:6] == ["manifests", "align", "--image", "functions/align"]


def test_nothing_is_written_over(tmp_path: Path) -> None:
    evenkeel = Evenkeel("http://127.0.0.1:9")
    (tmp_path / "functions" / "count-bases").mkdir(parents=True)
    mine = tmp_path / "functions" / "count-bases" / "app.py"
    mine.write_text("mine")
    done = evenkeel.call("init", str(tmp_path))
    assert done.returncode == 2 and "is there already, and nothing was written" in done.stderr
    assert mine.read_text() == "mine" and not (tmp_path / "manifests").exists()
    for name in ("Align", "a b", "../x", "", "x" * 300):
        done = evenkeel.call("init", str(tmp_path / "other"), "--name", name)
        assert done.returncode == 2 and "is no name" in done.stderr, (name, done.stderr)
        assert not (tmp_path / "other").exists()
