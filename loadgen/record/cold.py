"""What a stratum says of cold starts: an answer that tells of itself whether it was one has `cold=true` or
`cold=false` among its captured values, or `x-cold` by `--split-by x-cold`."""

from __future__ import annotations

NAMES = ("cold", "x-cold")
_TOLD = {f"{name}={word}": word == "true" for name in NAMES for word in ("true", "false")}


def cold_of(stratum: str) -> bool | None:
    """Whether the answers of this stratum were cold starts; None if they do not tell."""
    return next((told for part in stratum.split(", ") if (told := _TOLD.get(part)) is not None), None)
