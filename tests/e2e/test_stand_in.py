"""The stand-in and clients that nobody here wrote: the AWS CLI, boto3, Terraform; and its contract with moto."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import boto3
import botocore.exceptions
import pytest

from stage import ROOT, Moto
from stand_in import StandIn

ACCOUNT = "123456789012"
REGISTRY = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/jobs"
KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIATEST",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
STAND_IN = partial(StandIn, "--create-lag", "0.5", "--update-lag", "0.5")


def test_moto_keeps_the_same_contract(moto: Moto) -> None:
    iam = boto3.client(
        "iam",
        endpoint_url=moto.url,
        region_name="us-east-1",
        aws_access_key_id="AKIATEST",
        aws_secret_access_key="secret",
    )
    document = json.dumps({"Version": "2012-10-17", "Statement": []})
    iam.create_role(RoleName="contract", AssumeRolePolicyDocument=document)
    environment = {**os.environ, "CONTRACT_ENDPOINT": moto.url}
    command = ["cargo", "test", "--quiet", "--test", "contract"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "7 passed" in done.stdout, done.stdout


def test_boto3_is_content(stand_in: StandIn) -> None:
    digest = stand_in.push("jobs", "v1")
    functions = stand_in.client("lambda")
    for number in range(120):
        functions.create_function(
            FunctionName=f"f{number:03}",
            PackageType="Image",
            Code={"ImageUri": f"{REGISTRY}/jobs:v1"},
            Role=ROLE,
        )
    functions.get_waiter("function_active_v2").wait(FunctionName="f000")
    # Its own retries meet the quotas, its own paginator the pages.
    pages = list(functions.get_paginator("list_functions").paginate())
    assert [len(page["Functions"]) for page in pages] == [50, 50, 20]
    assert pages[0]["Functions"][0]["CodeSha256"] == digest.removeprefix("sha256:")
    functions.update_function_configuration(FunctionName="f000", MemorySize=512)
    functions.get_waiter("function_updated_v2").wait(FunctionName="f000")
    with pytest.raises(functions.exceptions.PreconditionFailedException):
        functions.publish_version(FunctionName="f000", RevisionId="gone")
    assert functions.publish_version(FunctionName="f000")["Version"] == "1"
    functions.create_alias(FunctionName="f000", Name="live", FunctionVersion="1")
    functions.get_waiter("published_version_active").wait(FunctionName="f000", Qualifier="1")
    scripts = [
        {"function": "f000", "version": "1", "payload": {"bad": True}, "functionError": "Unhandled"}
    ]
    stand_in.ask("/invocations", scripts, method="PUT")
    answer = functions.invoke(FunctionName="f000", Qualifier="live", LogType="Tail", Payload=b"{}")
    assert json.load(answer["Payload"]) == {"bad": True}
    assert (answer["FunctionError"], answer["ExecutedVersion"]) == ("Unhandled", "1")
    assert b"REPORT RequestId" in base64.b64decode(answer["LogResult"])
    journal = stand_in.ask("/journal?since=0")
    assert any(entry["code"] == "TooManyRequestsException" for entry in journal)
    update = [it for it in journal if it["operation"] == "UpdateFunctionConfiguration"][-1]
    sides = [update[side]["configuration"]["MemorySize"] for side in ("before", "after")]
    assert sides == [128, 512], update


def test_faults_are_played(stand_in: StandIn) -> None:
    stand_in.push("jobs", "v1")
    ecr = stand_in.client("ecr")
    rules = [{"fault": "deny", "operations": ["DescribeImages"], "times": 1}]
    stand_in.ask("/faults", {"seed": 1, "rules": rules}, method="PUT")
    with pytest.raises(botocore.exceptions.ClientError, match="is not authorized to perform"):
        ecr.describe_images(repositoryName="jobs")
    assert len(ecr.describe_images(repositoryName="jobs")["imageDetails"]) == 1


def test_the_aws_cli_is_content(stand_in: StandIn) -> None:
    digest = stand_in.push("jobs", "v1")
    cli = Path(sys.executable).parent / "aws"

    def aws(*arguments: str) -> object:
        environment = {**os.environ, **KEYS, "AWS_ENDPOINT_URL": stand_in.url}
        command = [str(cli), *arguments, "--output", "json"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    assert aws("sts", "get-caller-identity")["Account"] == ACCOUNT
    found = aws("ecr", "batch-get-image", "--repository-name", "jobs", "--image-ids", "imageTag=v1")
    assert found["images"][0]["imageId"]["imageDigest"] == digest
    name = ("--function-name", "resize")
    code = ("--package-type", "Image", "--code", f"ImageUri={REGISTRY}/jobs:v1", "--role", ROLE)
    made = aws("lambda", "create-function", *name, *code, "--tags", "team=a")
    assert made["State"] == "Pending"
    aws("lambda", "wait", "function-active-v2", *name)
    aws("lambda", "update-function-configuration", *name, "--memory-size", "256")
    aws("lambda", "wait", "function-updated-v2", *name)
    shown = aws("lambda", "get-function", *name)
    assert (shown["Configuration"]["MemorySize"], shown["Tags"]) == (256, {"team": "a"})
    tagged = aws("resourcegroupstaggingapi", "get-resources", "--tag-filters", "Key=team,Values=a")
    assert len(tagged["ResourceTagMappingList"]) == 1
    aws("lambda", "delete-function", *name)
    assert aws("lambda", "list-functions")["Functions"] == []


def plugins() -> Path | None:
    """A mirror of Terraform's AWS provider on this machine, if there is one."""
    places = [*Path("/opt").glob("*"), Path("/usr/share/terraform/plugins")]
    places.append(Path.home() / ".terraform.d" / "plugins")
    wanted = Path("registry.terraform.io") / "hashicorp" / "aws"
    return next((it for it in places if (it / wanted).is_dir()), None)


@pytest.mark.skipif(
    not shutil.which("terraform") or not plugins(),
    reason="NOT RUN: Terraform and a mirror of its AWS provider are not installed",
)
def test_terraform_is_content(stand_in: StandIn, tmp_path: Path) -> None:
    stand_in.push("jobs", "v1")
    shutil.copy(ROOT / "tests" / "e2e" / "terraform" / "main.tf", tmp_path)
    environment = {**os.environ, **KEYS, "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}
    environment |= {"TF_VAR_endpoint": stand_in.url, "TF_CLI_CONFIG_FILE": os.devnull}

    def terraform(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["terraform", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
        )

    def do(*arguments: str) -> None:
        done = terraform(*arguments, "-no-color")
        assert done.returncode == 0, done.stdout + done.stderr

    do("init", f"-plugin-dir={plugins()}")
    do("apply", "-auto-approve")
    assert terraform("plan", "-detailed-exitcode").returncode == 0, "the plan is not empty"
    do("apply", "-auto-approve", "-var", "memory=512")
    again = terraform("plan", "-detailed-exitcode", "-var", "memory=512")
    assert again.returncode == 0, "the plan is not empty"
    alias = stand_in.client("lambda").get_alias(FunctionName="tf", Name="live")
    assert alias["FunctionVersion"] == "2"
    do("destroy", "-auto-approve")
    assert stand_in.ask("/functions") == {}
