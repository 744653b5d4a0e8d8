#!/usr/bin/env python3
"""Writes a copy of the alert rules for another place: your own runbooks, a test, or Kubernetes.

    derive.py --runbooks https://wiki.example.com/evenkeel    links to runbooks of your own
    derive.py --kubernetes --label release=prometheus         a PrometheusRule for the Prometheus operator
    derive.py --for 2s --window 30s                           nothing waits longer than that, for tests

Needs Python 3 and PyYAML. Comments are not copied.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import yaml

# Where the committed rules link to. Each alert's link is this, its name and `.md`; derive.py writes all of them anew.
RUNBOOKS = "https://github.com/evenkeel/evenkeel/blob/main/docs/runbooks"
RULES = Path(__file__).with_name("evenkeel.rules.yaml")

UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
# What is quoted is not looked at: names of labels and codes may have digits.
PARTS = re.compile(r'("[^"]*")')
DURATION = re.compile(r"\b(\d+)(ms|s|m|h|d|w)\b")
# In an expression of these rules a whole number of at least this is a time in seconds.
SECONDS_MIN = 60
NUMBER = re.compile(r"(?<![\w.:])(\d+)(?![\w.:])")


def seconds(duration: str) -> float:
    """The length of a duration of one unit, such as `30m`."""
    found = DURATION.fullmatch(duration)
    if not found:
        raise ValueError(f"`{duration}` is not a time such as 2s or 500ms")
    return int(found[1]) * UNITS[found[2]]


def shorter(text: str, limit: str) -> str:
    """Nothing in `text` that is a duration, or a number that means seconds, is longer than `limit`."""

    def duration(found: re.Match[str]) -> str:
        return limit if seconds(found[0]) > seconds(limit) else found[0]

    def number(found: re.Match[str]) -> str:
        value = int(found[0])
        return f"{seconds(limit):g}" if value >= SECONDS_MIN and value > seconds(limit) else found[0]

    parts = PARTS.split(text)
    bare = [NUMBER.sub(number, DURATION.sub(duration, it)) for it in parts[::2]]
    parts[::2] = bare
    return "".join(parts)


def derive(rules: dict, runbooks: str, wait: str | None, window: str | None) -> dict:
    """The rules with other links and, if asked for, shorter times. They are changed in place."""
    for rule in (rule for group in rules["groups"] for rule in group["rules"]):
        if window is not None:
            rule["expr"] = shorter(rule["expr"], window)
        if wait is not None and "for" in rule:
            rule["for"] = shorter(rule["for"], wait)
        if "alert" in rule:
            rule["annotations"]["runbook_url"] = f"{runbooks.rstrip('/')}/{rule['alert']}.md"
    return rules


def kubernetes(rules: dict, namespace: str | None, labels: dict[str, str]) -> dict:
    """The rules as the Prometheus operator takes them."""
    metadata: dict[str, object] = {"name": "evenkeel"}
    if namespace:
        metadata["namespace"] = namespace
    if labels:
        metadata["labels"] = labels
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": metadata,
        "spec": rules,
    }


class Dumper(yaml.SafeDumper):
    """Text of several lines stays so."""


def text_as_it_is(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


Dumper.add_representer(str, text_as_it_is)


def time(text: str) -> str:
    try:
        seconds(text)
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(str(wrong)) from None
    return text


def label(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise argparse.ArgumentTypeError(f"`{text}` is not KEY=VALUE")
    return key, value


def arguments() -> argparse.ArgumentParser:
    summary, _, rest = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--rules", metavar="FILE", type=Path, default=RULES, help="copy these; default: the rules beside this file")
    add("--output", metavar="FILE", type=Path, help="where to write; default: the standard output")
    text = "where the runbooks are; an alert links to URL/NAME.md (default: %(default)s)"
    add("--runbooks", metavar="URL", default=RUNBOOKS, help=text)
    text = "for tests: no alert waits longer than this, such as 2s; scrapes must be far more frequent"
    add("--for", metavar="TIME", dest="wait", type=time, help=text)
    text = (
        "for tests: no window, offset or age in an expression is longer than this; default: as --for. "
        "Below a minute EvenkeelSourceStale fires by itself, since the directory is read twice a minute"
    )
    add("--window", metavar="TIME", type=time, help=text)
    add("--kubernetes", action="store_true", help="a PrometheusRule for the Prometheus operator")
    add("--namespace", help="with --kubernetes: the namespace; default: that of whoever applies it")
    text = "with --kubernetes: a label that the operator looks for; may be given several times"
    add("--label", metavar="KEY=VALUE", type=label, action="append", default=[], help=text)
    return parser


def main() -> None:
    parser = arguments()
    args = parser.parse_args()
    if (args.namespace or args.label) and not args.kubernetes:
        parser.error("--namespace and --label go with --kubernetes")
    rules = derive(yaml.safe_load(args.rules.read_text()), args.runbooks, args.wait, args.window or args.wait)
    if args.kubernetes:
        rules = kubernetes(rules, args.namespace, dict(args.label))
    text = yaml.dump(rules, Dumper=Dumper, sort_keys=False, width=120, allow_unicode=True)
    if args.output:
        args.output.write_text(text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
