"""`--copy-to` to the S3 of ministack: the run's folder is there at the end, and what there was where all was killed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engines import Engine, Keys
from gateway import Account
from program import VALID, Program, balanced, prepare, run

from loadgen.bucket.listing import NAME, Listing

pytestmark = pytest.mark.real

BUCKET = "load-tests"
EVERY = 10  # s between two copies
RATE = 100
STORED = 2.5  # s: what is older is in the folder
PROFILE = """
name: copied
target: sandbox
sandbox: {{service: 5ms}}
load: [{{name: a, rate: {rate}/s, for: {seconds}s}}]
"""


@pytest.fixture
def s3(ministack: Engine) -> Iterator[Any]:
    with ministack.client("s3") as client:
        client.create_bucket(Bucket=BUCKET)
        yield client
        for key in keys(client):
            client.delete_object(Bucket=BUCKET, Key=key)
        client.delete_bucket(Bucket=BUCKET)


def keys(s3: Any) -> list[str]:
    return [found["Key"] for found in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ())]


def listed(s3: Any) -> dict[str, list[str]]:
    """What a reader of the copy finds: an object that is there may not be listed yet."""
    names = [key for key in keys(s3) if key.endswith(NAME)]
    return Listing.decode(s3.get_object(Bucket=BUCKET, Key=names[0])["Body"].read()).files if names else {}


def there(engine: Engine, who: Keys | None = None) -> dict[str, str]:
    return {"AWS_ENDPOINT_URL_S3": engine.url, **(who or engine.keys).environment}


def copy_to(to: str = f"s3://{BUCKET}/all/of-them") -> tuple[str, ...]:
    return "--copy-to", to, "--no-tui"


def test_a_run_is_copied_and_reported_from_there(ministack: Engine, s3: Any, tmp_path: Path) -> None:
    env = there(ministack)
    asked = [*prepare(tmp_path, PROFILE.format(rate=RATE, seconds=2)), "--json", *copy_to()]
    ran = run(tmp_path, *asked, env=env)
    assert ran.status in VALID, ran.err
    assert "copied to s3://load-tests/all/of-them/run: " in ran.err
    here = {path.name: path.read_bytes() for path in ran.folder.iterdir()}
    copied = {key: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys(s3)}
    prefix = "all/of-them/run/"
    assert copied.pop(f"{prefix}copy.json")
    assert copied == {prefix + name: content for name, content in here.items()}
    again = run(tmp_path, "report", f"s3://{BUCKET}/{prefix}", "--json", env=env)
    assert json.loads(again.out) == {**ran.result, "run": f"s3://{BUCKET}/{prefix}".rstrip("/")}
    ran.folder.rename(tmp_path / "first")
    taken = run(tmp_path, *asked, env=env)
    assert taken.status == 3
    assert "there is one already" in taken.err
    assert not ran.folder.exists(), "nothing was sent"


def test_what_was_killed_is_there_but_for_the_last_seconds(ministack: Engine, s3: Any, tmp_path: Path) -> None:
    with Program(tmp_path, *prepare(tmp_path, PROFILE.format(rate=RATE, seconds=60)), *copy_to(),
                 env=there(ministack)) as program:  # fmt: skip
        program.begins()
        program.soon(lambda: "seconds.bin" in listed(s3))
        program.kill_all()
        program.wait()
        program.leaves_nothing()
    whole, copied = (reported(program.folder, ministack, of) for of in ("run", f"s3://{BUCKET}/all/of-them/run"))
    assert whole["sent"] - (EVERY + STORED) * RATE * 1.2 <= copied["sent"] <= whole["sent"]
    assert copied["sent"] > 0


def test_a_parent_that_was_killed_leaves_a_whole_copy(ministack: Engine, s3: Any, tmp_path: Path) -> None:
    with Program(tmp_path, *prepare(tmp_path, PROFILE.format(rate=RATE, seconds=60)), *copy_to(),
                 env=there(ministack)) as program:  # fmt: skip
        program.begins()
        program.process.kill()
        program.wait()
        program.leaves_nothing()
    whole, copied = (reported(program.folder, ministack, of) for of in ("run", f"s3://{BUCKET}/all/of-them/run"))
    assert copied == whole


def reported(folder: Path, engine: Engine, of: str) -> dict[str, Any]:
    """The requests of a killed run, as it is reported."""
    ran = run(folder, "report", of, "--json", env=there(engine))
    assert ran.status == 0, ran.err
    found = json.loads(ran.out)
    balanced(found)
    assert not found["complete"]
    requests: dict[str, Any] = found["variants"][0]["requests"]
    return requests


def test_a_place_that_cannot_be_written_is_told_before_the_load(
    ministack: Engine, s3: Any, account: Account, tmp_path: Path
) -> None:
    asked = prepare(tmp_path, PROFILE.format(rate=RATE, seconds=2))
    for to, who, why in (
        ("s3://no-such-bucket/x", None, "there is no bucket no-such-bucket"),
        (f"s3://{BUCKET}/x", account.nobody, "It needs the permission s3:PutObject"),
        (f"s3://{BUCKET}/x", Keys("", ""), "no AWS credentials"),
    ):
        ran = run(tmp_path, *asked, *copy_to(to), env=there(ministack, who))
        assert ran.status == 3
        assert ran.err.startswith("loadgen: --copy-to: ")
        assert why in ran.err
        assert ran.err.count("\n") == 1
        assert not ran.folder.exists()
    assert keys(s3) == []
