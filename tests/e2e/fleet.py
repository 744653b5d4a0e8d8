"""A small fleet in which everything that a page can show is to be seen, on the stand-in."""

from __future__ import annotations

import json
from pathlib import Path

from stage import Daemon, Evenkeel, get, wait_for
from stand_in import StandIn

SECRET = "canary-7f3a-not-to-be-seen"
HEAD = "apiVersion: evenkeel.dev/v1\nkind: Function\n"


def function(name: str, image: str = "jobs:v1", more: str = "") -> str:
    labels = "{ team: imaging }"
    return f"""{HEAD}metadata: {{ name: {name}, labels: {labels} }}
spec:
  image: "{image}"
  role: job
  memorySize: 512
{more}"""


RELEASE = """  release:
    strategy: { canary: { steps: [10, 50], every: 1h } }
    smokeTests:
      - { name: counts, payload: { text: ACGT } }
"""
SECRETS = f"""  environment:
    variables: {{ TOKEN: {SECRET} }}
"""
SUSPENDED = """  policy: { suspend: { reason: "a look at its memory, ticket 7" } }
"""
MANIFESTS = {
    "resize": function("resize", more=SECRETS),
    "thumbnails": function("thumbnails", more="  url: { authType: AWS_IAM }\n"),
    "fastq-quality": function("fastq-quality"),
    "count-bases": function("count-bases", image="bases:v1", more=RELEASE),
    "annotate": function("annotate", more=SUSPENDED),
    "align": function("align", image="align:v2"),
    "stranger": function("stranger"),
}


class Fleet:
    """The stand-in, a folder of manifests and a daemon that only watches, or repairs."""

    def __init__(self, folder: Path, mode: str = "enforce", more: dict[str, str] | None = None) -> None:
        self.stand_in = StandIn("--create-lag", "0.1", "--update-lag", "0.1")
        self.folder = folder / "manifests"
        self.folder.mkdir()
        for repository in ("jobs", "bases"):
            self.stand_in.push(repository, "v1")
        # Somebody else's: it is left alone.
        self.lambda_ = self.stand_in.client("lambda")
        self.lambda_.create_function(
            FunctionName="stranger",
            PackageType="Image",
            Code={"ImageUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/jobs:v1"},
            Role="arn:aws:iam::123456789012:role/job",
        )
        for name, text in {**MANIFESTS, **(more or {})}.items():
            (self.folder / f"{name}.yaml").write_text(text)
        self.evenkeel = Evenkeel(self.stand_in.url)
        self.evenkeel.env["AWS_REGION"] = "us-east-1"
        self.log = folder / "daemon.log"
        self.daemon: Daemon = self.evenkeel.daemon(self.folder, self.log, "--mode", mode)

    @property
    def url(self) -> str:
        return self.daemon.url

    def restart(self, *arguments: str) -> None:
        self.daemon.stop()
        self.daemon = self.evenkeel.daemon(self.folder, self.log, *arguments)

    def wait_synced(self) -> None:
        for name in ("resize", "thumbnails", "fastq-quality"):
            self.wait(f"default/Function/{name}", "synced")

    def hand(self, name: str, **fields: object) -> None:
        """Somebody changes a function in AWS."""
        self.stand_in.ask("/hand", {"function": name, "set": fields})

    def ask(self, path: str) -> dict:
        return json.loads(get(self.url + path))

    def wait(self, key: str, status: str) -> None:
        wait_for(f"{key} is {status}", lambda: self.ask(f"/api/v1/objects/{key}")["status"] == status)

    def stage(self) -> None:
        """Plays until there is something of everything: drift, a canary, a broken manifest, history."""
        self.wait_synced()
        wait_for("the alias is there", lambda: self.alias()["FunctionVersion"] == "1")
        self.hand("fastq-quality", Timeout=77)
        wait_for("it is repaired", lambda: self.lambda_.get_function(FunctionName="fastq-quality")["Configuration"]["Timeout"] == 3)
        self.wait_synced()
        self.stand_in.push("bases", "v1")
        wait_for("a canary", lambda: self.alias().get("RoutingConfig", {}).get("AdditionalVersionWeights"))
        self.restart("--mode", "observe")
        self.wait_synced()
        self.hand("resize", MemorySize=1024, Timeout=60)
        self.hand("thumbnails", Description="changed <b>by hand</b>")
        (self.folder / "broken.yaml").write_text(HEAD + "metadata: { name: broken }\nspec:\n  imagee: jobs:v1\n  role: job\n")
        self.wait("default/Function/resize", "drifted")
        self.wait("default/Function/thumbnails", "drifted")

    def alias(self) -> dict:
        try:
            return self.lambda_.get_alias(FunctionName="count-bases", Name="live")
        except self.lambda_.exceptions.ResourceNotFoundException:
            return {"FunctionVersion": None}

    def stop(self) -> None:
        self.daemon.stop()
        self.stand_in.stop()
