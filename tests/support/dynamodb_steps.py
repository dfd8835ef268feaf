"""Steps on a DynamoDB table, the requests that they make and the keys that they draw."""

from __future__ import annotations

import json

from loadgen.profile.load import load
from loadgen.profile.model import Profile
from loadgen.workload.draws import BLOCK
from loadgen.workload.scenarios import StepWork, Workload


def profile(steps: str, more: str = "", target: str = "consumed_capacity: 0") -> Profile:
    text = f"""name: t
target: {{dynamodb: {{table: orders, endpoint: sandbox, {target}}}}}
load: [{{name: a, users: 1, for: 1s}}]
scenarios: [{{name: s, steps: [{steps}]}}]
{more}"""
    return load("p.yaml", text=text).profile


def step(call: str, more: str = "", target: str = "consumed_capacity: 0") -> StepWork:
    return Workload(profile(f"{{name: x, {call}}}", more, target)).scenarios[0].steps[0]


def drawn(choice: str, count: int = 4 * BLOCK, seed: int = 1) -> list[int]:
    render = step('GetItem: {Key: {pk: "{{id}}"}}', more=f'keys: {{id: "{choice}"}}\nseed: {seed}').render
    assert render
    return [int(json.loads(render({}, index).body)["Key"]["pk"]["N"]) for index in range(count)]
