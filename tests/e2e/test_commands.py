"""Apply, narrowing, suspension and the pause file, as a person at a terminal has them."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from conftest import Starter
from proxy import Proxy
from stage import REPOSITORIES, ROLE, Aws, Evenkeel, wait_for, words

ALL = set(REPOSITORIES)


def memory(aws: Aws, name: str) -> int:
    return aws.function(name)["Configuration"]["MemorySize"]


def tags(aws: Aws, name: str) -> dict[str, str]:
    return aws.function(name).get("Tags", {})


@pytest.fixture
def thousand(tmp_path: Path) -> Path:
    """A directory of a thousand manifests, of which one is `resize`."""
    folder = tmp_path / "thousand"
    folder.mkdir()
    for index in range(999):
        (folder / f"job-{index:03}.yaml").write_text(manifest(f"job-{index:03}", "batch"))
    (folder / "resize.yaml").write_text(manifest("resize", "imaging"))
    return folder


def manifest(name: str, team: str) -> str:
    return (
        "apiVersion: evenkeel.dev/v1\nkind: Function\n"
        f"metadata: {{ name: {name}, labels: {{ team: {team} }} }}\n"
        f"spec: {{ image: 'thumbnails:v1', role: {ROLE}, memorySize: 512 }}\n"
    )


def calls(proxy: Proxy) -> Counter[str]:
    return Counter(it.operation for it in proxy.calls)


def test_one_of_a_thousand_reads_and_touches_only_what_it_must(
    evenkeel: Evenkeel, aws: Aws, proxy: Proxy, thousand: Path, digests: dict
) -> None:
    evenkeel.env["EVENKEEL_DIR"] = str(thousand)
    proxy.clear()
    done = evenkeel.call("apply", "resize")
    assert done.returncode == 0, done.stdout + done.stderr
    assert aws.names() == {"resize"}
    # Who we are, what the image is, whether the function is there, the creation, and whether it is done; and
    # whether an event source of it has been taken out of the manifest, which only a list can tell.
    assert calls(proxy) == {
        "STS": 1,
        "ListEventSourceMappings": 1,
        "BatchGetImage": 1,
        "GetFunction": 2,
        "CreateFunction": 1,
    }
    proxy.clear()
    assert evenkeel.call("apply", "resize").returncode == 0
    usual = {"STS": 1, "BatchGetImage": 1, "GetFunction": 1, "ListEventSourceMappings": 1}
    assert calls(proxy) == usual
    proxy.clear()
    plan = evenkeel.call("plan", "Function/resize")
    assert plan.returncode == 0 and plan.stdout == "Plan: 1 unchanged.\n"
    assert calls(proxy) == usual
    # By label too; and what is not meant is no orphan.
    assert evenkeel.call("apply", "-l", "team=imaging").returncode == 0
    proxy.clear()
    # A colleague's broken file is told, and fails nobody who did not name it.
    (thousand / "job-000.yaml").write_text("kind: [")
    done = evenkeel.call("plan", "resize")
    assert done.returncode == 0 and "job-000.yaml" in done.stdout
    assert evenkeel.call("plan", "-l", "team=imaging").returncode == 2
    proxy.clear()
    wrong = evenkeel.call("apply", "resize", "rezise")
    assert wrong.returncode == 2 and "`rezise`" in wrong.stderr and calls(proxy) == {}
    wrong = evenkeel.call("apply", "-l", "team=none")
    assert wrong.returncode == 2 and calls(proxy) == {}
    wrong = evenkeel.call("apply", "resize", "--prune")
    assert wrong.returncode == 2 and "--prune" in wrong.stderr and calls(proxy) == {}


def test_apply_waits_until_all_is_done_and_says_what_is_not(
    evenkeel: Evenkeel, aws: Aws, folder: Path, digests: dict
) -> None:
    done = evenkeel.call("apply", str(folder))
    assert done.returncode == 0 and aws.names() == ALL, done.stdout
    text = (folder / "thumbnails.yaml").read_text()
    (folder / "thumbnails.yaml").write_text(text.replace("thumbnails:v1", "thumbnails:v2"))
    done = evenkeel.call("apply", str(folder))
    assert done.returncode == 1
    assert "ImageMissing" in done.stdout and "push it" in done.stdout


def test_status_tells_ages_and_can_be_narrowed(start: Starter, evenkeel: Evenkeel) -> None:
    daemon = start()
    daemon.wait_synced(*ALL)
    shown = evenkeel.call("status", "--url", daemon.url).stdout
    row = next(it for it in shown.splitlines() if "thumbnails" in it)
    assert row.split()[0] == "synced"
    assert row.count("s ") >= 2, row
    shown = evenkeel.call("status", "--url", daemon.url, "-l", "team=genomics").stdout
    assert "fastq-quality" in shown and "thumbnails" not in shown
    shown = evenkeel.call("status", "--url", daemon.url, "Function/thumbnails").stdout
    assert "fastq-quality" not in shown and "thumbnails" in shown
    none = evenkeel.call("status", "--url", daemon.url, "-l", "team=nobody")
    assert none.returncode == 2 and "no object has these labels" in none.stderr
    wrong = evenkeel.call("status", "--url", daemon.url, "nothing")
    assert wrong.returncode == 2 and "`nothing`" in wrong.stderr


def test_a_hold_by_tag_keeps_a_hand_made_change_until_it_ends(
    start: Starter, aws: Aws, proxy: Proxy
) -> None:
    daemon = start()
    daemon.wait_synced(*ALL)
    arn = aws.function("thumbnails")["Configuration"]["FunctionArn"]
    until = datetime.now(timezone.utc) + timedelta(seconds=12)
    value = until.strftime("%Y-%m-%dT%H:%M:%SZ") + " incident 4711"
    aws.functions.tag_resource(Resource=arn, Tags={"evenkeel.dev/suspend": value})
    proxy.clear()
    aws.functions.update_function_configuration(FunctionName="thumbnails", MemorySize=1024)
    row = daemon.wait_status("thumbnails", "suspended")
    assert "incident 4711" in row["message"]
    # It is held, and still reported: by field, and by metric.
    assert row["causes"] == ["config"] and row["changes"][0]["path"] == "/memorySize"
    drift = lambda: daemon.metric("evenkeel_object_drift", name="thumbnails", cause="config")  # noqa: E731
    wait_for("it is reported", lambda: drift() == 1)
    assert daemon.metric("evenkeel_object_suspended", name="thumbnails") == 1
    assert memory(aws, "thumbnails") == 1024 and proxy.writes() == []
    assert datetime.now(timezone.utc) < until, "the machine is too slow for this test"
    wait_for("it is repaired", lambda: memory(aws, "thumbnails") == 512)
    assert datetime.now(timezone.utc) >= until.replace(microsecond=0)
    daemon.wait_synced("thumbnails")


def test_suspend_and_resume_write_the_tag(
    start: Starter, evenkeel: Evenkeel, aws: Aws, proxy: Proxy, folder: Path
) -> None:
    daemon = start()
    daemon.wait_synced(*ALL)
    done = evenkeel.call("suspend", "thumbnails", "--for", "2h", "--reason", "incident 4711")
    assert done.returncode == 0, done.stderr
    assert tags(aws, "thumbnails")["evenkeel.dev/suspend"].endswith("Z incident 4711")
    aws.functions.update_function_configuration(FunctionName="thumbnails", MemorySize=1024)
    daemon.wait_status("thumbnails", "suspended")
    # A change of the manifest is held as well.
    text = (folder / "thumbnails.yaml").read_text()
    (folder / "thumbnails.yaml").write_text(text.replace("timeout: 30", "timeout: 31"))
    pending = lambda: len(daemon.row("thumbnails")["changes"]) == 2  # noqa: E731
    wait_for("it is shown", pending)
    assert memory(aws, "thumbnails") == 1024
    assert evenkeel.call("resume", "Function/thumbnails").returncode == 0
    assert "evenkeel.dev/suspend" not in tags(aws, "thumbnails")
    aws.functions.update_function_configuration(FunctionName="thumbnails", MemorySize=1025)
    wait_for("it is repaired", lambda: memory(aws, "thumbnails") == 512)
    for bad in (
        ["suspend", "thumbnails", "--for", "25h", "--reason", "x"],
        ["suspend", "thumbnails", "--for", "1h", "--reason", "why?"],
        ["suspend", "nothing", "--for", "1h", "--reason", "x"],
        ["resume", "Repository/thumbnails"],
    ):
        done = evenkeel.call(*bad)
        assert done.returncode == 2 and done.stderr, bad


def test_a_pause_file_stops_every_write_while_it_exists(
    start: Starter, aws: Aws, proxy: Proxy, tmp_path: Path
) -> None:
    pause = tmp_path / "pause"
    daemon = start("--pause-file", str(pause))
    daemon.wait_synced(*ALL)
    pause.touch()
    proxy.clear()
    # Even a change in the same instant is not repaired: the file is looked at before every write.
    aws.functions.update_function_configuration(FunctionName="thumbnails", MemorySize=1024)
    daemon.wait_status("thumbnails", "drifted")
    paused = lambda: daemon.metric("evenkeel_target_paused", reason="PauseFile")  # noqa: E731
    wait_for("it is told", lambda: paused() == 1)
    lists = proxy.count("ListFunctions")
    wait_for("two more lists", lambda: proxy.count("ListFunctions") >= lists + 2)
    assert proxy.writes() == [] and memory(aws, "thumbnails") == 1024
    assert daemon.row("thumbnails")["reason"] == "PauseFile"
    pause.unlink()
    wait_for("it goes on", lambda: memory(aws, "thumbnails") == 512)
    wait_for("and says so", lambda: paused() == 0)


def test_tags_are_taken_away_and_kept_values_kept(
    evenkeel: Evenkeel, aws: Aws, folder: Path, digests: dict
) -> None:
    assert evenkeel.call("apply", str(folder)).returncode == 0
    arn = aws.function("thumbnails")["Configuration"]["FunctionArn"]
    aws.functions.tag_resource(Resource=arn, Tags={"old": "1", "other": "2"})
    aws.functions.update_function_configuration(
        FunctionName="thumbnails", Environment={"Variables": {"TOKEN": "theirs", "STAGE": "x"}}
    )
    with (folder / "thumbnails.yaml").open("a") as file:
        file.write("  tags: { old: null }\n")
        file.write("  environment: { variables: { TOKEN: { keep: true }, STAGE: prod } }\n")
    done = evenkeel.call("apply", str(folder), "thumbnails")
    assert done.returncode == 0, done.stdout
    assert "old" not in tags(aws, "thumbnails") and tags(aws, "thumbnails")["other"] == "2"
    assert "stay: other" in done.stdout
    variables = aws.function("thumbnails")["Configuration"]["Environment"]["Variables"]
    assert variables == {"TOKEN": "theirs", "STAGE": "prod"}
    with (folder / "thumbnails.yaml").open("a") as file:
        file.write("  tagsPolicy: exclusive\n")
    assert evenkeel.call("apply", str(folder), "thumbnails").returncode == 0
    assert all(it.startswith("evenkeel.dev/") for it in tags(aws, "thumbnails"))


def test_what_cloudformation_made_is_taken_over_only_by_name(
    evenkeel: Evenkeel, aws: Aws, folder: Path, proxy: Proxy, digests: dict
) -> None:
    uri = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/thumbnails:v1"
    aws.functions.create_function(
        FunctionName="thumbnails",
        PackageType="Image",
        Code={"ImageUri": uri},
        Role=f"arn:aws:iam::123456789012:role/{ROLE}",
        Tags={"aws:cloudformation:stack-name": "web"},
    )
    manifest = folder / "thumbnails.yaml"
    for adopt in ("false", "true", "{ from: somebody }"):
        text = manifest.read_text().split("  policy:")[0]
        manifest.write_text(text + f"  policy: {{ adopt: {adopt} }}\n")
        proxy.clear()
        done = evenkeel.call("apply", str(folder), "thumbnails")
        assert done.returncode == 1 and "the CloudFormation stack `web`" in done.stdout
        assert proxy.writes() == []
    text = manifest.read_text().split("  policy:")[0]
    manifest.write_text(text + "  policy: { adopt: { from: cloudformation } }\n")
    plan = evenkeel.call("plan", str(folder), "thumbnails")
    assert "taken over from the CloudFormation stack `web`" in plan.stdout
    assert "~ memorySize 128 → 512" in words(plan.stdout) and proxy.writes() == []
    assert evenkeel.call("apply", str(folder), "thumbnails").returncode == 0
    assert tags(aws, "thumbnails")["evenkeel.dev/owner"] == "demo"
    # The next owner has to name this one.
    evenkeel.env["EVENKEEL_OWNER"] = "next"
    done = evenkeel.call("apply", str(folder), "thumbnails")
    assert done.returncode == 1 and "adopt: { from: demo }" in done.stdout
    text = manifest.read_text().split("  policy:")[0]
    manifest.write_text(text + "  policy: { adopt: { from: demo } }\n")
    assert evenkeel.call("apply", str(folder), "thumbnails").returncode == 0
    assert tags(aws, "thumbnails")["evenkeel.dev/owner"] == "next"
