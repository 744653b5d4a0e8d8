"""`import`: what is in AWS as manifests that ask for nothing new, and other tools' files as manifests."""

from __future__ import annotations

import random
import re
import subprocess
from functools import partial
from pathlib import Path

import pytest

from stage import ACCOUNT, REGION, ROLE, ROOT, Evenkeel, Keys
from stand_in import StandIn

EXAMPLES = ROOT / "manifests" / "examples"
SECRET = "hunter2-canary"
SCALE = "50"
STAND_IN = partial(StandIn, "--time-scale", SCALE, "--no-quotas", region=REGION)


class Hands:
    def __init__(self, stand_in: StandIn) -> None:
        self.evenkeel = Evenkeel(stand_in.url, keys=Keys(ACCOUNT, "AKIAIMPORT", "secret"))
        self.evenkeel.env |= {"EVENKEEL_OWNER": "platform", "EVENKEEL_ACCOUNT_ID": ACCOUNT}
        self.evenkeel.env["EVENKEEL_TIME_SCALE"] = SCALE

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return self.evenkeel.call(*map(str, arguments), timeout=300)

    def ok(self, *arguments: object, code: int = 0) -> str:
        done = self.run(*arguments)
        text = done.stdout + done.stderr
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{text}"
        return text


@pytest.fixture
def hands(stand_in: StandIn) -> Hands:
    return Hands(stand_in)


def push(stand_in: StandIn, repository: str, tag: str) -> None:
    stand_in.ask(f"/images?region={REGION}", {"repository": repository, "tag": tag})


def examples(stand_in: StandIn, folder: Path) -> Path:
    """All examples, their images pushed, as a new account can have them."""
    folder.mkdir()
    for file in EXAMPLES.glob("*.yaml"):
        # What is to be kept must have been there before.
        text = file.read_text().replace("{ keep: true }", SECRET)
        # The push below makes the repository, so it is somebody's before it is ours.
        text = re.sub(r"(kind: Repository\n(?:.+\n)*spec:\n)(?!(?:.+\n)*  policy:)", r"\1  policy: { adopt: true }\n", text)
        # Nothing computes here that could pass a test.
        text = re.sub(r"    smokeTests:\n(?:      .*\n)+", "", text)
        (folder / file.name).write_text(text)
        for line in text.splitlines():
            if line.startswith("  image: "):
                repository, tag = line.split("#")[0].split(": ", 1)[1].strip().rsplit(":", 1)
                for each in {tag, "1.4.0"}:
                    push(stand_in, repository, each)
    return folder


def test_every_example_comes_back_and_asks_for_nothing(stand_in: StandIn, hands: Hands, tmp_path: Path) -> None:
    folder = examples(stand_in, tmp_path / "examples")
    stand_in.ask(f"/alarms?region={REGION}", {"name": "count-bases-errors", "state": "OK"})
    hands.ok("apply", folder)
    made = tmp_path / "made"
    said = hands.ok("import", "--all", "-d", made)
    names = {it["FunctionName"] for it in stand_in.client("lambda").list_functions()["Functions"]}
    assert {it.stem for it in made.glob("*.yaml") if ".repository" not in it.name} == names, said
    plan = hands.ok("plan", made, code=1)
    # Repositories that no example describes were made by the pushes alone, so they are nobody's yet; nothing else is
    # to be done.
    assert {it.split()[2] for it in plan.splitlines() if it.startswith("~ Repository ")} == {
        it.name.removesuffix(".repository.yaml") for it in made.glob("*.repository.yaml")
    } - {"count-bases"}, plan
    assert only_claims(plan), plan
    before = len(stand_in.ask("/journal"))
    hands.ok("apply", made)
    assert hands.ok("plan", made).splitlines()[-1].endswith(" unchanged.")
    assert writes(stand_in, before) <= {"TagResource"}
    assert not any(SECRET in it.read_text() for it in made.iterdir())


SAMPLES = sorted(
    it
    for it in (ROOT / "tests" / "it" / "import").glob("*/*")
    if it.suffix in (".json", ".yaml", ".yml") and ".expected." not in it.name
)
assert SAMPLES, "pytest skips a test without parameters in silence"


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda it: f"{it.parent.name}-{it.stem}")
def test_files_of_other_tools_become_manifests_that_can_be_planned(
    hands: Hands, tmp_path: Path, sample: Path
) -> None:
    made = tmp_path / "made"
    printed = hands.run("import", "--from", sample)
    assert printed.returncode == 0, printed.stderr
    saved = hands.ok("import", "--from", sample, "-d", made)
    texts = [it.read_text() for it in made.iterdir()]
    assert all(it.startswith("#") and "kind: " in it for it in texts)
    # Whatever is not carried is told, in the file and at the terminal.
    for text in texts:
        assert ("Not carried over" in text) <= (": " in saved)
    checked = hands.run("check", made)
    told = [it for it in (checked.stdout + checked.stderr).splitlines() if ".yaml:" in it]
    # Only what a person has to fill in.
    assert all("is a placeholder from an import" in it for it in told), checked.stdout + checked.stderr
    filled = 0
    for file in made.iterdir():
        text, count = re.subn(r"([\w-]+:|-) 'evenkeel: fill in'", fill_in, file.read_text())
        file.write_text(text)
        filled += count
    assert filled == len(told)
    hands.ok("check", made)
    plan = hands.ok("plan", made, code=1)
    # Nothing is refused, and nothing is a fault: all of it is still to be made.
    marks = {it[0] for it in plan.splitlines() if it[:1] in "+~-*!" and it}
    assert marks <= {"+", "*"} and "error:" not in plan, plan
    assert any(it[2:].startswith("Function ") for it in plan.splitlines())


def fill_in(found: re.Match[str]) -> str:
    """What a person writes for a placeholder."""
    values = {
        "functionName:": "filled-in",
        "image:": "jobs:v1",
        "role:": ROLE,
        "-": "sg-0a1b2c3d",
        "eventSourceArn:": arn("dynamodb", "table/prices/stream/2026-01-01T00:00:00.000"),
    }
    return f"{found[1]} {values.get(found[1], 'filled in')}"


def test_what_cannot_be_imported_is_said_with_what_to_do(stand_in: StandIn, hands: Hands, tmp_path: Path) -> None:
    assert "nothing there ships as a container image" in hands.ok("import", "--all", code=2)
    assert "there is no function nobody" in hands.ok("import", "nobody", code=2)
    assert "required" in hands.ok("import", code=2)
    (tmp_path / "text.yaml").write_text("just: words\n")
    assert "text.yaml" in hands.ok("import", "--from", tmp_path / "text.yaml", code=2)
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    assert "not UTF-8" in hands.ok("import", "--from", tmp_path / "binary.json", code=2)
    assert "No such file" in hands.ok("import", "--from", tmp_path / "none.json", code=2)
    push(stand_in, "jobs", "v1")
    for number in range(6):
        generate(stand_in, number)
    functions = stand_in.client("lambda").list_functions()["Functions"]
    name = next(it["FunctionName"] for it in functions if SECRET in str(it.get("Environment")))
    file = f"{name}.yaml"
    made = tmp_path / "made"
    hands.ok("import", name, "-d", made)
    (made / file).write_text("somebody's work")
    assert "is there already" in hands.ok("import", name, "-d", made, code=2)
    assert (made / file).read_text() == "somebody's work"
    hands.ok("import", name, "-d", made, "--force", "--values", "placeholder")
    assert "is a placeholder" in hands.ok("check", made, code=2)
    hands.ok("import", name, "-d", made, "--force", "--values", "open")
    assert SECRET in (made / file).read_text()


def only_claims(plan: str) -> bool:
    """Whether all that differs is whose things are."""
    fields = [it.split()[1] for it in plan.splitlines() if it.strip()[:2] in ("+ ", "~ ", "- ") and it[0] == " "]
    return bool(fields) and all(it.startswith("tags.evenkeel.dev/") for it in fields)


def writes(stand_in: StandIn, since: int) -> set[str]:
    return {it["operation"] for it in stand_in.ask(f"/journal?since={since}") if it["write"]}


def arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


def generate(stand_in: StandIn, number: int) -> str:
    """A function as somebody may have made it by hand, with whatever hangs on it."""
    chance = random.Random(number)
    some = lambda: chance.random() < 0.4  # noqa: E731
    functions, name = stand_in.client("lambda", "hand"), f"made-{number:03}"
    given: dict = {
        "FunctionName": name,
        "PackageType": "Image",
        "Code": {"ImageUri": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/jobs:v1"},
        "Role": f"arn:aws:iam::{ACCOUNT}:role/{chance.choice([ROLE, 'team/other', 'x'])}",
    }
    fields = {
        "Description": chance.choice(["", "yes", "- a: b #c", "it's \"so\"", "ends: ", "1e3", "null"]),
        "MemorySize": chance.choice([128, 512, 3008]),
        "Timeout": chance.randint(1, 900),
        "EphemeralStorage": {"Size": chance.choice([512, 2048])},
        "Environment": {"Variables": {f"V{it}": chance.choice([SECRET, "", "a\nb"]) for it in range(3)}},
        "VpcConfig": {"SubnetIds": ["subnet-0a1b", "subnet-0c2d"], "SecurityGroupIds": ["sg-0a1b"]},
        "FileSystemConfigs": [
            {"Arn": arn("elasticfilesystem", "access-point/fsap-0a1b2c3d4e5f60718"), "LocalMountPath": "/mnt/data"}
        ],
        "DeadLetterConfig": {"TargetArn": arn("sqs", "dead")},
        "TracingConfig": {"Mode": chance.choice(["Active", "PassThrough"])},
        "LoggingConfig": chance.choice(
            [{"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG"}, {"LogFormat": "Text", "LogGroup": "/team/all"}]
        ),
        "ImageConfig": {"Command": ["run", "--all", "yes"], "WorkingDirectory": "/srv"},
        "KMSKeyArn": arn("kms", "key/0a1b"),
        "Architectures": [chance.choice(["arm64", "x86_64"])],
        "Tags": {"team": "genomics", "null": "yes", "a b": "@x"},
    }
    # A file system is in a network.
    given |= {key: value for key, value in fields.items() if some()}
    if "FileSystemConfigs" in given:
        given["VpcConfig"] = fields["VpcConfig"]
    functions.create_function(**given)
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.05})
    if some():
        functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=chance.randint(0, 3))
    if some():
        cors = {"AllowOrigins": ["https://a.example"], "MaxAge": 60} if some() else {}
        functions.create_function_url_config(FunctionName=name, AuthType="AWS_IAM", Cors=cors)
    if some():
        functions.put_function_event_invoke_config(
            FunctionName=name,
            MaximumRetryAttempts=chance.randint(0, 2),
            DestinationConfig={"OnFailure": {"Destination": arn("sqs", "failed")}},
        )
    if some():
        functions.put_function_recursion_config(FunctionName=name, RecursiveLoop="Allow")
    if some():
        source = chance.choice([arn("sqs", f"q-{number}"), arn("kinesis", f"stream/s-{number}")])
        position = {} if ":sqs:" in source else {"StartingPosition": "LATEST", "ParallelizationFactor": 2}
        functions.create_event_source_mapping(FunctionName=name, EventSourceArn=source, BatchSize=5, **position)
    if some() and "LoggingConfig" not in given:
        logs = stand_in.client("logs", "hand")
        logs.create_log_group(logGroupName=f"/aws/lambda/{name}")
        logs.put_retention_policy(logGroupName=f"/aws/lambda/{name}", retentionInDays=14)
    return name


def test_two_hundred_made_by_hand_come_in_and_ask_for_nothing(
    stand_in: StandIn, hands: Hands, tmp_path: Path
) -> None:
    push(stand_in, "jobs", "v1")
    names = [generate(stand_in, it) for it in range(200)]
    made = tmp_path / "made"
    hands.ok("import", "--all", "-d", made)
    assert len(list(made.glob("made-*.yaml"))) == len(names)
    assert not any(SECRET in it.read_text() for it in made.iterdir())
    hands.ok("check", made)
    plan = hands.ok("plan", made, code=1)
    assert only_claims(plan), "\n".join(
        it for it in plan.splitlines() if it.startswith("    ") and " tags.evenkeel" not in it
    )
    before = len(stand_in.ask("/journal"))
    hands.ok("apply", made)
    assert writes(stand_in, before) <= {"TagResource"}
    assert hands.ok("plan", made).splitlines()[-1].endswith(" unchanged.")
