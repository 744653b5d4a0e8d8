"""The stand-in's registry under tools that push and pull for a living, skopeo and buildah; and what runs of it."""

from __future__ import annotations

import base64
import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from stage import ROOT, wait_for
from stand_in import StandIn

REPOSITORY = "team/jobs"
# Large enough not to arrive in one piece, and nothing that shrinks.
LAYER = 24 << 20


@pytest.fixture(autouse=True)
def repository(stand_in: StandIn) -> None:
    stand_in.client("ecr").create_repository(repositoryName=REPOSITORY)


class Tools:
    """skopeo and buildah with a store of their own, logged in at the stand-in."""

    def __init__(self, stand_in: StandIn, folder: Path) -> None:
        self.folder = folder
        self.host = stand_in.url.removeprefix("http://")
        (data,) = stand_in.client("ecr").get_authorization_token()["authorizationData"]
        assert data["proxyEndpoint"] == stand_in.url
        assert base64.b64decode(data["authorizationToken"]).startswith(b"AWS:")
        self.auth = folder / "auth.json"
        auths = {self.host: {"auth": data["authorizationToken"]}}
        self.auth.write_text(json.dumps({"auths": auths}))

    def image(self, tag: str = "v1", repository: str = REPOSITORY) -> str:
        return f"docker://{self.host}/{repository}:{tag}"

    def run(self, name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        tool = shutil.which(name)
        assert tool, f"{name} is needed: make e2e installs it"
        command = [tool, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    def ok(self, name: str, *arguments: object) -> str:
        done = self.run(name, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def copy(self, source: object, to: object) -> subprocess.CompletedProcess[str]:
        plain = ("--src-tls-verify=false", "--dest-tls-verify=false")
        given = ("--insecure-policy", "copy", "--authfile", self.auth, *plain, source, to)
        return self.run("skopeo", *given)

    def inspect(self, tag: str = "v1") -> dict:
        given = ("inspect", "--authfile", self.auth, "--tls-verify=false", self.image(tag))
        return json.loads(self.ok("skopeo", *given))

    def buildah(self, *arguments: object) -> str:
        store = ("--root", self.folder / "root", "--runroot", self.folder / "run")
        return self.ok("buildah", *store, "--storage-driver", "vfs", *arguments)

    def build(self, salt: str) -> None:
        context = self.folder / "context"
        context.mkdir(exist_ok=True)
        (context / "big").write_bytes(random.Random(salt).randbytes(LAYER))
        (context / "Dockerfile").write_text('FROM scratch\nCOPY big /big\nENTRYPOINT ["/big"]\n')
        self.buildah("bud", "--isolation", "chroot", "-t", "localhost/jobs", context)


@pytest.fixture
def tools(stand_in: StandIn, tmp_path: Path) -> Tools:
    return Tools(stand_in, tmp_path)


def layout(folder: Path) -> str:
    """The digest of the only image in a folder."""
    (manifest,) = json.loads((folder / "index.json").read_text())["manifests"]
    return manifest["digest"]


def test_what_is_pushed_comes_back_the_same(stand_in: StandIn, tools: Tools, tmp_path: Path) -> None:
    tools.build("one")
    digest = tmp_path / "digest"
    to = ("--authfile", tools.auth, "--tls-verify=false", "--digestfile", digest)
    tools.buildah("push", *to, "localhost/jobs", tools.image())
    expected = digest.read_text()
    assert tools.inspect()["Digest"] == expected
    ecr = stand_in.client("ecr")
    (image,) = ecr.batch_get_image(repositoryName=REPOSITORY, imageIds=[{"imageTag": "v1"}])["images"]
    assert image["imageId"]["imageDigest"] == expected
    pulled = tmp_path / "pulled"
    assert (done := tools.copy(tools.image(), f"oci:{pulled}")).returncode == 0, done.stderr
    assert layout(pulled) == expected
    # Back under another tag, by the other tool: the layers are there, the digest stays.
    assert (done := tools.copy(f"oci:{pulled}", tools.image("v2"))).returncode == 0, done.stderr
    assert tools.inspect("v2")["Digest"] == expected
    assert tools.inspect()["RepoTags"] == ["v1", "v2"]
    tools.buildah("rmi", "--all", "--force")
    tools.buildah("pull", "--authfile", tools.auth, "--tls-verify=false", tools.image("v2"))
    assert [it["digest"] for it in json.loads(tools.buildah("images", "--json"))] == [expected]


def test_a_push_meets_what_ecr_forbids(stand_in: StandIn, tools: Tools, tmp_path: Path) -> None:
    tools.build("one")
    image = f"oci:{tmp_path / 'image'}"
    tools.buildah("push", "localhost/jobs", image)
    nowhere = tools.copy(image, tools.image(repository="nobody"))
    assert nowhere.returncode != 0 and "does not exist in the registry" in nowhere.stderr
    assert tools.copy(image, tools.image()).returncode == 0
    mutability = {"repositoryName": REPOSITORY, "imageTagMutability": "IMMUTABLE"}
    stand_in.client("ecr").put_image_tag_mutability(**mutability)
    tools.build("two")
    other = f"oci:{tmp_path / 'other'}"
    tools.buildah("push", "localhost/jobs", other)
    refused = tools.copy(other, tools.image())
    assert refused.returncode != 0
    assert "cannot be overwritten because the tag is immutable" in refused.stderr
    tools.auth.write_text("{}")
    unknown = tools.copy(image, tools.image("v2"))
    assert unknown.returncode != 0 and "authentication required" in unknown.stderr


def test_the_journal_names_the_calls_of_a_push(stand_in: StandIn, tools: Tools, tmp_path: Path) -> None:
    tools.build("one")
    image = f"oci:{tmp_path / 'image'}"
    tools.buildah("push", "localhost/jobs", image)
    rule = {"fault": "error", "operations": ["PutImage"], "times": 1, "retryAfter": 1}
    stand_in.ask("/faults", {"rules": [rule]}, "PUT")
    first = tools.copy(image, tools.image())
    again = tools.copy(image, tools.image())
    assert again.returncode == 0, again.stderr
    journal = [it for it in stand_in.ask("/journal") if it["resource"] == REPOSITORY]
    names = [it["operation"] for it in journal]
    pushed = [
        "BatchCheckLayerAvailability",
        "InitiateLayerUpload",
        "UploadLayerPart",
        "CompleteLayerUpload",
    ]
    assert set(pushed) < set(names), first.stderr
    assert names.count("CompleteLayerUpload") == 2, "layers that are there are not sent again"
    assert [it["status"] for it in journal if it["operation"] == "PutImage"] == [500, 201]
    assert {it["caller"] for it in journal} == {"AKIATEST"}


def test_an_image_of_buildah_runs(tmp_path: Path) -> None:
    stand_in = StandIn("--run-images", "--create-lag", "0.1")
    try:
        stand_in.client("ecr").create_repository(repositoryName=REPOSITORY)
        tools = Tools(stand_in, tmp_path)
        context = tmp_path / "context"
        context.mkdir()
        shutil.copy(ROOT / "target" / "debug" / "evenkeel-sim-function", context / "function")
        lines = ["FROM scratch", "COPY function /bin/function", 'ENTRYPOINT ["/bin/function", "one"]']
        (context / "Dockerfile").write_text("\n".join(lines))
        tools.buildah("bud", "--isolation", "chroot", "-t", "localhost/jobs", context)
        to = ("--authfile", tools.auth, "--tls-verify=false")
        tools.buildah("push", *to, "localhost/jobs", tools.image())
        functions, logs = stand_in.client("lambda"), stand_in.client("logs")
        functions.create_function(
            FunctionName="job",
            PackageType="Image",
            Code={"ImageUri": f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{REPOSITORY}:v1"},
            Role="arn:aws:iam::123456789012:role/jobs",
        )
        functions.get_waiter("function_active_v2").wait(FunctionName="job")
        answers = []
        for word in ("cold", "warm"):
            event = json.dumps({"print": f"it is {word}"})
            answer = functions.invoke(FunctionName="job", Payload=event, LogType="Tail")
            assert "FunctionError" not in answer, answer["Payload"].read()
            answers.append(json.load(answer["Payload"]))
            assert f"it is {word}\n".encode() in base64.b64decode(answer["LogResult"])
        assert [it["count"] for it in answers] == [1, 2]
        assert answers[0]["arguments"] == ["one"]
        found = logs.filter_log_events(logGroupName="/aws/lambda/job", filterPattern="it is")
        assert [it["message"] for it in found["events"]] == ["it is cold\n", "it is warm\n"]
    finally:
        stand_in.stop()
    process = Path("/proc") / str(answers[0]["process"])
    wait_for("the function is gone", lambda: not process.exists())
