"""Where secrets come from: variables, files, AWS's chain; no failure shows one."""

from __future__ import annotations

from pathlib import Path

import pytest
from secret_profiles import access_of, profile
from token_server import CANARY

from loadgen.aws.auth import Token
from loadgen.aws.credentials import Credentials
from loadgen.aws.secrets import FILE_LIMIT, File, Keys, Variable
from loadgen.clock import SECOND, wall
from loadgen.errors import TargetError

# variables and files


def test_a_variable_is_read_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Variable("auth.api_key", "LOADGEN_TEST_KEY")
    monkeypatch.delenv("LOADGEN_TEST_KEY", raising=False)
    with pytest.raises(TargetError, match=r"auth\.api_key: the environment variable LOADGEN_TEST_KEY is not set\. Set"):
        source.current()
    monkeypatch.setenv("LOADGEN_TEST_KEY", f" {CANARY}\n")
    assert source.current() == Token(CANARY)
    assert source.hidden(Token(CANARY)) == (CANARY,)


@pytest.mark.parametrize("held", ["", " \n", f"{CANARY}\r\nx-injected: 1", f"{CANARY}\x00", f"{CANARY}é"])
def test_what_cannot_stand_in_a_header_is_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, held: str
) -> None:
    path = tmp_path / "key"
    path.write_text(held, newline="")
    monkeypatch.setattr("os.environ", {"KEY": held})
    for source in (Variable("auth.bearer", "KEY"), File("auth.bearer", path)):
        with pytest.raises(TargetError, match=r"auth\.bearer: .* must hold the secret") as failed:
            source.current()
        assert CANARY not in str(failed.value)
        assert len(str(failed.value).splitlines()) == 1


def test_a_file_is_read_anew_each_time(tmp_path: Path) -> None:
    path = tmp_path / "key"
    source = File("auth.bearer", path)
    with pytest.raises(TargetError, match="cannot be read: no such file or directory"):
        source.current()
    for written in ("one", "two\n"):
        path.write_text(written)
        assert source.current() == Token(written.strip())
    soon = source.renew_at(Token("two"))
    assert wall() < soon < wall() + 60 * SECOND
    path.write_text("x" * (FILE_LIMIT + 1))
    with pytest.raises(TargetError, match="cannot be read: too large"):
        source.current()
    with pytest.raises(TargetError, match="cannot be read: not a regular file"):
        File("auth.bearer", tmp_path).current()


@pytest.mark.parametrize(("life", "least", "most"), [(3600, 2999, 3000), (300, 29, 30), (60, 11, 12), (-5, -2, 0)])
def test_credentials_are_renewed_when_botocore_does(
    monkeypatch: pytest.MonkeyPatch, life: int, least: int, most: int
) -> None:
    monkeypatch.setattr("loadgen.aws.secrets.wall", lambda: 10**18)
    at = Keys(None).renew_at(Credentials("a", "s", "t", 10**18 + life * SECOND))
    assert at is not None
    assert least * SECOND <= at - 10**18 <= most * SECOND
    assert Keys(None).renew_at(Credentials("a", "s")) is None


# a token URL, whose connection is played
# what a profile asks for


def test_nothing_secret_is_in_what_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", CANARY)
    found = access_of(profile(auth={"api_key": {"env": "API_KEY"}}))
    found.hidden.add("of the profile")
    with pytest.raises(TargetError) as failed, found.hidden.unrevealing():
        raise TargetError(f"it said {CANARY}, of the profile")
    assert str(failed.value) == "it said [redacted], [redacted]"
