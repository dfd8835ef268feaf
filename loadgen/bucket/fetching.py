"""Fetches a copy, to be read as the folder that it was made of."""

from __future__ import annotations

import os
from pathlib import Path

from loadgen.bucket.listing import LIMIT, NAME, Listing
from loadgen.bucket.objects import Bucket, Missing, Objects
from loadgen.bucket.place import Place
from loadgen.errors import ProfileError, TargetError
from loadgen.files import why

MOST = 4 << 30  # bytes of a whole copy


def fetch(place: Place, to: Path, objects: Objects | None = None) -> Path:
    """The folder below `to` that is made of the copy. Raises ProfileError if there is none, or if loadgen did not write
    it; TargetError if it cannot be had."""
    objects = objects or Bucket(place)
    try:
        listing = Listing.decode(objects.get(NAME, LIMIT))
    except Missing:
        remedy = "Name the folder of a run: s3://BUCKET/PREFIX/NAME"
        raise ProfileError(f"is not a run's copy: it has no {NAME}", file=str(place), remedy=remedy) from None
    except (ValueError, RecursionError) as error:
        raise ProfileError(f"its {NAME} is not as loadgen writes it: {error}", file=str(place)) from None
    if not listing.files:
        remedy = "The first files come ten seconds after the run has begun. A run that was killed before has no copy"
        raise ProfileError("the copy has begun, and no file is in it yet", file=str(place), remedy=remedy)
    folder = to / (place.prefix.rpartition("/")[2] or place.bucket)
    try:
        _write(listing, folder, place, objects)
    except OSError as error:  # the disk is full, or a name is one that it does not take
        raise ProfileError(f"cannot be fetched: {why(error)}", file=str(place)) from None
    return folder


def _write(listing: Listing, folder: Path, place: Place, objects: Objects) -> None:
    left = MOST
    folder.mkdir(mode=0o700)
    for name, keys in listing.files.items():
        path = folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            for key in keys:
                content = _got(objects, place, key, left)
                left -= len(content)
                file.write(content)


def _got(objects: Objects, place: Place, key: str, left: int) -> bytes:
    try:
        return objects.get(key, left)
    except Missing as missing:
        raise TargetError(f"{missing}. Its copy goes on, or a part of it was deleted: try again") from None
