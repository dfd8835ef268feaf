"""Before a run: what the last self-test of this machine says of it."""

from __future__ import annotations

from typing import Any

from loadgen.profile.load import Loaded
from loadgen.runner.limits import workers_for
from loadgen.selftest.state import known
from loadgen.selftest.trusted import scheme_of


def standing(loaded: Loaded, workers: str) -> dict[str, Any]:
    """In plain values: `found`, the day of the self-test and what stayed VALID with the profile's scheme, None where
    there is none of this machine; `problem`, why one that is there was not believed; `warnings`, a line for each way in
    which the run, or a variant of it, would go beyond what was found. `workers` as on the command line."""
    trusted, problem = known()
    if trusted is None:
        return {"found": None, "problem": problem, "warnings": []}
    scheme = scheme_of(loaded.profile)
    ceiling = trusted.rates.get(scheme)
    found = {
        "day": trusted.day,
        "scheme": scheme,
        "rate": ceiling.rate if ceiling else None,
        "at_least": bool(ceiling and ceiling.at_least),
    }
    profiles = [variant.profile for variant in loaded.variants]
    told = [line for profile in profiles for line in trusted.warnings(profile, workers_for(profile, workers))]
    return {"found": found, "problem": problem, "warnings": list(dict.fromkeys(told))}


def messages(loaded: Loaded, workers: str) -> list[str]:
    """What is to be said before the run begins; nothing if all is well, or no self-test was made."""
    found = standing(loaded, workers)
    return [*([found["problem"]] if found["problem"] else []), *found["warnings"]]
