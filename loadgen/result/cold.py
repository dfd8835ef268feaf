"""What a stratum says of cold starts. An answer to an Invoke tells by itself how its environment came to it, as
`start=cold`. Any other tells it if a captured value with `cold` in its name says yes or no, as `x-cold=true`."""

from __future__ import annotations

import re

_COLD = re.compile(r"(?:^|, )[^=,]*cold[^=,]*=([^,]*)", re.IGNORECASE)
_TOLD = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_START = re.compile(r"(?:^|, )start=(cold|restored|warm|provisioned)(?:$|, )")


def cold_of(stratum: str) -> bool | None:
    """Whether the answers of this stratum were cold starts; None if they do not tell."""
    if start := _START.search(stratum):
        return start[1] in ("cold", "restored")
    found = _COLD.search(stratum)
    return _TOLD.get(found[1].lower()) if found else None
