"""Functions are made as the manifests say, and kept so. Asserted on AWS's side, with boto3."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from conftest import Starter
from proxy import Proxy
from stage import REPOSITORIES, Aws, Evenkeel, wait_for

ALL = set(REPOSITORIES)


def test_functions_are_created_with_the_right_digest(start: Starter, aws: Aws, digests: dict) -> None:
    daemon = start()
    daemon.wait_synced(*ALL)
    assert aws.names() == ALL
    for name, digest in digests.items():
        found = aws.function(name)
        assert found["Configuration"]["CodeSha256"] == digest.removeprefix("sha256:")
        assert found["Code"]["ImageUri"].endswith(f"/{name}@{digest}")
        tags = found["Tags"]
        assert tags["evenkeel.dev/owner"] == "demo"
        assert tags["evenkeel.dev/object"] == f"Function/{name}"
        assert tags["evenkeel.dev/applied"].startswith(f"v1:{digest[7:23]}:")
    found = aws.function("fastq-quality")["Configuration"]
    assert (found["MemorySize"], found["Timeout"]) == (2048, 300)
    assert found["EphemeralStorage"] == {"Size": 4096}
    assert found["Environment"]["Variables"]["READS_MAX"] == "2000000"
    image = aws.function("annotate-variants")["Configuration"]["ImageConfigResponse"]
    assert image["ImageConfig"]["Command"] == ["annotate", "--format", "json"]


BY_HAND = {
    "memory": {"MemorySize": 3000},
    "timeout": {"Timeout": 7},
    "environment": {"Environment": {"Variables": {"RESULTS_BUCKET": "elsewhere", "EXTRA": "1"}}},
    "value": {
        "Environment": {"Variables": {"RESULTS_BUCKET": "elsewhere", "READS_MAX": "2000000"}}
    },
    "description": {"Description": "changed by hand"},
    "role": {"Role": "another"},
}


@pytest.mark.parametrize("what", BY_HAND)
def test_what_is_changed_by_hand_is_repaired(start: Starter, aws: Aws, what: str) -> None:
    daemon = start()
    daemon.wait_synced(*ALL)
    # The first list after a start vouches for a function; a look vouches for its drift.
    before = aws.function("fastq-quality")["Configuration"]
    change = dict(BY_HAND[what])
    if "Role" in change:
        change["Role"] = aws.role(change["Role"])
    aws.functions.update_function_configuration(FunctionName="fastq-quality", **change)

    def repaired() -> bool:
        now = aws.function("fastq-quality")["Configuration"]
        fields = ["MemorySize", "Timeout", "Environment", "Description", "Role", "CodeSha256"]
        return all(now.get(it) == before.get(it) for it in fields)

    wait_for(f"{what} is repaired", repaired)
    daemon.wait_synced("fastq-quality")
    counted = lambda: daemon.metric(  # noqa: E731
        "evenkeel_drift_corrected_total", cause="config", result="success"
    )
    wait_for("the repair is counted", lambda: counted() == 1)
    assert daemon.metric("evenkeel_drift_detected_total", cause="config") == 1


def test_a_tag_that_moves_is_deployed_by_digest(start: Starter, aws: Aws, digests: dict) -> None:
    daemon = start()
    daemon.wait_synced(*ALL)
    second = aws.push("thumbnails", "v1", "second")
    assert second != digests["thumbnails"]
    wait_for("the new digest runs", lambda: aws.digest("thumbnails") == second)
    assert aws.function("thumbnails")["Code"]["ImageUri"].endswith(f"/thumbnails@{second}")
    daemon.wait_synced("thumbnails")
    # Nobody changed AWS: this was no drift.
    assert daemon.metric("evenkeel_drift_detected_total") == 0


def test_a_deleted_function_is_made_again(start: Starter, aws: Aws, digests: dict) -> None:
    daemon = start()
    daemon.wait_synced(*ALL)
    aws.functions.delete_function(FunctionName="thumbnails")
    wait_for("it is back", lambda: aws.digest("thumbnails") == digests["thumbnails"])
    wait_for(
        "the repair is counted",
        lambda: daemon.metric("evenkeel_drift_corrected_total", cause="missing", result="success"),
    )


def test_an_edit_is_written_within_a_second(
    start: Starter, aws: Aws, proxy: Proxy, folder: Path
) -> None:
    # A slow list, so that only the edit itself can be the reason.
    daemon = start("--resync", "10m")
    daemon.wait_synced(*ALL)
    times = []
    for memory in (640, 768, 896):
        proxy.clear()
        text = (folder / "thumbnails.yaml").read_text()
        lines = [
            f"  memorySize: {memory}" if "memorySize" in line else line for line in text.splitlines()
        ]
        saved = time.monotonic()
        (folder / "thumbnails.yaml").write_text("\n".join(lines) + "\n")
        # The record of the edit before may still be on its way.
        edits = lambda: [  # noqa: E731
            it for it in proxy.writes() if it.operation == "UpdateFunctionConfiguration"
        ]
        first = wait_for("the first write", edits)[0]
        times.append(first.at - saved)
        daemon.wait_synced("thumbnails")
        assert aws.function("thumbnails")["Configuration"]["MemorySize"] == memory
    print("from the save to the first write:", [f"{it:.3f} s" for it in times])
    # The best of three: the machine is shared.
    assert min(times) < 1.0
    assert daemon.metric("evenkeel_drift_detected_total") == 0


def test_tags_are_restored_and_those_of_others_kept(start: Starter, aws: Aws) -> None:
    daemon = start("--resync", "1s")
    daemon.wait_synced(*ALL)
    arn = aws.function("fastq-quality")["Configuration"]["FunctionArn"]
    aws.functions.tag_resource(Resource=arn, Tags={"billing": "others"})
    aws.functions.untag_resource(
        Resource=arn, TagKeys=["team", "evenkeel.dev/object", "evenkeel.dev/applied"]
    )
    # No list shows tags; any change makes the daemon look, here one of the memory.
    aws.functions.update_function_configuration(FunctionName="fastq-quality", MemorySize=128)

    def restored() -> bool:
        tags = aws.function("fastq-quality")["Tags"]
        applied = tags.get("evenkeel.dev/applied", "").startswith("v1:")
        ours = tags.get("evenkeel.dev/object") == "Function/fastq-quality"
        return applied and ours and tags.get("team") == "genomics"

    wait_for("the tags are back", restored)
    assert aws.function("fastq-quality")["Tags"]["billing"] == "others"
    daemon.wait_synced("fastq-quality")


def test_code_and_configuration_changed_together_both_come_back(
    start: Starter, aws: Aws, digests: dict
) -> None:
    daemon = start()
    daemon.wait_synced(*ALL)
    other = aws.push("thumbnails", "other", "foreign")
    uri = aws.function("thumbnails")["Code"]["ImageUri"].split("@")[0]
    aws.functions.update_function_code(FunctionName="thumbnails", ImageUri=f"{uri}@{other}")
    aws.functions.update_function_configuration(FunctionName="thumbnails", MemorySize=1024)

    def back() -> bool:
        found = aws.function("thumbnails")["Configuration"]
        return found["MemorySize"] == 512 and aws.digest("thumbnails") == digests["thumbnails"]

    wait_for("both are back", back)
    daemon.wait_synced("thumbnails")


def test_an_image_that_comes_later_is_waited_for(
    start: Starter, aws: Aws, folder: Path, evenkeel: Evenkeel
) -> None:
    text = (folder / "thumbnails.yaml").read_text().replace("thumbnails:v1", "thumbnails:v2")
    (folder / "thumbnails.yaml").write_text(text)
    daemon = start()
    row = daemon.wait_status("thumbnails", "pending")
    assert row["reason"] == "ImageMissing" and "v2" in row["message"]
    assert daemon.metric("evenkeel_object_steps_total", result="error") == 0
    digest = aws.push("thumbnails", "v2", "late")
    wait_for("it is made", lambda: aws.digest("thumbnails") == digest)
