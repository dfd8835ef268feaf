"""Credentials: found where botocore finds them, told in one line where not, and never shown."""

from __future__ import annotations

import json
import logging
import os
import pickle
import sys
import traceback
from pathlib import Path

import pytest

from loadgen.aws.credentials import SANDBOX, Chain, Credentials, NoCredentials
from loadgen.clock import SECOND
from loadgen.errors import Exit

CANARY = "canary-secret-7Zq"
TOKEN = "canary-token-9Xw"


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without credentials, whose chain asks no network: its config files are in the returned folder."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "BOTO_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return tmp_path


def shown(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)) + repr(error) + repr(error.args)


def one_line(error: NoCredentials) -> str:
    assert error.status is Exit.UNUSABLE
    assert "\n" not in str(error)
    assert CANARY not in shown(error)
    return str(error)


def test_credentials_do_not_show_themselves() -> None:
    keys = Credentials("AKIDCANARY", CANARY, TOKEN, 5, "123456789012")
    for text in (repr(keys), str(keys), f"{keys}", repr([keys]), str(ValueError(keys))):
        assert all(secret not in text for secret in ("AKIDCANARY", CANARY, TOKEN, "123456789012"))
    assert pickle.loads(pickle.dumps(keys)) == keys
    with pytest.raises(AttributeError):
        keys.secret_key = "x"  # type: ignore[misc]


def test_the_sandboxes_keys_are_fixed_and_bear_no_likeness_to_real_ones() -> None:
    assert SANDBOX.access_key.isalnum()
    assert not SANDBOX.access_key.startswith(("AKIA", "ASIA"))
    assert not SANDBOX.token
    assert not SANDBOX.expires


def test_the_environment_gives_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CANARY)
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    monkeypatch.setenv("AWS_ACCOUNT_ID", "123456789012")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    chain = Chain(None)
    assert chain.current() == Credentials("AKIDENV", CANARY, TOKEN, 0, "123456789012")
    assert chain.region == "eu-west-1"


def test_a_profile_gives_them_even_if_the_environment_has_others(
    monkeypatch: pytest.MonkeyPatch, nowhere: Path
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "other")
    (nowhere / "credentials").write_text(f"[team]\naws_access_key_id = AKIDTEAM\naws_secret_access_key = {CANARY}\n")
    (nowhere / "config").write_text("[profile team]\nregion = ap-south-1\n")
    chain = Chain("team")
    assert chain.current() == Credentials("AKIDTEAM", CANARY)
    assert chain.region == "ap-south-1"


def process(folder: Path, answer: str) -> None:
    """A profile whose credentials a program prints."""
    (folder / "answer").write_text(answer)
    program = f"{sys.executable} -c \"print(open('{folder / 'answer'}').read())\""
    (folder / "config").write_text(f"[default]\ncredential_process = {program}\n")


def answer(key: str, expiration: str) -> str:
    keys = {"AccessKeyId": key, "SecretAccessKey": CANARY, "SessionToken": TOKEN}
    return json.dumps({"Version": 1, **keys, "Expiration": expiration})


def test_credentials_that_expire_say_when_and_are_renewed(nowhere: Path) -> None:
    process(nowhere, answer("AKIDFIRST", "2001-01-02T03:04:05Z"))
    chain = Chain(None)
    with pytest.raises(NoCredentials) as past:
        chain.current()
    assert one_line(past.value) == ("no AWS credentials: those that the chain found had expired already. Log in again")
    process(nowhere, answer("AKIDSECOND", "2999-01-02T03:04:05Z"))
    assert chain.current() == Credentials("AKIDSECOND", CANARY, TOKEN, 32_472_241_445 * SECOND)


def test_a_renewal_that_fails_is_not_quoted(nowhere: Path, caplog: pytest.LogCaptureFixture) -> None:
    process(nowhere, answer("AKIDFIRST", "2001-01-02T03:04:05Z"))
    chain = Chain(None)
    for told in ("had expired already", "custom-process failed"):
        with pytest.raises(NoCredentials) as found:
            chain.current()
        assert told in one_line(found.value)
        (nowhere / "answer").unlink(missing_ok=True)
    assert caplog.text == ""


def test_without_credentials_one_line_says_where_they_were_looked_for() -> None:
    with pytest.raises(NoCredentials) as found:
        Chain(None).current()
    assert one_line(found.value) == (
        "no AWS credentials: looked in the environment (AWS_ACCESS_KEY_ID), roles to assume, web identity, SSO, "
        "~/.aws/credentials, credential_process, ~/.aws/config, the container's role, the instance's role. "
        "Set AWS_PROFILE, or log in"
    )
    assert Chain(None).region is None


def test_a_profile_that_does_not_exist_is_named() -> None:
    chain = Chain("nobody")
    with pytest.raises(NoCredentials) as found:
        chain.current()
    with pytest.raises(NoCredentials) as region:
        _ = chain.region
    expected = "no AWS credentials: the AWS config files have no profile nobody"
    assert one_line(found.value) == one_line(region.value) == expected


def test_half_of_a_pair_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
    with pytest.raises(NoCredentials) as found:
        Chain(None).current()
    assert one_line(found.value) == "no AWS credentials: env has no AWS_SECRET_ACCESS_KEY"


def test_a_file_that_cannot_be_read_is_named_and_not_quoted(nowhere: Path) -> None:
    (nowhere / "credentials").write_text(f"[default]\naws_secret_access_key {CANARY}\n {CANARY}\n[")
    with pytest.raises(NoCredentials) as found:
        Chain(None).current()
    assert str(nowhere / "credentials") in one_line(found.value)


@pytest.mark.parametrize("answer", [f"no JSON, but {CANARY}", "{}", '{"Version": 1}', "[]"])
def test_a_program_that_answers_nonsense_is_not_quoted(nowhere: Path, answer: str) -> None:
    process(nowhere, answer)
    with pytest.raises(NoCredentials) as found:
        Chain(None).current()
    assert one_line(found.value).startswith("no AWS credentials: ")


def test_a_program_that_fails_is_not_quoted(nowhere: Path) -> None:
    program = f"{sys.executable} -c \"import sys; sys.exit('{CANARY}')\""
    (nowhere / "config").write_text(f"[default]\ncredential_process = {program}\n")
    with pytest.raises(NoCredentials) as found:
        Chain(None).current()
    assert one_line(found.value) == "no AWS credentials: custom-process failed"


def test_nothing_is_logged(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, nowhere: Path) -> None:
    caplog.set_level(logging.DEBUG)
    (nowhere / "credentials").write_text(f"[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = {CANARY}\n")
    assert Chain(None).current().secret_key == CANARY
    assert CANARY not in caplog.text
    assert logging.getLogger("botocore").level >= logging.INFO
