"""Alerts, runbooks and the dashboard: what they name exists, and the tools that read them have no complaint."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import yaml

from stage import ROOT

DEPLOY = ROOT / "deploy"
RULES = DEPLOY / "prometheus" / "evenkeel.rules.yaml"
DERIVE = DEPLOY / "prometheus" / "derive.py"
UNIT_TESTS = sorted((DEPLOY / "prometheus" / "tests").glob("*.yaml"))
ALERTMANAGER = DEPLOY / "alertmanager" / "alertmanager.yaml"
RUNBOOKS = ROOT / "docs" / "runbooks"
GUIDE = ROOT / "docs" / "guide" / "alerting.md"
SEVERITIES = {"critical", "warning", "info"}
# Prometheus and every process have these.
SCRAPE_LABELS = {"job", "instance", "le"}
USUAL = {"up": set(), "process_start_time_seconds": set()}
# What a line of a runbook begins with that is no query.
COMMANDS = {"amtool", "aws", "curl", "evenkeel", "kubectl", "systemctl"}
# Of other programs that the guide tells about.
FOREIGN_FLAGS = {"--http-bind", "--http-metrics"}


def groups() -> list[dict]:
    return yaml.safe_load(RULES.read_text())["groups"]


def alert_rules(group: str | None = None) -> list[dict]:
    chosen = [it for it in groups() if group in (None, it["name"])]
    return [rule for it in chosen for rule in it["rules"] if "alert" in rule]


def names(group: str | None = None) -> set[str]:
    return {it["alert"] for it in alert_rules(group)}


def runbooks() -> list[Path]:
    return sorted(RUNBOOKS.glob("*.md"))


def dashboard() -> dict:
    return json.loads((DEPLOY / "grafana" / "evenkeel.json").read_text())


def panels() -> list[dict]:
    return [it for it in dashboard()["panels"] if it["type"] != "row"]


def expressions() -> list[str]:
    targets = [target["expr"] for panel in panels() for target in panel["targets"]]
    return targets + [it["expr"] for it in dashboard()["annotations"]["list"]]


def run(*command: object, stdin: str | None = None) -> tuple[int, str]:
    done = subprocess.run(
        [str(it) for it in command], input=stdin, capture_output=True, text=True, timeout=300, check=False
    )
    return done.returncode, done.stdout + done.stderr


def derive(*arguments: object) -> str:
    code, output = run(sys.executable, DERIVE, *arguments)
    assert code == 0, output
    return output


def table(page: str, columns: int) -> list[list[str]]:
    """The rows of all tables with so many columns."""
    rows = [it.strip("| ").split(" | ") for it in page.splitlines() if it.startswith("| ")]
    return [row for row in rows if len(row) == columns and not row[0].startswith("---")]


def documented() -> dict[str, set[str]]:
    """The metrics of the reference and their labels."""
    page = (ROOT / "docs/reference/metrics.md").read_text()
    known = {}
    # A metric without labels has an empty cell.
    for name, labels in re.findall(r"^\| `(\w+)` \| \w+ \| ?([^|]*?) ?\|", page, re.MULTILINE):
        labels = labels.replace("*O*", "kind, name, target")
        known[name] = {it.strip() for it in labels.split(",") if it.strip()}
    assert len(known) > 30
    return known | USUAL


def closed_values(label: str) -> set[str]:
    page = (ROOT / "docs/reference/metrics.md").read_text()
    found = re.search(rf"^\| {label} \| (.*) \|$", page, re.MULTILINE)
    return set(re.findall(r"`(\w+)`", found[1]))


def wrong_metrics(text: str) -> list[str]:
    """What a text says of our metrics and is not in the reference: names, labels, values of closed labels."""
    known, wrong = documented(), []
    pattern = r"(?<![:\w])((?:evenkeel|workqueue|process)_\w+|up(?=\{))(?![:\w])(?:\{([^{}]*)\})?"
    for name, selector in re.findall(pattern, text):
        bare = re.sub(r"_(bucket|sum|count)$", "", name)
        name = name if name in known else bare
        if name not in known:
            wrong.append(name)
            continue
        for label, values in re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"', selector):
            if label not in known[name] | SCRAPE_LABELS:
                wrong.append(f"{name}: {label}")
            closed = closed_values(label) if label in ("status", "cause") else set()
            # Capitals stand for a label of the alert.
            wrong += [
                f"{name}: {label}={it}"
                for it in values.split("|")
                if closed and it not in closed and not it.isupper()
            ]
    return wrong


def flags() -> dict[str, set[str]]:
    """Each command's flags, from the reference."""
    page = (ROOT / "docs/reference/flags.md").read_text()
    shared, *sections = page.split("\n## evenkeel ")
    own = {it.split()[0]: set(re.findall(r"^\| `(--[\w-]+)", it, re.MULTILINE)) for it in sections}
    every = set(re.findall(r"^\| `(--[\w-]+)", shared, re.MULTILINE))
    return {command: found | every for command, found in own.items()}


def wrong_commands(text: str) -> list[str]:
    """Commands and flags of ours that do not exist."""
    known, wrong = flags(), []
    inline = re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    codes = re.findall(r"^ {4,}(\S.*)$", text, re.MULTILINE) + [" ".join(it.split()) for it in inline]
    for code in codes:
        for command, rest in re.findall(r"(?:^|; )evenkeel (\w+)([^|;]*)", code):
            given = set(re.findall(r"(?<!\w)--[\w-]+", rest))
            wrong += [f"{command} {it}" for it in given - known.get(command, set())]
            wrong += [command] * (command not in known)
        if code.startswith("--"):
            every = set.union(*known.values()) | FOREIGN_FLAGS
            wrong += sorted(set(re.findall(r"(?<!\S)--[\w-]+", code)) - every)
    return wrong


def test_every_alert_says_what_a_person_needs() -> None:
    base = re.search(r'^RUNBOOKS = "(.*)"$', DERIVE.read_text(), re.MULTILINE)[1]
    for rule in alert_rules():
        name = rule["alert"]
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}, name
        assert rule["labels"]["severity"] in SEVERITIES, name
        assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}, name
        assert rule["annotations"]["runbook_url"] == f"{base}/{name}.md"
        text = rule["annotations"]["summary"] + rule["annotations"]["description"]
        for label in ("kind", "name", "target", "cause", "reason", "instance"):
            selected = f"$labels.{label}" in text
            kept = not re.search(rf"without \([^)]*\b{label}\b", rule["expr"])
            assert not selected or kept, f"{name} names {label}, and has none"


def test_every_alert_has_a_runbook_and_a_line_in_the_index() -> None:
    assert {it.stem for it in runbooks()} == names() | {"README"}
    index = {row[0]: row for row in table((RUNBOOKS / "README.md").read_text(), 4)}
    for name in names():
        page = (RUNBOOKS / f"{name}.md").read_text()
        assert page.startswith(f"# {name}\n") and 25 <= len(page.splitlines()) <= 60, name
        heads = ["What it means", "What to look at", "What to do", "It goes away", "Silence"]
        assert re.findall(r"^## (.*)$", page, re.MULTILINE) == heads, name
        row = index[f"[{name}]({name}.md)"]
        severities = {it["labels"]["severity"] for it in alert_rules() if it["alert"] == name}
        assert severities == {it for it in SEVERITIES if it in row[3]}, name
        first = page.splitlines()[2].lower()
        assert any(it in first for it in severities) or name == "EvenkeelObjectDriftLong", name


def minutes(time: str) -> int:
    return sum(int(n) * {"h": 60, "m": 1}[unit] for n, unit in re.findall(r"(\d+)([hm])", time))


def test_every_alert_is_played_silent_firing_and_over() -> None:
    fired, silent_before, over = set(), set(), set()
    for file in UNIT_TESTS:
        for case in yaml.safe_load(file.read_text())["tests"]:
            looks = sorted(case["alert_rule_test"], key=lambda it: minutes(it["eval_time"]))
            seen: dict[str, list[bool]] = {}
            for look in looks:
                alerts = look["exp_alerts"]
                seen.setdefault(look["alertname"], []).append(bool(alerts))
                for alert in alerts:
                    assert set(alert["exp_annotations"]) == {"summary", "description", "runbook_url"}
                    static = {k: alert["exp_labels"].get(k) for k in ("severity", "detail", "reading")}
                    fired.add((look["alertname"], *static.values()))
            for name, states in seen.items():
                if True in states:
                    silent_before |= {name} if not states[0] else set()
                    over |= {name} if not states[-1] else set()
    rules = {(it["alert"], *(it["labels"].get(k) for k in ("severity", "detail", "reading"))) for it in alert_rules()}
    assert fired == rules
    assert silent_before == over == names()


def test_promtool_plays_all_alerts_and_can_fail(tmp_path: Path) -> None:
    code, output = run("promtool", "test", "rules", *UNIT_TESTS)
    assert code == 0 and output.count("SUCCESS") == len(UNIT_TESTS), output
    # Rules that never fire fail a test of each alert.
    shutil.copytree(DEPLOY / "prometheus" / "tests", tmp_path / "tests")
    dumb = re.sub(r"expr: (\|(\n {10}.*)+|.*)", "expr: vector(0) > 1", RULES.read_text())
    (tmp_path / "evenkeel.rules.yaml").write_text(dumb)
    code, output = run("promtool", "test", "rules", *sorted((tmp_path / "tests").glob("*.yaml")))
    assert code == 1
    assert set(re.findall(r"alertname: (\w+), time", output)) == names()


def test_the_examples_are_clean() -> None:
    code, output = run("promtool", "check", "rules", RULES)
    assert code == 0 and "SUCCESS" in output, output
    code, output = run("promtool", "check", "config", DEPLOY / "prometheus" / "prometheus.yaml")
    assert code == 0 and "is valid prometheus config file" in output, output
    code, output = run("amtool", "check-config", ALERTMANAGER)
    assert code == 0 and "SUCCESS" in output, output


def test_only_metrics_that_exist_are_named() -> None:
    recorded = {it["record"] for group in groups() for it in group["rules"] if "record" in it}
    for group in groups():
        for rule in group["rules"]:
            assert wrong_metrics(rule["expr"]) == [], rule["expr"]
            assert set(re.findall(r"\w+:\w+:\w+", rule["expr"])) <= recorded
    for expression in expressions():
        assert wrong_metrics(expression) == [], expression
        assert ":" not in re.sub(r'"[^"]*"|\[\$__\w+:?\]', "", expression), "the dashboard needs no rules"
    for page in [*runbooks(), GUIDE]:
        assert wrong_metrics(page.read_text()) == [], page.name
    assert wrong_metrics('evenkeel_x{a="b"} up{x="y"} evenkeel_objects{status="drifed"}') == [
        "evenkeel_x",
        "up: x",
        "evenkeel_objects: status=drifed",
    ]


def test_only_commands_flags_and_reasons_that_exist_are_named() -> None:
    status = (ROOT / "docs/reference/status.md").read_text() + (ROOT / "docs/reference/metrics.md").read_text()
    for page in [*runbooks(), GUIDE]:
        text = page.read_text()
        assert wrong_commands(text) == [], page.name
        words = set(re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)*)`", text)) - names()
        unknown = {it for it in words if f"`{it}`" not in status}
        assert unknown <= {"PrometheusRule", "ServiceMonitor", "PodMonitor"}, page.name
    assert wrong_commands("`evenkeel plan --nope` `--neither` `evenkeel fly`") == ["plan --nope", "--neither", "fly"]


def test_throttles_are_those_of_the_reference() -> None:
    page = (ROOT / "docs/reference/errors.md").read_text()
    # A code that means throttling only with some message says too little.
    throttled = {code.strip("`") for code, part, what in table(page, 3) if (part, what) == ("—", "`throttled`")}
    assert len(throttled) > 5
    panel = next(it for it in panels() if it["title"] == "Throttled calls")
    for text in (RULES.read_text(), panel["targets"][0]["expr"]):
        assert set(re.search(r'code=~"([^"]+)"', text)[1].split("|")) == throttled


def test_the_dashboard_is_complete() -> None:
    board = dashboard()
    variables = {it["name"]: it for it in board["templating"]["list"]}
    assert list(variables) == ["datasource", "job", "target"]
    assert variables["datasource"]["type"] == "datasource" and variables["target"]["multi"]
    rows = [it["title"] for it in board["panels"] if it["type"] == "row"]
    assert rows == [
        "At a glance",
        "Drifted now",
        "Detected against corrected",
        "Steps",
        "AWS",
        "Queue",
        "Source",
        "Releases",
    ]
    source = {"type": "prometheus", "uid": "${datasource}"}
    for panel in panels():
        title = panel["title"]
        assert title and panel["description"].endswith("."), title
        assert panel["fieldConfig"]["defaults"]["unit"], title
        assert panel["datasource"] == source, title
        assert all(it["datasource"] == source for it in panel["targets"]), title
    others = [*board["annotations"]["list"], variables["job"], variables["target"]]
    assert all(it["datasource"] == source for it in others)
    assert len({it["id"] for it in board["panels"]}) == len(board["panels"])
    for expression in (target["expr"] for panel in panels() for target in panel["targets"]):
        assert 'job="$job"' in expression
        assert set(re.findall(r"\[([^\]]+)\]", expression)) <= {"$__rate_interval"}, expression


def test_no_panel_lies_over_another() -> None:
    places = [(it["gridPos"], it["title"]) for it in dashboard()["panels"]]
    for place, title in places:
        assert place["x"] >= 0 and place["x"] + place["w"] <= 24 and place["h"] > 0, title
    for (a, one), (b, other) in combinations(places, 2):
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        above = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert beside or above, f"{one} and {other}"
    # Nothing is left empty either: each line of the grid is full.
    height = max(it["y"] + it["h"] for it, _ in places)
    assert sum(it["w"] * it["h"] for it, _ in places) == 24 * height


def test_prometheus_understands_every_panel_and_runbook(tmp_path: Path) -> None:
    values = {"$__rate_interval": "1m", "$job": "x", "$target": ".*"}
    queries = [re.sub(r"\$\w+", lambda it: values[it[0]], query) for query in expressions()]
    for page in runbooks():
        lines = re.findall(r"^ {4,}(\S.*)$", page.read_text(), re.MULTILINE)
        found = [it for it in lines if it.split()[0] not in COMMANDS]
        assert found or page.stem == "README", page.name
        queries += found
    rules = [{"record": f"query:{number}", "expr": it} for number, it in enumerate(queries)]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    code, output = run("promtool", "check", "rules", file)
    assert code == 0 and f"{len(queries)} rules found" in output, output


def test_derived_rules_are_clean(tmp_path: Path) -> None:
    assert yaml.safe_load(derive()) == {"groups": groups()}
    file = tmp_path / "short.yaml"
    derive("--for", "2s", "--window", "30s", "--runbooks", "https://wiki.example.com/e/", "--output", file)
    code, output = run("promtool", "check", "rules", file)
    assert code == 0 and "SUCCESS" in output, output
    rules = [rule for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"]]
    assert {it["for"] for it in rules if "alert" in it} == {"0m", "2s"}
    text = re.sub(r'"[^"]*"', "", " ".join(it["expr"] for it in rules))
    assert set(re.findall(r"\b(\d+[smh])\b", text)) == {"30s"}
    # Ages are numbers: none is left that is longer.
    assert max(int(it) for it in re.findall(r"(?<![\w.:])\d+\b", text)) == 30
    links = {it["annotations"]["runbook_url"] for it in rules if "alert" in it}
    assert links == {f"https://wiki.example.com/e/{it}.md" for it in names()}


def test_kubernetes_rules_are_the_same_rules(tmp_path: Path) -> None:
    wrapped = yaml.safe_load(derive("--kubernetes", "--namespace", "ours", "--label", "release=prometheus"))
    assert wrapped["apiVersion"] == "monitoring.coreos.com/v1" and wrapped["kind"] == "PrometheusRule"
    assert wrapped["metadata"] == {"name": "evenkeel", "namespace": "ours", "labels": {"release": "prometheus"}}
    assert wrapped["spec"] == {"groups": groups()}
    file = tmp_path / "spec.yaml"
    file.write_text(yaml.safe_dump(wrapped["spec"]))
    code, output = run("promtool", "check", "rules", file)
    assert code == 0 and "SUCCESS" in output, output
    for wrong in (["--namespace", "ours"], ["--for", "soon"], ["--kubernetes", "--label", "release"]):
        assert run(sys.executable, DERIVE, *wrong)[0] == 2, wrong


def test_the_operator_gets_the_same_rules() -> None:
    written = DEPLOY / "kubernetes" / "components" / "prometheus-operator" / "prometheusrule.yaml"
    label = ["--label", "app.kubernetes.io/name=evenkeel"]
    derived = subprocess.run(
        [sys.executable, str(DERIVE), "--kubernetes", *label], capture_output=True, text=True, check=True
    )
    assert written.read_text() == derived.stdout, f"derive.py --kubernetes {' '.join(label)} --output {written}"
