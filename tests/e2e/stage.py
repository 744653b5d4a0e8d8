"""The stage that tests play on: moto as AWS, an independent client, and the daemon itself."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import boto3

ROOT = Path(__file__).resolve().parents[2]
REGION = "eu-central-1"
ACCOUNT = "123456789012"
ROLE = "evenkeel-example"
REPOSITORIES = ["thumbnails", "fastq-quality", "annotate-variants"]
MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
# What a shared machine may take for something that usually takes a moment.
PATIENCE = 60.0


def free_port() -> int:
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return it.getsockname()[1]


def wait_for(what: str, condition: Callable[[], object], seconds: float = PATIENCE) -> object:
    """Waits until `condition` returns something true, and returns that."""
    deadline = time.monotonic() + seconds
    last: object = None
    while time.monotonic() < deadline:
        try:
            if last := condition():
                return last
        except (urllib.error.URLError, ConnectionError, KeyError, OSError) as error:
            last = error
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds:.0f} s: {what} (last: {last!r})")


def words(text: str) -> str:
    """A text without what is there for the eye alone: all space is one blank."""
    return " ".join(text.split())


# The engines' kinds of the facets that manifests describe.
FACET_KINDS = {
    "release": "Release",
    "url": "Url",
    "permissions": "Permissions",
    "asyncInvoke": "AsyncInvoke",
    "concurrency": "Concurrency",
    "concurrency.provisioned": "ProvisionedConcurrency",
    "scalingConfig": "Scaling",
    "recursiveLoop": "Recursion",
    "eventSources": "EventSource",
    "logGroup": "LogGroup",
}


def facet_rows(answer: dict) -> list[dict]:
    """A row for each facet of each object, with what the object says of itself: `key` and `kind` are those of the
    engine that keeps the facet, `document` and `whole` are the key and the status of the object."""
    rows = []
    for whole in answer["objects"]:
        for it in whole["facets"]:
            kind = FACET_KINDS.get(it["name"], whole["kind"])
            name = "/".join(filter(None, [whole["name"], it["item"]]))
            key = f"{whole['target']}/{kind}/{name}"
            row = {k: v for k, v in whole.items() if k != "facets"} | it
            of = {"document": whole["key"], "whole": whole["status"]}
            rows.append(row | {"kind": kind, "name": name, "key": key} | of)
    return rows


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


class Moto:
    """moto's server, strict about images, without Docker."""

    def __init__(self, log: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        server = Path(sys.executable).parent / "moto_server"
        env = {**os.environ, "MOTO_LAMBDA_STUB_ECR": "false"}
        with log.open("wb") as out:
            command = [str(server), "-H", "127.0.0.1", "-p", str(self.port)]
            self.process = subprocess.Popen(command, env=env, stdout=out, stderr=out)
        wait_for("moto answers", lambda: get(self.url + "/moto-api/"))
        # Must come before the first function: moto keeps two stores.
        self._post("/moto-api/config", b'{"lambda": {"use_docker": false}}')

    def _post(self, path: str, body: bytes = b"") -> None:
        request = urllib.request.Request(self.url + path, data=body, method="POST")
        urllib.request.urlopen(request, timeout=30).close()

    def reset(self) -> None:
        self._post("/moto-api/reset")

    def account(self, account: str) -> Keys:
        """Keys for another account, whose state is its own."""
        sts = client(self.url, "sts", HOME)
        role = f"arn:aws:iam::{account}:role/anybody"
        found = sts.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        return Keys(account, found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


@dataclass(frozen=True)
class Keys:
    """Credentials, and whose they are."""

    account: str
    key: str
    secret: str
    token: str | None = None


HOME = Keys(ACCOUNT, "test", "test")


def client(url: str, service: str, keys: Keys, region: str = REGION):  # noqa: ANN201
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=keys.key,
        aws_secret_access_key=keys.secret,
        aws_session_token=keys.token,
    )


class Aws:
    """AWS as somebody else sees it: boto3, not our code."""

    def __init__(self, url: str, keys: Keys = HOME, region: str = REGION) -> None:
        def client_of(service: str):  # noqa: ANN202
            return client(url, service, keys, region)

        self.functions = client_of("lambda")
        self.ecr = client_of("ecr")
        self.iam = client_of("iam")
        self.logs = client_of("logs")

    def seed(self) -> dict[str, str]:
        """A role, and one image in each repository; returns their digests."""
        self.role(ROLE)
        for repository in REPOSITORIES:
            self.ecr.create_repository(repositoryName=repository)
        return {it: self.push(it, "v1", "first") for it in REPOSITORIES}

    def role(self, name: str) -> str:
        document = json.dumps({"Version": "2012-10-17", "Statement": []})
        role = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
        return role["Role"]["Arn"]

    def push(self, repository: str, tag: str, salt: str) -> str:
        """Pushes an image. moto drops an image without tags, so each gets one of its own besides."""
        config = "sha256:" + hashlib.sha256(f"{repository}{salt}".encode()).hexdigest()
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST_TYPE,
                "config": {
                    "mediaType": "application/vnd.docker.container.image.v1+json",
                    "size": 100,
                    "digest": config,
                },
                "layers": [],
            }
        )
        digest = "sha256:" + hashlib.sha256(manifest.encode()).hexdigest()
        for name in ("build-" + digest[7:15], tag):
            self.ecr.put_image(
                repositoryName=repository,
                imageManifest=manifest,
                imageManifestMediaType=MANIFEST_TYPE,
                imageTag=name,
                imageDigest=digest,
            )
        return digest

    def function(self, name: str) -> dict | None:
        try:
            return self.functions.get_function(FunctionName=name)
        except self.functions.exceptions.ResourceNotFoundException:
            return None

    def names(self) -> set[str]:
        return {it["FunctionName"] for it in self.functions.list_functions()["Functions"]}

    def digest(self, name: str) -> str | None:
        found = self.function(name)
        return "sha256:" + found["Configuration"]["CodeSha256"] if found else None


class Evenkeel:
    """The real binary."""

    def __init__(self, aws_url: str, binary: Path | None = None, keys: Keys = HOME) -> None:
        given = os.environ.get("EVENKEEL_BINARY")
        self.binary = binary or Path(given or ROOT / "target" / "debug" / "evenkeel")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "EVENKEEL_"))}
        self.env = {
            **kept,
            "AWS_ENDPOINT_URL": aws_url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": keys.key,
            "AWS_SECRET_ACCESS_KEY": keys.secret,
            "EVENKEEL_OWNER": "demo",
            # Not that of whoever runs the tests.
            "EVENKEEL_CONFIG": "/dev/null",
        }
        if keys.token:
            self.env["AWS_SESSION_TOKEN"] = keys.token

    def call(self, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        command = [str(self.binary), *arguments]
        return subprocess.run(
            command, env=self.env, capture_output=True, text=True, timeout=timeout, check=False
        )

    def daemon(self, folder: Path, log: Path, *arguments: str) -> Daemon:
        return Daemon(self, folder, log, arguments)


class Daemon:
    """A running `evenkeel run`."""

    def __init__(self, evenkeel: Evenkeel, folder: Path, log: Path, arguments: tuple[str, ...]) -> None:
        self.log = log
        options = list(arguments)
        if "--resync" not in options:
            options += ["--resync", "1s"]
        if "--listen" not in options:
            options += ["--listen", "127.0.0.1:0"]
        command = [str(evenkeel.binary), "run", str(folder), *options]
        self._out = log.open("ab")
        self._skip = log.stat().st_size
        self.process = subprocess.Popen(
            command, env=evenkeel.env, stdout=self._out, stderr=self._out
        )
        self.url = f"http://{wait_for('the daemon listens', self._address)}"

    def _address(self) -> str | None:
        if self.process.poll() is not None:
            raise AssertionError(f"the daemon ended at once: {self.text()}")
        for line in self.lines():
            if line.get("message") == "listening":
                return line["address"]
        return None

    def text(self) -> str:
        return self.log.read_bytes()[self._skip :].decode(errors="replace")

    def lines(self) -> list[dict]:
        lines = [it for it in self.text().splitlines() if it.startswith("{") and it.endswith("}")]
        return [json.loads(it) for it in lines]

    def objects(self) -> dict[str, dict]:
        return {it["name"]: it for it in self.facets() if it["key"] == it["document"]}

    def facets(self) -> list[dict]:
        """What the API says of each facet of each object."""
        return facet_rows(json.loads(get(self.url + "/api/v1/objects")))

    def row(self, name: str) -> dict:
        return self.objects()[name]

    def wait_status(self, name: str, status: str, seconds: float = PATIENCE) -> dict:
        def reached() -> dict | None:
            row = self.row(name)
            return row if row["status"] == status else None

        return wait_for(f"{name} is {status}", reached, seconds)  # type: ignore[return-value]

    def wait_synced(self, *names: str) -> None:
        for name in names:
            self.wait_status(name, "synced")

    def metrics(self) -> str:
        return get(self.url + "/metrics")

    def metric(self, metric: str, /, **labels: str) -> float:
        """The sum of all samples of a metric that carry these labels; 0 if there are none."""
        total = 0.0
        for line in self.metrics().splitlines():
            found = re.fullmatch(rf"{metric}(\{{.*\}})? (\S+)", line)
            if found and all(f'{k}="{v}"' in (found[1] or "") for k, v in labels.items()):
                total += float(found[2])
        return total

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(35)
        self._out.close()
        return code

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)
        self._out.close()
