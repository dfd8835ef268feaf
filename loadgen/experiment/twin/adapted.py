"""The profile of a run with the sandbox as its target, as plain data: what the sandbox cannot do is left out."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

from loadgen.profile.connection import SERVICES
from loadgen.profile.model import Profile
from loadgen.profile.scenario import VERBS
from loadgen.result.reason import Reason
from loadgen.result.twin import FittedKey

Data = dict[str, Any]

LEFT_OUT = ("auth", "tls", "experiment")  # for the sandbox there is nothing to prove, to trust or to compare
OF_ACCOUNT = ("profile", "account_id_endpoint", "qualifier")  # of a service: the sandbox has none of these
OWN_HEADERS = ("x-cold", "x-env", "server-timing.fn", "server-timing.init", "apigw-requestid", "content-type")
OWN_BODY = ("body", "body.id", "body.message")


def adapted(written: Data) -> tuple[Data, list[FittedKey]]:
    """The profile, and what was changed in it beside `sandbox`."""
    data, changed = copy.deepcopy(written), list[FittedKey]()
    service, called = _service(data)
    if not service:
        data["target"] = "sandbox"
        for at, scenario in enumerate(data.get("scenarios", ())):
            changed += _steps(scenario, f"scenarios.{scenario.get('name', at)}")
    else:
        known = {key: value for key, value in called.items() if key not in OF_ACCOUNT}
        data["target"] = {service: {**known, "endpoint": "sandbox"}}
    if service == "dynamodb" and "setup" not in data:
        changed.append(FittedKey("target", Reason.of("twin_no_table", table=str(called.get("table", "")))))
    for key in LEFT_OUT:
        if data.pop(key, None) is not None:
            changed.append(FittedKey(key, Reason.of("twin_left_out")))
            if key == "experiment":
                data.pop("thresholds", None)  # they may compare variants
    session = data.get("session")
    if isinstance(session, dict) and session.pop("bind", None) is not None:
        changed.append(FittedKey("session.bind", Reason.of("twin_left_out")))
    return data, changed


def paths_of(data: Data, profile: Profile) -> list[str]:
    """The paths of all steps, as they are written."""
    written = [step for scenario in data.get("scenarios", ()) for step in scenario.get("steps", ())]
    read = [step for scenario in profile.scenarios for step in scenario.steps]
    if len(written) != len(read):  # a GET of the target's URL
        return [step.path for step in read]
    return [str(next((step[verb] for verb in VERBS if verb in step), "/")) for step in written]


def _service(data: Data) -> tuple[str, Data]:
    """The AWS service that is the target, and what is written of it; an empty name if the target is a URL."""
    target = data.get("target")
    named = target.items() if isinstance(target, dict) else ()
    return next(((key, of) for key, of in named if key in SERVICES and isinstance(of, dict)), ("", {}))


def _steps(scenario: Data, where: str) -> Iterator[FittedKey]:
    """Change the steps of a scenario so that the sandbox answers them; yields what was changed."""
    lost = set[str]()
    split, environment = scenario.get("split_by", []), scenario.get("environment")
    for at, step in enumerate(scenario.get("steps", ())):
        key = f"{where}.{step.get('name', at)}"
        verb = next((verb for verb in VERBS if verb in step), "get")
        if "expect" in step and step["expect"] != {"status": 201 if verb == "post" else 200}:
            del step["expect"]
            yield FittedKey(f"{key}.expect", Reason.of("twin_expects"))
        for name, selector in list(step.get("capture", {}).items()):
            if not _answers(str(selector)):
                lost |= _replace(step["capture"], name, name in split, name == environment)
                yield FittedKey(f"{key}.capture.{name}", Reason.of("twin_captures", now=step["capture"].get(name)))
        foreign = [name for name, selector in step.get("record", {}).items() if not _answers(str(selector))]
        for name in foreign:
            del step["record"][name]
            yield FittedKey(f"{key}.record.{name}", Reason.of("twin_records"))
    if left := [name for name in split if name not in lost]:
        scenario["split_by"] = left
    else:
        scenario.pop("split_by", None)


def _answers(selector: str) -> bool:
    """Whether the sandbox's function answers with that."""
    return selector in ("status", *OWN_BODY) or selector.removeprefix("header.").lower() in OWN_HEADERS


def _replace(capture: Data, name: str, splits: bool, environment: bool) -> set[str]:
    """Capture something else under that name: the number of the environment, the flag of a cold start, or what can
    stand in a later request. A name that only splits results is lost."""
    if environment:
        capture[name] = "header.x-env"
    elif re.search("cold", name, re.IGNORECASE):
        capture[name] = "header.x-cold"
    elif splits:
        del capture[name]
        return {name}
    else:
        capture[name] = "body.id"
    return set()
