"""`publish`: from a Dockerfile to a digest that the manifests name, in the stand-in's registry and in docker-registry."""

from __future__ import annotations

import contextlib
import random
import shutil
import subprocess
import time
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from layouts import index, store
from registry import docker_registry, inspect, logged_in
from stage import ACCOUNT, REGION, ROLE, ROOT, Evenkeel, Keys, wait_for
from stand_in import StandIn

REPOSITORY = "team/jobs"
# Three parts of a push, of bytes that nothing shrinks.
LAYER = 25 << 20
MANIFEST = f"""# What the team runs. ☃
apiVersion: evenkeel.dev/v1
kind: Function
metadata: {{ name: jobs }}   # in one line
spec:
    image:   "{REPOSITORY}:v0"    # the image
    role: {ROLE}
---
apiVersion: evenkeel.dev/v1
kind: Repository
metadata: {{ name: {REPOSITORY} }}
spec: {{ imageTagMutability: MUTABLE, tags: {{ team: genomics }} }}
"""
STAND_IN = partial(StandIn, "--create-lag", "0", region=REGION)


class Place:
    """A directory with a Dockerfile and a manifest, and a builder with a store of its own."""

    def __init__(self, stand_in: StandIn, folder: Path) -> None:
        self.folder = folder
        self.context = folder / "context"
        self.context.mkdir()
        self.manifest = folder / "jobs.yaml"
        self.manifest.write_text(MANIFEST)
        self.evenkeel = Evenkeel(stand_in.url, keys=Keys(ACCOUNT, "AKIAPUBLISH", "secret"))
        self.evenkeel.env |= {
            **store(folder),
            "EVENKEEL_BUILDER": "buildah",
            "EVENKEEL_OWNER": "platform",
        }

    def write(self, salt: str, entry: str = 'ENTRYPOINT ["/big"]') -> None:
        (self.context / "big").write_bytes(random.Random(salt).randbytes(LAYER))
        (self.context / "Dockerfile").write_text(f"FROM scratch\nCOPY big /big\n{entry}\n")

    def publish(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        given = ("publish", *map(str, arguments or (self.context,)), "--repository", REPOSITORY)
        return self.evenkeel.call(*given)

    def ok(self, *arguments: object) -> tuple[str, str]:
        """The digest that was published, and what was said."""
        done = self.publish(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip().split("@")[1], done.stderr

    def refused(self, *arguments: object) -> str:
        done = self.publish(*arguments)
        assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
        assert "panicked" not in done.stderr and not done.stdout
        return done.stderr

    def buildah(self, *arguments: object) -> str:
        command = [shutil.which("buildah") or "buildah", *map(str, arguments)]
        done = subprocess.run(command, env=self.evenkeel.env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def place(stand_in: StandIn, tmp_path: Path) -> Place:
    return Place(stand_in, tmp_path)


def calls(stand_in: StandIn, since: int = 0) -> Counter[str]:
    journal = stand_in.ask(f"/journal?since={since}")
    return Counter(it["operation"] for it in journal if it["caller"].endswith("AKIAPUBLISH"))


def length(stand_in: StandIn) -> int:
    return len(stand_in.ask("/journal"))


def test_from_a_dockerfile_to_the_digest_in_the_manifest(
    stand_in: StandIn, place: Place, tmp_path: Path
) -> None:
    place.write("one")
    digest, said = place.ok(place.context, "--manifest", place.manifest, "--tag", "v1")
    # The repository was made as its document says.
    (repository,) = stand_in.client("ecr").describe_repositories()["repositories"]
    tags = stand_in.client("ecr").list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"]
    assert {"Key": "team", "Value": "genomics"} in tags and repository["repositoryName"] == REPOSITORY
    assert inspect(stand_in.url, REPOSITORY, "v1", logged_in(stand_in, tmp_path)) == digest
    assert place.manifest.read_text() == MANIFEST.replace(f"{REPOSITORY}:v0", f"{REPOSITORY}:v1")
    assert f"{REPOSITORY}:v0 → {REPOSITORY}:v1" in said
    # The same again: nothing is sent, nothing is written.
    before, written = length(stand_in), place.manifest.stat().st_mtime_ns
    again, said = place.ok(place.context, "--manifest", place.manifest, "--tag", "v1")
    assert again == digest and "nothing is uploaded" in said
    done = calls(stand_in, before)
    assert not [it for it in done if "Upload" in it or it == "PutImage"], done
    assert place.manifest.stat().st_mtime_ns == written
    # And the daemon deploys it.
    daemon = place.evenkeel.daemon(tmp_path, tmp_path / "daemon.log")
    daemon.wait_synced("jobs")
    assert daemon.stop() == 0
    live = stand_in.client("lambda").get_function(FunctionName="jobs")["Configuration"]
    assert "sha256:" + live["CodeSha256"] == digest


def test_a_digest_in_the_manifest_stays_a_digest(stand_in: StandIn, place: Place) -> None:
    old = f"{REPOSITORY}@sha256:{'0' * 64}"
    before = MANIFEST.replace(f"{REPOSITORY}:v0", old).replace("\n", "\r\n")
    place.manifest.write_bytes(before.encode())
    place.write("one")
    digest, _ = place.ok(place.context, "--manifest", place.manifest)
    after = before.replace(old, f"{REPOSITORY}@{digest}")
    assert place.manifest.read_bytes() == after.encode()
    assert stand_in.client("ecr").list_images(repositoryName=REPOSITORY)["imageIds"] == [
        {"imageDigest": digest, "imageTag": f"sha-{digest[7:19]}"}
    ]


EXAMPLES = sorted((ROOT / "manifests" / "examples").glob("**/*.yaml"))


@pytest.mark.parametrize(
    "example", [it for it in EXAMPLES if "\n  image: " in it.read_text()], ids=lambda it: it.stem
)
def test_a_pin_keeps_every_other_byte(stand_in: StandIn, place: Place, example: Path) -> None:
    text = example.read_text()
    images = {line.split("#")[0].split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("  image:")}
    place.context.joinpath("Dockerfile").write_text('FROM scratch\nENTRYPOINT ["/x"]\n')
    copy = place.folder / example.name
    copy.write_text(text)
    ecr = stand_in.client("ecr")
    for image in images:
        repository = image.split("/", 1)[-1].split(":")[0] if ".dkr.ecr." in image else image.split(":")[0]
        with contextlib.suppress(ecr.exceptions.RepositoryAlreadyExistsException):
            ecr.create_repository(repositoryName=repository)
        given = ["publish", str(place.context), "--repository", repository, "--tag", "pinned"]
        done = place.evenkeel.call(*given, "--manifest", str(copy))
        assert done.returncode == 0, done.stderr
        text = text.replace(f"image: {image}", f"image: {image.rsplit(':', 1)[0]}:pinned")
        assert copy.read_text() == text


def test_what_breaks_off_goes_on(stand_in: StandIn, place: Place) -> None:
    stand_in.client("ecr").create_repository(repositoryName=REPOSITORY)
    place.write("one")
    # The second part is cut, once before it arrives and once after.
    rules = [
        {"fault": "reset-before", "operations": ["UploadLayerPart"], "after": 1, "times": 1},
        {"fault": "reset-after", "operations": ["UploadLayerPart"], "after": 2, "times": 1},
        {"fault": "throttle", "operations": ["InitiateLayerUpload", "PutImage"], "times": 2},
    ]
    stand_in.ask("/faults", {"seed": 1, "rules": rules}, "PUT")
    digest, said = place.ok(place.context, "--tag", "v1")
    assert "tried again" in said
    images = stand_in.client("ecr").batch_get_image(repositoryName=REPOSITORY, imageIds=[{"imageTag": "v1"}])
    assert images["images"][0]["imageId"]["imageDigest"] == digest
    stand_in.ask("/faults", {"seed": 1, "rules": []}, "PUT")


def test_a_push_that_was_killed_sends_only_the_rest(stand_in: StandIn, place: Place) -> None:
    stand_in.client("ecr").create_repository(repositoryName=REPOSITORY)
    (place.context / "first").write_bytes(random.Random("first").randbytes(LAYER))
    place.write("second", 'COPY first /first\nENTRYPOINT ["/big"]')
    # Everything but the image's own manifest gets through, and then nobody answers.
    rule = {"fault": "hang-before", "operations": ["PutImage"]}
    stand_in.ask("/faults", {"seed": 1, "rules": [rule]}, "PUT")
    command = [str(place.evenkeel.binary), "publish", str(place.context), "--repository", REPOSITORY]
    killed = subprocess.Popen([*command, "--tag", "v1"], env=place.evenkeel.env, stderr=subprocess.DEVNULL)
    wait_for("the layers are there", lambda: calls(stand_in)["PutImage"])
    killed.kill()
    killed.wait(10)
    stand_in.ask("/faults", {"seed": 1, "rules": []}, "PUT")
    before = length(stand_in)
    _, said = place.ok(place.context, "--tag", "v1")
    assert "0 blobs uploaded (0 bytes)" in said, said
    assert not calls(stand_in, before)["UploadLayerPart"]


def test_a_registry_that_nobody_here_wrote(place: Place, tmp_path: Path) -> None:
    with docker_registry(tmp_path) as url:
        place.write("one")
        digest, said = place.ok(place.context, "--registry", url, "--tag", "v1", "--manifest", place.manifest)
        assert inspect(url, REPOSITORY, "v1") == digest and "2 blobs uploaded" in said
        _, said = place.ok(place.context, "--registry", url, "--tag", "v2")
        assert "0 blobs uploaded" in said and inspect(url, REPOSITORY, "v2") == digest
        # The same image in other forms: an archive of Docker's, one of OCI's, and the builder's own store.
        place.buildah("bud", "--layers", "-t", "localhost/jobs", place.context)
        for form in ("docker-archive", "oci-archive"):
            file = tmp_path / f"{form}.tar"
            place.buildah("push", "--quiet", "localhost/jobs", f"{form}:{file}")
            digest, _ = place.ok(file, "--registry", url, "--tag", form)
            assert inspect(url, REPOSITORY, form) == digest
            again, said = place.ok(file, "--registry", url, "--tag", form)
            assert again == digest and "nothing is uploaded" in said
        digest, _ = place.ok("localhost/jobs", "--registry", url, "--tag", "stored")
        assert inspect(url, REPOSITORY, "stored") == digest


def test_of_an_index_the_image_for_the_function_is_pushed(
    stand_in: StandIn, place: Place, tmp_path: Path
) -> None:
    stand_in.client("ecr").create_repository(repositoryName=REPOSITORY)
    layout = index(tmp_path / "both", "amd64", "arm64")
    arm, _ = place.ok(layout, "--architecture", "arm64", "--tag", "arm")
    amd, _ = place.ok(layout, "--tag", "amd")
    assert arm != amd


def test_what_cannot_be_published_is_said_with_what_to_do(
    stand_in: StandIn, place: Place, tmp_path: Path
) -> None:
    place.write("one")
    # No repository, and nobody describes one.
    assert "aws ecr create-repository" in place.refused(place.context)
    stand_in.client("ecr").create_repository(repositoryName=REPOSITORY)
    # No builder.
    empty = tmp_path / "empty"
    empty.mkdir()
    path, wanted = place.evenkeel.env["PATH"], place.evenkeel.env.pop("EVENKEEL_BUILDER")
    place.evenkeel.env["PATH"] = str(empty)
    said = place.refused(place.context)
    assert "podman is not installed" in said and "install buildah or podman" in said
    place.evenkeel.env |= {"PATH": path, "EVENKEEL_BUILDER": wanted}
    # No Dockerfile, one that is wrong, and no such image.
    assert "--dockerfile FILE" in place.refused(empty)
    (empty / "Dockerfile").write_text("FROM scratch\nCOPY nothing /nothing\n")
    assert "the build fails" in place.refused(empty)
    assert "does not give out the image" in place.refused("localhost/nobody:v1")
    # What Lambda would refuse.
    other = index(tmp_path / "other", "s390x", "riscv64")
    assert "index of 2 images" in place.refused(other)
    assert "architectures: [arm64]" in place.refused(index(tmp_path / "arm", "arm64"))
    place.write("one", "")
    assert "add ENTRYPOINT" in place.refused(place.context)
    # Files that are no images.
    (tmp_path / "text.tar").write_text("no archive")
    assert "no archive of an image" in place.refused(tmp_path / "text.tar")
    (tmp_path / "empty.tar").write_bytes(b"\0" * 10240)
    assert "holds no image" in place.refused(tmp_path / "empty.tar")
    broken = index(tmp_path / "broken", "amd64")
    for blob in (broken / "blobs" / "sha256").iterdir():
        blob.write_bytes(blob.read_bytes() + b" ")
    assert "another digest" in place.refused(broken)
    # A manifest with a mistake, a tag that is none, a registry in the open.
    (tmp_path / "bad.yaml").write_text(MANIFEST.replace("role:", "roll:"))
    assert "bad.yaml:7" in place.refused(place.context, "--manifest", tmp_path / "bad.yaml")
    assert "is no tag" in place.refused(place.context, "--tag", "a b")
    assert "is no registry that is pushed to" in place.refused(place.context, "--registry", "http://example.com")


def test_what_the_registry_refuses_is_said_with_what_to_do(stand_in: StandIn, place: Place) -> None:
    stand_in.client("ecr").create_repository(repositoryName=REPOSITORY)
    place.write("one")
    for operation, expected in (
        ("GetAuthorizationToken", "ask for the permission"),
        ("InitiateLayerUpload", "ecr:InitiateLayerUpload"),
        ("PutImage", "ecr:PutImage"),
    ):
        rule = {"fault": "deny", "operations": [operation]}
        stand_in.ask("/faults", {"seed": 1, "rules": [rule]}, "PUT")
        assert expected in place.refused(place.context, "--tag", "v1"), operation
    # It is down in the middle of a layer.
    rule = {"fault": "reset-before", "operations": ["UploadLayerPart"], "after": 1}
    stand_in.ask("/faults", {"seed": 1, "rules": [rule]}, "PUT")
    place.write("two")
    began = time.monotonic()
    said = place.refused(place.context, "--tag", "v1")
    assert "what is uploaded stays" in said and time.monotonic() - began < 60
    # A tag that may not move.
    stand_in.ask("/faults", {"seed": 1, "rules": []}, "PUT")
    place.ok(place.context, "--tag", "v1")
    stand_in.client("ecr").put_image_tag_mutability(repositoryName=REPOSITORY, imageTagMutability="IMMUTABLE")
    place.write("three")
    assert "immutable" in place.refused(place.context, "--tag", "v1")
