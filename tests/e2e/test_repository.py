"""Repositories, and functions that wait for them, for a push, and for a version."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conftest import Starter
from proxy import Proxy
from stage import ROLE, ROOT, Aws, Evenkeel, wait_for, words

NAME = "pipeline-tools"
LAMBDA = {
    "Sid": "LambdaECRImageRetrievalPolicy",
    "Effect": "Allow",
    "Principal": {"Service": "lambda.amazonaws.com"},
    "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The example of a repository alone."""
    copy = tmp_path / "repositories"
    copy.mkdir()
    text = (ROOT / "manifests" / "examples" / "repository.yaml").read_text()
    (copy / "repository.yaml").write_text(text)
    return copy


def function(name: str, image: str, more: str = "") -> str:
    return (
        "apiVersion: evenkeel.dev/v1\nkind: Function\n"
        f"metadata: {{ name: {name} }}\nspec:\n  image: {image}\n  role: {ROLE}\n{more}"
    )


def described(aws: Aws) -> dict:
    return aws.ecr.describe_repositories(repositoryNames=[NAME])["repositories"][0]


def tags(aws: Aws) -> dict[str, str]:
    arn = described(aws)["repositoryArn"]
    found = aws.ecr.list_tags_for_resource(resourceArn=arn)["tags"]
    return {it["Key"]: it["Value"] for it in found}


def wait_recorded(aws: Aws) -> None:
    """The last step of a creation: what was applied is written down."""
    wait_for("it is recorded", lambda: "evenkeel.dev/applied" in tags(aws))


def policy(aws: Aws) -> dict:
    return json.loads(aws.ecr.get_repository_policy(repositoryName=NAME)["policyText"])


def test_a_repository_is_made_as_written(start: Starter, aws: Aws, proxy: Proxy) -> None:
    daemon = start()
    daemon.wait_synced(NAME)
    found = described(aws)
    assert found["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert found["imageTagMutabilityExclusionFilters"][0]["filter"] == "dev-*"
    assert found["imageScanningConfiguration"] == {"scanOnPush": True}
    rules = json.loads(aws.ecr.get_lifecycle_policy(repositoryName=NAME)["lifecyclePolicyText"])
    assert rules["rules"][0]["selection"]["tagPatternList"] == ["dev-*"]
    assert policy(aws)["Statement"][0]["Principal"]["AWS"].endswith(":root")
    all_tags = tags(aws)
    assert all_tags["evenkeel.dev/object"] == f"Repository/{NAME}"
    assert all_tags["evenkeel.dev/manages"] == "lifecyclePolicy/repositoryPolicy"
    assert all_tags["team"] == "genomics"
    # And then it rests.
    wait_recorded(aws)
    proxy.clear()
    assert daemon.stop() == 0
    daemon = start()
    daemon.wait_synced(NAME)
    assert proxy.writes() == []


def test_what_is_changed_by_hand_comes_back(
    start: Starter, aws: Aws, evenkeel: Evenkeel, folder: Path, proxy: Proxy
) -> None:
    daemon = start()
    daemon.wait_synced(NAME)
    wait_recorded(aws)
    # What changes between our last write and the look after it is taken for our own doing.
    lists = proxy.count("DescribeRepositories")
    wait_for("it rests", lambda: proxy.count("DescribeRepositories") >= lists + 5)
    aws.ecr.put_image_tag_mutability(repositoryName=NAME, imageTagMutability="MUTABLE")
    mutability = lambda: described(aws)["imageTagMutability"]  # noqa: E731
    wait_for("it is repaired", lambda: mutability() == "IMMUTABLE_WITH_EXCLUSION")
    repaired = lambda: daemon.metric(  # noqa: E731
        "evenkeel_drift_corrected_total", kind="Repository", cause="config", result="success"
    )
    wait_for("it is counted", lambda: repaired() == 1)
    assert daemon.stop() == 0
    # Policies show only in an exact look: a single run takes one.
    aws.ecr.delete_lifecycle_policy(repositoryName=NAME)
    aws.ecr.set_repository_policy(
        repositoryName=NAME,
        policyText=json.dumps({"Version": "2012-10-17", "Statement": [LAMBDA]}),
    )
    plan = evenkeel.call("plan", str(folder))
    assert plan.returncode == 1
    assert "~ lifecyclePolicy (absent) → " in words(plan.stdout) and "(drift)" in plan.stdout
    assert evenkeel.call("run", str(folder), "--once").returncode == 0
    assert aws.ecr.get_lifecycle_policy(repositoryName=NAME)
    sids = {it["Sid"] for it in policy(aws)["Statement"]}
    assert sids == {"pull", LAMBDA["Sid"]}, "Lambda's own statement survives"
    assert evenkeel.call("plan", str(folder)).returncode == 0


def test_a_policy_taken_out_of_the_manifest_goes(
    evenkeel: Evenkeel, aws: Aws, folder: Path, digests: dict
) -> None:
    assert evenkeel.call("apply", str(folder)).returncode == 0
    text = (folder / "repository.yaml").read_text()
    start, end = text.index("  repositoryPolicy:"), text.index("  tags:")
    (folder / "repository.yaml").write_text(text[:start] + text[end:])
    done = evenkeel.call("apply", str(folder))
    assert done.returncode == 0, done.stdout
    with pytest.raises(aws.ecr.exceptions.RepositoryPolicyNotFoundException):
        policy(aws)
    assert tags(aws)["evenkeel.dev/manages"] == "lifecyclePolicy"


def test_a_repository_that_is_not_ours_is_left_alone(
    evenkeel: Evenkeel, aws: Aws, folder: Path, proxy: Proxy, digests: dict
) -> None:
    aws.ecr.create_repository(repositoryName=NAME)
    proxy.clear()
    done = evenkeel.call("run", str(folder), "--once")
    assert done.returncode == 1 and "NotOwned" in done.stdout
    assert proxy.writes() == []
    text = (folder / "repository.yaml").read_text()
    (folder / "repository.yaml").write_text(text.replace("  policy:", "  policy:\n    adopt: true"))
    # The plan shows everything that would be reset, and writes nothing.
    plan = evenkeel.call("plan", str(folder))
    assert "taken over from nobody" in plan.stdout
    assert "~ imageTagMutability MUTABLE → IMMUTABLE_WITH_EXCLUSION" in words(plan.stdout)
    assert proxy.writes() == []
    assert evenkeel.call("apply", str(folder)).returncode == 0
    assert tags(aws)["evenkeel.dev/owner"] == "demo"
    first = proxy.writes()[0]
    assert first.operation == "TagResource", "whose it is, is said first"


def test_a_repository_with_images_is_not_deleted(
    evenkeel: Evenkeel, aws: Aws, folder: Path, digests: dict
) -> None:
    text = (folder / "repository.yaml").read_text()
    (folder / "repository.yaml").write_text(text.replace("deletion: retain", "deletion: delete"))
    other = text[: text.index("  imageTagMutability:")].replace(NAME, "other-tools")
    (folder / "other.yaml").write_text(other + "  tags: { team: genomics }\n")
    assert evenkeel.call("apply", str(folder)).returncode == 0
    aws.push(NAME, "dev-1", "first")
    (folder / "repository.yaml").unlink()
    arguments = ["apply", str(folder), "--prune"]
    found = evenkeel.call("plan", str(folder), "--prune").stdout
    hash_ = found.split("(hash ")[1][:16]
    done = evenkeel.call(*arguments, "--confirm-prune", hash_)
    assert done.returncode == 1 and "RepositoryNotEmptyException" in done.stdout, done.stdout
    assert described(aws)
    for image in aws.ecr.list_images(repositoryName=NAME)["imageIds"]:
        aws.ecr.batch_delete_image(repositoryName=NAME, imageIds=[image])
    assert evenkeel.call(*arguments, "--confirm-prune", hash_).returncode == 0
    with pytest.raises(aws.ecr.exceptions.RepositoryNotFoundException):
        described(aws)


def test_a_function_waits_for_its_repository_and_goes_on_after_the_push(
    start: Starter, aws: Aws, folder: Path
) -> None:
    repository = (folder / "repository.yaml").rename(folder / "later")
    (folder / "align.yaml").write_text(function("align", f"{NAME}:v1"))
    daemon = start("--resync", "30s")
    row = wait_for("it waits", lambda: daemon.objects().get("align"))
    wait_for("it says so", lambda: daemon.row("align")["reason"] == "ImageMissing")
    assert "does not exist" in daemon.row("align")["message"], row
    repository.rename(folder / "repository.yaml")
    daemon.wait_synced(NAME)
    pushed = wait_for("it waits for the push", lambda: waits_for_push(daemon.row("align")))
    assert pushed
    aws.push(NAME, "v1", "first")
    # Not after the next list in half a minute, but within seconds.
    daemon.wait_status("align", "synced", 20)


def waits_for_push(row: dict) -> bool:
    return row["reason"] == "ImageMissing" and "`v1` is not in the repository" in row["message"]


def test_the_highest_version_of_a_range_is_deployed(
    evenkeel: Evenkeel, aws: Aws, folder: Path, digests: dict, proxy: Proxy
) -> None:
    (folder / "repository.yaml").unlink()
    more = '  imagePolicy: { semver: "^1.4" }\n'
    (folder / "thumbnails.yaml").write_text(function("thumbnails", "thumbnails:v1", more))
    # No version yet: a new function gets the tag.
    assert evenkeel.call("apply", str(folder)).returncode in (0, 1)
    assert aws.digest("thumbnails") == digests["thumbnails"]
    aws.push("thumbnails", "v1.4.9", "nine")
    newest = aws.push("thumbnails", "v1.4.10", "ten")
    aws.push("thumbnails", "v2.0.0", "two")
    assert evenkeel.call("apply", str(folder)).returncode == 0
    assert aws.digest("thumbnails") == newest
    proxy.clear()
    assert evenkeel.call("apply", str(folder)).returncode == 0
    assert proxy.writes() == [] and proxy.count("ListImages") == 1


def test_a_tag_that_moves_may_only_be_reported(
    start: Starter, aws: Aws, folder: Path, digests: dict, proxy: Proxy
) -> None:
    (folder / "repository.yaml").unlink()
    more = "  imagePolicy: { onTagMove: report }\n"
    (folder / "thumbnails.yaml").write_text(function("thumbnails", "thumbnails:v1", more))
    daemon = start()
    daemon.wait_synced("thumbnails")
    aws.push("thumbnails", "v1", "second")
    wait_for("it is told", lambda: daemon.row("thumbnails")["reason"] == "TagMoved")
    proxy.clear()
    lists = proxy.count("ListFunctions")
    wait_for("two more lists", lambda: proxy.count("ListFunctions") >= lists + 2)
    assert proxy.writes() == [] and aws.digest("thumbnails") == digests["thumbnails"]
    # Another tag in the manifest is deployed.
    new = aws.push("thumbnails", "v2", "third")
    (folder / "thumbnails.yaml").write_text(function("thumbnails", "thumbnails:v2", more))
    wait_for("it is deployed", lambda: aws.digest("thumbnails") == new)
