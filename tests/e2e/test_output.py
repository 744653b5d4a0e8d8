"""What people and machines read: plan, status, metrics; and what they must never read."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import jsonschema
import pytest

from conftest import Starter
from proxy import Proxy
from stage import PATIENCE, REPOSITORIES, ROOT, Aws, Evenkeel, free_port, get, wait_for, words

ALL = set(REPOSITORIES)
SECRET = "s3cr3t-canary-value"


def test_plan_says_what_run_would_do(
    evenkeel: Evenkeel, folder: Path, digests: dict, proxy: Proxy
) -> None:
    plan = evenkeel.call("plan", str(folder))
    assert plan.returncode == 1, plan.stderr
    assert "+ Function thumbnails  thumbnails.yaml:2" in plan.stdout
    assert "+ memorySize 512" in words(plan.stdout)
    assert plan.stdout.splitlines()[-2] == "Plan: 3 to create."
    assert proxy.writes() == []
    once = evenkeel.call("run", "--once", str(folder))
    assert once.returncode == 0, once.stderr + once.stdout
    assert once.stdout.splitlines()[-1] == "Applied: 3 created."
    again = evenkeel.call("plan", str(folder))
    assert (again.returncode, again.stdout) == (0, "Plan: 3 unchanged.\n")


def test_plan_as_json_is_what_the_reference_says(
    evenkeel: Evenkeel, folder: Path, digests: dict, aws: Aws
) -> None:
    assert evenkeel.call("run", "--once", str(folder)).returncode == 0
    aws.functions.update_function_configuration(FunctionName="thumbnails", MemorySize=1024)
    plan = evenkeel.call("plan", "-o", "json", str(folder))
    assert plan.returncode == 1
    answer = json.loads(plan.stdout)
    valid(answer)
    reference = (ROOT / "docs/reference/api.md").read_text()
    (planned,) = answer["objects"]
    (facet,) = planned["facets"]
    for field in [*answer, *planned, *facet]:
        assert f"`{field}`" in reference, field
    assert (answer["kind"], answer["summary"]["update"], answer["summary"]["unchanged"]) == ("Plan", 1, 2)
    assert (planned["outcome"], planned["manifest"]) == ("update", "thumbnails.yaml:2")
    assert facet["changes"] == [
        {
            "path": "/memorySize",
            "live": "1024",
            "desired": "512",
            "origin": "drift",
            "cause": "config",
        }
    ]
    assert facet["steps"] == ["configure function thumbnails: memorySize 1024 → 512"]
    applied = json.loads(evenkeel.call("apply", "-o", "json", str(folder)).stdout)
    valid(applied)
    assert (applied["kind"], applied["summary"]["changed"]) == ("ApplyResult", 1)
    assert [it["step"] for it in applied["steps"] if it["fields"]] == facet["steps"]
    assert "`summary`" in reference and all(f"`{field}`" in reference for field in applied)


def valid(answer: dict) -> None:
    """What a command prints is as its schema says."""
    schema = json.loads((ROOT / "docs/reference/output.schema.json").read_text())
    jsonschema.validate(answer, schema)


def test_check_prints_json_by_its_schema(evenkeel: Evenkeel, folder: Path) -> None:
    good = evenkeel.call("check", str(folder), "-o", "json")
    assert good.returncode == 0, good.stderr
    valid(json.loads(good.stdout))
    (folder / "bad.yaml").write_text("kind: [")
    (folder / "binary.yaml").write_bytes(b"a\0")
    bad = evenkeel.call("check", str(folder), "-o", "json")
    report = json.loads(bad.stdout)
    valid(report)
    assert (bad.returncode, report["kind"], len(report["problems"])) == (2, "CheckReport", 2)
    reference = (ROOT / "docs/reference/api.md").read_text()
    assert all(f"`{field}`" in reference for it in (report, *report["problems"]) for field in it)
    for report["kind"] in ("Plan", "Unknown"):
        with pytest.raises(jsonschema.ValidationError):
            valid(report)


def test_errors_are_exit_code_two(evenkeel: Evenkeel, folder: Path, digests: dict) -> None:
    assert evenkeel.call("plan", str(folder / "nowhere")).returncode == 2
    assert evenkeel.call("check", str(folder / "nowhere")).returncode == 2
    assert evenkeel.call("check", str(folder)).returncode == 0
    (folder / "thumbnails.yaml").write_text("kind: [")
    assert evenkeel.call("check", str(folder)).returncode == 2
    assert evenkeel.call("plan", str(folder)).returncode == 2
    assert evenkeel.call("run", "--once", str(folder), "--owner", "Bad Owner").returncode == 2


def test_status_shows_the_daemons_rows(start: Starter, evenkeel: Evenkeel) -> None:
    daemon = start()
    daemon.wait_synced(*ALL)
    status = evenkeel.call("status", "--url", daemon.url)
    assert status.returncode == 0
    lines = status.stdout.splitlines()
    assert lines[0] == "3 objects: 3 synced"
    assert lines[1].startswith("STATUS") and len(lines) == 5
    valid(json.loads(evenkeel.call("status", "-o", "json", "--url", daemon.url).stdout))
    waited = evenkeel.call("status", "thumbnails", "--wait", "--timeout", "5s", "--url", daemon.url)
    assert waited.returncode == 0, waited.stderr
    never = evenkeel.call("status", "--wait", "--for", "failed", "--timeout", "1s", "--url", daemon.url)
    assert never.returncode == 1 and "default/Function/thumbnails is synced" in never.stderr
    assert "default/Function/thumbnails" in status.stdout
    one = json.loads(get(daemon.url + "/api/v1/objects/default/Function/thumbnails"))
    assert one["status"] == "synced"
    assert get(daemon.url + "/livez") == "ok\n" and get(daemon.url + "/readyz") == "ok\n"


def test_metrics_are_clean(start: Starter) -> None:
    daemon = start()
    daemon.wait_synced(*ALL)
    checked = subprocess.run(
        ["promtool", "check", "metrics"],
        input=daemon.metrics(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    for name in ALL:
        assert daemon.metric("evenkeel_object_status", name=name, status="synced") == 1


def test_prometheus_sees_drift_come_and_go(start: Starter, aws: Aws, tmp_path: Path, proxy: Proxy) -> None:
    daemon = start()
    daemon.wait_synced(*ALL)
    port = free_port()
    config = tmp_path / "prometheus.yml"
    target = daemon.url.removeprefix("http://")
    config.write_text(
        "global: { scrape_interval: 200ms }\n"
        "scrape_configs:\n"
        f"  - {{ job_name: evenkeel, static_configs: [{{ targets: ['{target}'] }}] }}\n"
    )
    command = [
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={tmp_path / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (tmp_path / "prometheus.log").open("wb") as log:
        prometheus = subprocess.Popen(command, stdout=log, stderr=log)
    try:

        def value(query: str) -> float | None:
            from urllib.parse import quote

            answer = json.loads(get(f"http://127.0.0.1:{port}/api/v1/query?query={quote(query)}"))
            result = answer["data"]["result"]
            return float(result[0]["value"][1]) if result else None

        drift = 'evenkeel_object_drift{name="thumbnails",cause="config"}'
        corrected = 'evenkeel_drift_corrected_total{cause="config",result="success"}'
        wait_for("no drift", lambda: value(drift) == 0.0, PATIENCE)
        assert value(corrected) == 0.0
        # The repair is held up until Prometheus has seen the drift.
        seen_by_prometheus: list[bool] = []

        def hold(seen) -> None:  # noqa: ANN001
            if seen.write and not seen_by_prometheus:
                wait_for("drift", lambda: value(drift) == 1.0, 25)
                seen_by_prometheus.append(True)

        proxy.before = hold
        aws.functions.update_function_configuration(FunctionName="thumbnails", MemorySize=1024)
        wait_for("the repair is counted", lambda: value(corrected) == 1.0)
        wait_for("no drift again", lambda: value(drift) == 0.0)
        assert seen_by_prometheus
    finally:
        prometheus.terminate()
        prometheus.wait(20)


def test_no_output_shows_a_value_of_the_environment(
    start: Starter, evenkeel: Evenkeel, folder: Path, aws: Aws, proxy: Proxy
) -> None:
    file = folder / "sequencing.yaml"
    file.write_text(file.read_text().replace('"2000000"', SECRET))
    # AWS repeats what it was sent.
    refused: list[bool] = []

    def repeat(seen):  # noqa: ANN001, ANN202
        if seen.operation == "CreateFunction" and SECRET.encode() in seen.body and not refused:
            refused.append(True)
            headers = {"X-Amzn-ErrorType": "InvalidParameterValueException"}
            body = json.dumps({"message": f"Value '{SECRET}' at 'environment' is bad"})
            return 400, headers, body.encode()
        return None

    outputs: list[str] = []
    plan = evenkeel.call("plan", str(folder))
    outputs += [plan.stdout, plan.stderr]
    proxy.before = repeat
    daemon = start("--log-level", "trace")
    daemon.wait_status("fastq-quality", "pending")
    wait_for("AWS has refused it", lambda: refused)
    wait_for(
        "it is told",
        lambda: "is bad" in json.dumps(daemon.row("fastq-quality")),
    )
    outputs += [get(daemon.url + "/api/v1/objects"), daemon.metrics()]
    # An edit tries again at once.
    file.write_text(file.read_text().replace("timeout: 300", "timeout: 299"))
    daemon.wait_synced(*ALL)
    assert aws.function("fastq-quality")["Configuration"]["Environment"]["Variables"]["READS_MAX"] == SECRET
    aws.functions.update_function_configuration(
        FunctionName="fastq-quality",
        Environment={"Variables": {"READS_MAX": SECRET + "-live", "RESULTS_BUCKET": "x"}},
    )
    for arguments in (["plan"], ["plan", "-o", "json"], ["check"]):
        done = evenkeel.call(*arguments, str(folder))
        outputs += [done.stdout, done.stderr]
    outputs += [evenkeel.call("status", "--url", daemon.url).stdout]
    outputs += [get(daemon.url + "/api/v1/objects"), daemon.metrics()]
    broken = file.read_text().replace("READS_MAX:", "READS_MAX")
    file.write_text(broken)
    for arguments in (["plan"], ["check"]):
        done = evenkeel.call(*arguments, str(folder))
        outputs += [done.stdout, done.stderr]
    assert daemon.stop() == 0
    outputs.append(daemon.text())
    for output in outputs:
        assert SECRET not in output
