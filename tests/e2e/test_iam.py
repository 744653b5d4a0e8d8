"""The policies of `deploy/iam` allow what the daemon and its commands do, and nothing else.

Evidence is the stand-in's list of calls; what each call needs says `iam.py`, from AWS's documentation."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable
from pathlib import Path

import iam
import iam_scene
import pytest
from iam import Need, Statement
from iam_scene import BASE, DEVELOP, ENFORCE, OBSERVE, PRUNE, ROLES
from stand_in import StandIn

# What is attached to whom; the last one was written for them.
ATTACHED = {
    OBSERVE: ("observe",),
    ENFORCE: ("observe", "enforce"),
    PRUNE: ("observe", "enforce", "prune"),
    BASE: ("targets",),
    DEVELOP: ("observe", "develop"),
}
CALLERS = {it: it for it in ATTACHED} | ROLES


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> list[dict]:
    stand_in = StandIn("--time-scale", iam_scene.SCALE, region=iam_scene.REGION)
    try:
        return iam_scene.play(stand_in, tmp_path_factory.mktemp("iam"))
    finally:
        stand_in.stop()


@pytest.fixture(scope="module")
def needs(journal: list[dict]) -> set[Need]:
    return iam.needs(journal, CALLERS)


@pytest.fixture(scope="module")
def policies() -> list[Statement]:
    return iam.policies()


def assert_none(wrong: Iterable[str]) -> None:
    """All of them are named, not only the first."""
    lines = sorted(wrong)
    assert not lines, "\n" + "\n".join(lines)


def by(journal: list[dict], *who: str) -> list[dict]:
    known = [it for it in journal if CALLERS.get(re.sub(r"^\d{12}", "", it["caller"])) in (who or ATTACHED)]
    assert known, f"{who} called nothing"
    return known


def test_the_story_has_every_call_that_the_daemon_knows(journal: list[dict]) -> None:
    seen = {iam.operation(it) for it in by(journal)}
    assert_none(f"never called: {it}" for it in iam.operations() - seen - set(iam.UNSEEN))
    assert_none(f"called after all: {it}" for it in seen & set(iam.UNSEEN))
    # Nothing but the daemon's own list, what its credentials take, and pushes.
    assert seen - iam.operations() == {("sts", "AssumeRole")} | iam.MOVED


def test_who_observes_writes_nothing(journal: list[dict]) -> None:
    writes = {it["operation"] for it in by(journal, OBSERVE) if it["write"]}
    assert not writes
    assert any(it["write"] for it in by(journal, ENFORCE))
    assert {it["operation"] for it in by(journal, BASE)} == {"AssumeRole"}


def test_every_call_is_allowed(needs: set[Need], policies: list[Statement]) -> None:
    assert {it.who for it in needs} == set(ATTACHED)
    assert_none(iam.refused(needs, policies, ATTACHED))


def test_nothing_is_allowed_that_nobody_needs(needs: set[Need], policies: list[Statement]) -> None:
    assert_none(iam.idle(needs, policies, ATTACHED))


def test_each_action_that_is_taken_out_is_missed(needs: set[Need], policies: list[Statement]) -> None:
    for index, statement in enumerate(policies):
        for action in statement.actions:
            less = [*policies[:index], statement.without(action), *policies[index + 1 :]]
            wrong = iam.refused(needs, less, ATTACHED)
            assert wrong, f"nobody misses {action} of {statement.policy} {statement.sid}"
            assert all(f"needs {action} on" in it for it in wrong), wrong


def test_each_action_that_is_added_is_noticed(needs: set[Need], policies: list[Statement]) -> None:
    every = {action for it in policies for action in it.actions} | {"lambda:GetAccountSettings", "iam:GetRole"}
    for policy in {it.policy for it in policies}:
        own = {action for it in policies if it.policy == policy for action in it.actions}
        for action in every - own:
            more = Statement(policy, "More", (action,), ("*",), ())
            assert iam.idle(needs, [*policies, more], ATTACHED), f"{action} in {policy}"


def test_a_call_that_is_new_is_named(journal: list[dict], policies: list[Statement]) -> None:
    call = next(it for it in by(journal, OBSERVE) if it["operation"] == "GetFunction")
    new = iam.needs([call | {"operation": "GetFunctionConfiguration"}], CALLERS)
    (wrong,) = iam.refused(new, policies, ATTACHED)
    assert wrong.startswith(f"{OBSERVE} needs lambda:GetFunctionConfiguration on arn:aws:lambda:"), wrong


def test_things_elsewhere_and_of_others_stay_out_of_reach(needs: set[Need], policies: list[Statement]) -> None:
    def out_of_reach(need: Need, **changes: object) -> bool:
        return bool(iam.refused([dataclasses.replace(need, **changes)], policies, ATTACHED))

    deletions = [it for it in needs if it.action in ("lambda:DeleteFunction", "ecr:DeleteRepository")]
    assert {it.who for it in deletions} == {PRUNE} and len(deletions) >= 3
    for need in deletions:
        others = ((f"aws:ResourceTag/{iam.OWNER_TAG}", "others"),)
        assert out_of_reach(need, context=others) and out_of_reach(need, context=()), need
    elsewhere = re.compile(r"(?<=:)\d{12}(?=:)")
    for need in needs:
        for key, _ in need.context:
            assert out_of_reach(need, context=tuple(it for it in need.context if it[0] != key)), need
        moved = elsewhere.sub("999999999999", need.arn)
        context = tuple((key, elsewhere.sub("999999999999", value)) for key, value in need.context)
        if (moved, context) != (need.arn, need.context):
            assert out_of_reach(need, arn=moved, context=context), need


def test_without_leave_to_delete_all_else_goes_on(tmp_path: Path) -> None:
    stand_in = StandIn("--time-scale", iam_scene.SCALE, region=iam_scene.REGION)
    try:
        rule = {"fault": "deny", "operations": ["DeleteFunction", "DeleteRepository"]}
        stand_in.ask("/faults", {"seed": 1, "rules": [rule]}, "PUT")
        scene = iam_scene.Scene(stand_in, tmp_path)
        scene.push()
        scene.write("gone", iam_scene.DELETABLE)
        scene.write("kept", "  release: { keepVersions: 1 }\n")
        scene.call(PRUNE, 0, "apply")
        scene.push()
        scene.remove("gone")
        said = scene.call(PRUNE, 1, "apply", "--prune", "--confirm-prune", scene.word())
        assert "could not delete function gone" in said and "could not delete version 1" in said, said
        assert said.count("AccessDenied") and scene.leads("kept") == ("2", False)
        assert "gone" in scene.functions()
    finally:
        stand_in.stop()


def test_only_what_aws_cannot_limit_is_allowed_everywhere(policies: list[Statement]) -> None:
    for it in policies:
        assert ("*" in it.resources) == bool(set(it.actions) & iam.ANYWHERE), it
        assert it.resources == ("*",) or set(it.actions).isdisjoint(iam.ANYWHERE), it
        assert not any("*" in action for action in it.actions), it


def test_the_policies_are_policies(policies: list[Statement]) -> None:
    names = {it.policy for it in policies}
    assert names == {policy for all_ in ATTACHED.values() for policy in all_}
    for name in names:
        text = (iam.FOLDER / f"{name}.json").read_text()
        assert len("".join(text.split())) <= iam.SIZE_MAX, name
        document = json.loads(text)
        assert set(document) == {"Version", "Statement"} and document["Version"] == "2012-10-17"
        for it in document["Statement"]:
            assert {"Sid", "Effect", "Action", "Resource"} <= set(it) and it["Effect"] == "Allow"
            assert re.fullmatch(r"[A-Za-z0-9]+", it["Sid"]), it["Sid"]
            assert set(it.get("Condition", {})) <= {"StringEquals", "ArnLike"}, "not known to iam.py"
    sids = [(it.policy, it.sid) for it in policies]
    assert len(sids) == len(set(sids))


def test_the_reference_names_the_same_actions(policies: list[Statement]) -> None:
    allowed = {action for it in policies for action in it.actions}
    assert_none(f"not in the reference: {it}" for it in allowed - iam.documented())
    assert_none(f"only in the reference: {it}" for it in iam.documented() - allowed)


def test_every_implied_action_is_explained(policies: list[Statement]) -> None:
    text = (iam.FOLDER / "README.md").read_text()
    for it in iam.IMPLIED:
        assert it.reason and f"`{it.action}`" in text, f"{it.action} stands in no line of deploy/iam/README.md"
    for it in policies:
        assert f"`{it.sid}`" in text or it.policy in ("prune", "targets"), f"{it.sid} is not in deploy/iam/README.md"
