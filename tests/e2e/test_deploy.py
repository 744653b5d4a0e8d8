"""What is in deploy/ and in the guide to production, held to its word by the tools that will read it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from stage import ACCOUNT, HOME, ROOT, Aws, Moto, client

DEPLOY = ROOT / "deploy"
GUIDE = ROOT / "docs" / "guide" / "production.md"
UNITS = sorted(it for it in (DEPLOY / "systemd").iterdir() if it.suffix in (".service", ".timer"))
OVERLAYS = sorted(it.name for it in (DEPLOY / "kubernetes" / "overlays").iterdir())
# The oldest and the newest that the overlays are held to.
KUBERNETES = ["1.30", "1.37"]
# Kinds of the Prometheus Operator: there are no schemas of them offline.
UNKNOWN_KINDS = {"PodMonitor", "PrometheusRule"}
EXPOSURE_MAX = 1.5
# Read by the build, not by the program.
BUILD_ONLY = {"EVENKEEL_REVISION"}


def run(*command: str | Path, **more: object) -> subprocess.CompletedProcess[str]:
    words = [str(it) for it in command]
    return subprocess.run(words, capture_output=True, text=True, timeout=120, check=False, **more)


def tool(name: str) -> str:
    """A tool that these tests cannot do without. That it is missing is a failure, not a reason to skip."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    assert found, f"NOT RUN: {name} is not installed; `tests/e2e/install.sh prometheus deploy` does it"
    return found


def texts() -> Iterator[tuple[Path, str]]:
    """Every file of deploy/, and the guide."""
    for path in [*sorted(DEPLOY.rglob("*")), GUIDE]:
        if path.is_file():
            yield path.relative_to(ROOT), path.read_text()


def code(path: Path, text: str) -> str:
    """A file without its comments; of a page, what is in its blocks."""
    if path.suffix == ".md":
        return "\n".join(it for _, it in blocks(text))
    if path.suffix == ".json":
        return text
    return "\n".join(re.sub(r"(^|\s)#.*", "", line) for line in text.splitlines())


def blocks(text: str) -> list[tuple[str, str]]:
    return re.findall(r"^ *```(\w+)\n(.*?)^ *```$", text, flags=re.M | re.S)


# systemd


def test_units_are_clean(tmp_path: Path) -> None:
    assert len(UNITS) == 3, UNITS
    for unit in UNITS:
        # What they start is not installed here, and that is all that may be wrong.
        text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.M)
        (tmp_path / unit.name).write_text(text)
    found = run(tool("systemd-analyze"), "verify", *(tmp_path / it.name for it in UNITS))
    said = [it for it in found.stderr.splitlines() if "evenkeel" in it]
    assert found.returncode == 0 and not said, found.stderr


@pytest.mark.parametrize("name", ["evenkeel.service", "evenkeel-manifests.service"])
def test_services_are_shut_in(name: str) -> None:
    unit = DEPLOY / "systemd" / name
    command = ["security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE_MAX * 10:.0f}"]
    found = run(tool("systemd-analyze"), *command, unit)
    score = re.search(r"Overall exposure level .*: ([0-9.]+)", found.stdout)
    assert score and float(score[1]) < EXPOSURE_MAX and found.returncode == 0, found.stdout
    page = (DEPLOY / "systemd" / "README.md").read_text()
    assert score[1] in page, f"README.md has another score than {score[1]}"


def commit(repository: Path, name: str, text: str) -> str:
    (repository / name).write_text(text)
    author = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    run("git", "-C", repository, "add", "--all")
    assert run("git", *author, "-C", repository, "commit", "-qm", name).returncode == 0
    return run("git", "-C", repository, "rev-parse", "HEAD").stdout.strip()


def test_manifests_are_fetched_one_commit_at_a_time(tmp_path: Path) -> None:
    repository, state = tmp_path / "repository", tmp_path / "state"
    state.mkdir()
    assert run("git", "init", "-q", "-b", "main", repository).returncode == 0
    env = {**os.environ, "MANIFESTS_REPO": str(repository), "STATE_DIRECTORY": str(state)}

    def fetch() -> str:
        done = run(DEPLOY / "systemd" / "evenkeel-manifests", env=env)
        assert done.returncode == 0, done.stderr
        return done.stdout

    first = commit(repository, "a.yaml", "a: 1\n")
    assert first in fetch() and fetch() == "", "the second time there is nothing new"
    assert (state / "current").readlink() == Path("trees", first)
    assert (state / "current" / "a.yaml").stat().st_mode & 0o004, "others must be able to read it"
    # Killed on the way to the next commit: a tree without its files, and the link as it was.
    second = commit(repository, "b.yaml", "b: 1\n")
    (state / "trees" / second).mkdir()
    fetch()
    assert (state / "current" / "b.yaml").read_text() == "b: 1\n"
    assert [it.name for it in (state / "trees").iterdir()] == [second]
    env["MANIFESTS_REPO"] = str(tmp_path / "nowhere")
    failed = run(DEPLOY / "systemd" / "evenkeel-manifests", env=env)
    assert failed.returncode != 0 and (state / "current" / "a.yaml").exists()


# Kubernetes


def rendered(overlay: str) -> list[dict]:
    found = run(tool("kubectl"), "kustomize", DEPLOY / "kubernetes" / "overlays" / overlay)
    assert found.returncode == 0, found.stderr
    return list(yaml.safe_load_all(found.stdout))


def one(objects: list[dict], kind: str, name: str = "evenkeel") -> dict:
    return next(
        it
        for it in objects
        if it["kind"] == kind and re.fullmatch(name + "(-[0-9a-z]{10})?", it["metadata"]["name"])
    )


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_overlays_render_and_fit_the_schemas(overlay: str, version: str) -> None:
    unknown = set()
    for it in rendered(overlay):
        try:
            kubernetes_validate.validate(it, version, strict=True)
        except kubernetes_validate.SchemaNotFoundError:
            unknown.add(it["kind"])
    assert unknown <= UNKNOWN_KINDS, unknown
    assert (unknown == UNKNOWN_KINDS) == (overlay == "production")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_fit_the_restricted_profile(overlay: str) -> None:
    objects = rendered(overlay)
    namespace = one(objects, "Namespace")["metadata"]["labels"]
    assert namespace["pod-security.kubernetes.io/enforce"] == "restricted"
    deployment = one(objects, "Deployment")["spec"]
    assert deployment["replicas"] == 1 and deployment["strategy"] == {"type": "Recreate"}
    pod = deployment["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    names = {"emptyDir", "configMap", "secret", "persistentVolumeClaim"}
    assert all(names & it.keys() for it in pod["volumes"])
    for it in pod["containers"]:
        context = it["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["readOnlyRootFilesystem"] is True and context.get("runAsUser") != 0
        assert "memory" in it["resources"]["limits"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_daemon_reads_what_the_overlay_mounts(overlay: str) -> None:
    objects = rendered(overlay)
    pod = one(objects, "Deployment")["spec"]["template"]["spec"]
    daemon = next(it for it in pod["containers"] if it["name"] == "evenkeel")
    env = {it["name"]: it["value"] for it in daemon["env"]}
    mounts = {it["mountPath"]: it for it in daemon["volumeMounts"]}
    for path in (env["EVENKEEL_DIR"], env["EVENKEEL_PAUSE_FILE"]):
        root = "/" + path.split("/")[1]
        assert root in mounts and mounts[root]["readOnly"], f"{path} is not mounted read-only"
    assert daemon["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert daemon["readinessProbe"]["httpGet"]["path"] == "/readyz"
    port = next(it["containerPort"] for it in daemon["ports"] if it["name"] == "metrics")
    assert env["EVENKEEL_LISTEN"] == f"0.0.0.0:{port}" and port == 9809
    selector = one(objects, "Service")["spec"]["selector"]
    labels = one(objects, "Deployment")["spec"]["template"]["metadata"]["labels"]
    assert selector.items() <= labels.items()


def test_the_operator_scrapes_under_the_job_of_the_rules() -> None:
    monitor = one(rendered("production"), "PodMonitor")
    own = next(it for it in monitor["spec"]["podMetricsEndpoints"] if it["port"] == "metrics")
    assert {"targetLabel": "job", "replacement": "evenkeel"} in own["relabelings"]


GIT_SYNC = 'git_sync_count_total{namespace="evenkeel",pod="p",status="%s"}'


def test_a_dead_git_sync_is_told(tmp_path: Path) -> None:
    rule = one(rendered("production"), "PrometheusRule", "evenkeel-git-sync")
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rule["spec"]))

    def case(series: dict[str, str], at: str, alert: str, told: bool) -> dict:
        labels = {"severity": "warning"}
        labels |= {"namespace": "evenkeel"}
        labels |= {"pod": "p"} if alert == "EvenkeelGitSyncStopped" else {}
        wanted = [{"exp_labels": labels}] if told else []
        inputs = [{"series": GIT_SYNC % k, "values": v} for k, v in series.items()]
        check = {"eval_time": at, "alertname": alert, "exp_alerts": wanted}
        return {"interval": "1m", "input_series": inputs, "alert_rule_test": [check]}

    stopped, absent = "EvenkeelGitSyncStopped", "EvenkeelGitSyncAbsent"
    works, stops = {"noop": "0+2x60"}, {"noop": "0+2x10 20x50", "error": "0x10 0+2x50"}
    cases = [
        case(works, "50m", stopped, told=False),
        case(stops, "20m", stopped, told=False),
        case(stops, "35m", stopped, told=True),
        case(works, "50m", absent, told=False),
        case({"error": "0+2x60"}, "10m", absent, told=False),
        case({"error": "0+2x60"}, "20m", absent, told=True),
    ]
    # Annotations are for people: they are compared as they are written.
    notes = {it["alert"]: it["annotations"] for it in rule["spec"]["groups"][0]["rules"]}
    for check in (it["alert_rule_test"][0] for it in cases):
        for alert in check["exp_alerts"]:
            labels = alert["exp_labels"]
            filled = {k: fill(v, labels) for k, v in notes[check["alertname"]].items()}
            alert["exp_annotations"] = filled
    test = {"rule_files": ["rules.yaml"], "tests": cases}
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(test))
    assert run(tool("promtool"), "check", "rules", "rules.yaml", cwd=tmp_path).returncode == 0
    found = run(tool("promtool"), "test", "rules", "test.yaml", cwd=tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr


def fill(text: str, labels: dict[str, str]) -> str:
    return re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda it: labels[it[1]], text)


# AWS


@pytest.mark.parametrize("path", sorted(DEPLOY.rglob("*.json")), ids=lambda it: it.name)
def test_json_can_be_read(path: Path) -> None:
    assert json.loads(path.read_text())


def test_policies_are_taken(aws: Aws) -> None:
    """moto reads policies as IAM does: statement by statement, refusing what it does not know."""
    aws.role("deploy")
    for path in sorted((DEPLOY / "iam").glob("*.json")):
        if path.name.startswith("trust-"):
            aws.iam.update_assume_role_policy(RoleName="deploy", PolicyDocument=path.read_text())
        else:
            named = {"RoleName": "deploy", "PolicyName": path.stem}
            aws.iam.put_role_policy(**named, PolicyDocument=path.read_text())


def test_trust_is_given_to_one_only() -> None:
    # By whom a role may be taken, and what holds that to one machine, cluster or person.
    held = {
        "trust-ec2": [],
        "trust-ecs-execution": [],
        "trust-ecs-task": ["aws:SourceArn", "aws:SourceAccount"],
        "trust-eks-irsa": [":aud", ":sub"],
        "trust-eks-pod-identity": ["/eks-cluster-arn", "/kubernetes-namespace", "-service-account"],
        "trust-cross-account": ["sts:ExternalId"],
    }
    found = {it.stem for it in (DEPLOY / "iam").glob("trust-*.json")}
    assert found == set(held)
    for name, keys in held.items():
        [statement] = json.loads((DEPLOY / "iam" / f"{name}.json").read_text())["Statement"]
        assert "*" not in json.dumps(statement["Principal"]) and statement["Effect"] == "Allow"
        conditions = [key for it in statement.get("Condition", {}).values() for key in it]
        assert all(any(it.endswith(key) for it in conditions) for key in keys), (name, conditions)


def test_the_task_is_registered(moto: Moto) -> None:
    text = (DEPLOY / "ecs" / "task-definition.json").read_text()
    # botocore refuses what AWS's own model does not have; moto does the rest.
    ecs = client(moto.url, "ecs", HOME)
    found = ecs.register_task_definition(**json.loads(text))["taskDefinition"]
    assert found["status"] == "ACTIVE" and found["taskRoleArn"].endswith(":role/evenkeel")
    daemon = found["containerDefinitions"][0]
    assert daemon["user"] == "65532:65532" and daemon["readonlyRootFilesystem"]
    assert ACCOUNT in daemon["image"]


# Compose


@pytest.mark.parametrize("profile", ["demo", "aws"])
def test_the_compose_file_is_taken(profile: str, tmp_path: Path) -> None:
    folder = DEPLOY / "compose"
    # Debian's Compose is of the time before `name`.
    text = re.sub(r"^name: .*\n", "", (folder / "compose.yaml").read_text(), flags=re.M)
    (tmp_path / "compose.yaml").write_text(text)
    command = ["-f", tmp_path / "compose.yaml", "--project-directory", folder, "--profile", profile]
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    found = run(tool("docker-compose"), *command, "config", env=env)
    assert found.returncode == 0, found.stderr
    for service in yaml.safe_load(found.stdout)["services"].values():
        assert all(it.startswith("127.0.0.1:") for it in service.get("ports", []))
        if build := service.get("build"):
            assert Path(build["context"], build["dockerfile"]).exists(), build


def test_prometheus_takes_its_configuration() -> None:
    config = DEPLOY / "compose" / "prometheus.yml"
    found = run(tool("promtool"), "check", "config", "--syntax-only", config)
    assert found.returncode == 0, found.stdout + found.stderr


# All of it


def reference() -> dict[str, str]:
    """What docs/reference/flags.md says of each command."""
    text = (ROOT / "docs" / "reference" / "flags.md").read_text()
    parts = re.split(r"^## evenkeel (\w+)\n", text, flags=re.M)
    # What stands before the first command are the flags that all commands take.
    return {name: parts[0] + own for name, own in zip(parts[1::2], parts[2::2], strict=True)}


def test_every_setting_is_one_that_the_program_has() -> None:
    known = set(re.findall(r"`(EVENKEEL_\w+)`", "".join(reference().values()))) | BUILD_ONLY
    used = {(str(path), name) for path, text in texts() for name in re.findall(r"EVENKEEL_\w+", text)}
    assert len(used) > 30
    assert not [it for it in used if it[1] not in known]


def test_every_command_is_one_that_the_program_has() -> None:
    commands = reference()
    seen = 0
    for path, text in texts():
        for name, rest in re.findall(r"\bevenkeel[ \"',]+([a-z]+)\b(.*)", code(path, text)):
            if name not in commands:
                continue
            # Only flags of this command: what comes after a pipe, `#` or `;` is another's.
            flags = re.findall(r"(?<![\w-])--[a-z-]+", re.split(r"[|;#]", rest)[0])
            missing = [it for it in flags if f"`{it}" not in commands[name]]
            assert not missing, f"{path}: evenkeel {name} has no {missing}"
            seen += 1
    assert seen > 10
    words = re.findall(r"^CMD (\[.*\])$", (DEPLOY / "Dockerfile").read_text(), flags=re.M)
    assert json.loads(words[0])[0] == "run" and "`--listen" in commands["run"]


def test_everything_ships_observing() -> None:
    found = {}
    for path, text in texts():
        if path.suffix == ".md":
            continue
        lines = [it for it in code(path, text).splitlines() if "EVENKEEL_MODE" in it]
        assert not [it for it in lines if "observe" not in it or "enforce" in it], (path, lines)
        assert "--mode" not in text and "EVENKEEL_PRUNE" not in code(path, text), path
        found |= {str(path): lines} if lines else {}
    for place in ("Dockerfile", "systemd/evenkeel.service", "systemd/evenkeel.env"):
        assert f"deploy/{place}" in found
    for place in ("ecs/task-definition.json", "compose/compose.yaml"):
        assert f"deploy/{place}" in found
    for overlay in OVERLAYS:
        assert one(rendered(overlay), "ConfigMap")["data"]["EVENKEEL_MODE"] == "observe"


@pytest.mark.parametrize("page", [GUIDE, *sorted(DEPLOY.rglob("*.md"))], ids=lambda it: it.parent.name)
def test_what_stands_in_blocks_can_be_read(page: Path) -> None:
    for language, text in blocks(page.read_text()):
        if language == "sh":
            found = run("bash", "-n", input=text)
            assert found.returncode == 0, f"{found.stderr}\n{text}"
            # Placeholders in angle brackets would be redirections.
            assert not re.search(r"<[A-Za-z]", text), text
        elif language == "yaml":
            yaml.safe_load(text)
