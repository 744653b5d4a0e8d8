"""Counts the bases of a FASTA text: something to begin with."""

import json
from collections import Counter


def handler(event, context):
    lines = event["fasta"].splitlines()
    bases = Counter("".join(it.strip().upper() for it in lines if not it.startswith(">")))
    result = {"length": sum(bases.values()), "bases": dict(bases)}
    print(json.dumps({"level": "INFO", "message": "counted", **result}))
    return result
