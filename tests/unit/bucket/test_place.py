"""Where a copy goes, as a person writes it."""

from __future__ import annotations

import pytest

from loadgen.bucket.place import Place
from loadgen.errors import ProfileError


@pytest.mark.parametrize(
    ("text", "bucket", "prefix"),
    [
        ("s3://runs", "runs", ""),
        ("s3://runs/", "runs", ""),
        ("s3://my.runs-1/load/tests/", "my.runs-1", "load/tests"),
    ],
)
def test_a_place(text: str, bucket: str, prefix: str) -> None:
    place = Place.parse(text)
    assert place == Place(bucket, prefix)
    assert place.below("burst") == Place(bucket, f"{prefix}/burst" if prefix else "burst")
    assert str(place.below("x")) == f"s3://{bucket}/{prefix}/x".replace("//x", "/x")


@pytest.mark.parametrize(
    "text",
    ["", "runs", "s3:/runs", "s3://", "s3://Runs", "s3://a", "s3://-ab", "s3://runs/../x", "s3://runs/a//b",
     "s3://runs/a\x1b[31m", "s3://runs/" + "ü" * 400, "https://runs.s3.amazonaws.com/x"],
)  # fmt: skip
def test_no_place(text: str) -> None:
    with pytest.raises(ProfileError, match=r"^--copy-to: ") as refused:
        Place.parse(text, "--copy-to")
    assert "\x1b" not in str(refused.value)
