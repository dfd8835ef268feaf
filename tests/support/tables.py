"""Profiles of a load on a table."""

from __future__ import annotations

from loadgen.profile.load import load
from loadgen.profile.model import Profile


def profile(target: str = "{table: orders, region: eu-west-1}", more: str = "") -> Profile:
    text = f"""
name: t
target: {{dynamodb: {target}}}
load: [{{name: a, rate: 100/s, for: 10s, arrivals: constant}}]
scenarios: [{{name: s, steps: [{{name: put, PutItem: {{Item: {{pk: "{{{{uuid}}}}"}}}}}}]}}]
{more}
"""
    return load("t.yaml", text=text).profile
