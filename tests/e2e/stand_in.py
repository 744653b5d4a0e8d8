"""The stand-in for AWS (docs/stand-in.md) as a process, and what tests ask of it."""

from __future__ import annotations

import json
import subprocess
import urllib.request

import boto3

from stage import ROOT, free_port, wait_for


class StandIn:
    """The program, on a port of its own."""

    def __init__(self, *arguments: str, region: str = "us-east-1") -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.region = region
        binary = ROOT / "target" / "debug" / "evenkeel-sim"
        command = [str(binary), "--listen", f"127.0.0.1:{port}", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_for("the stand-in answers", lambda: self.ask("/clock"))

    def ask(self, path: str, body: object = None, method: str | None = None) -> object:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_sim{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def push(self, repository: str, tag: str) -> str:
        return self.ask("/images", {"repository": repository, "tag": tag})["digest"]

    def client(self, service: str, key: str = "AKIATEST", region: str | None = None):  # noqa: ANN201
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region or self.region,
            aws_access_key_id=key,
            aws_secret_access_key="secret",
        )

    def stop(self) -> None:
        # Its own end takes the processes of functions with it.
        self.process.terminate()
        self.process.wait(10)
