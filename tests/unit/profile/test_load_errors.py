"""Every mistake in a profile is one line: file, line, key, what is wrong, what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from broken_profiles import BROKEN, GOOD, phase, step

from loadgen.errors import Exit, ProfileError
from loadgen.profile.load import load


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "users.csv").write_text("id,user\n1,x\n")
    (tmp_path / "ragged.csv").write_text("id,user\n1,x\n2\n")
    (tmp_path / "broken.jsonl").write_text('{"id": 1}\n{"id": \n')
    return tmp_path


@pytest.mark.parametrize(("text", "message"), BROKEN, ids=[message[:60] for _, message in BROKEN])
def test_a_broken_profile_gives_one_clear_line(text: str, message: str, folder: Path) -> None:
    with pytest.raises(ProfileError) as caught:
        load(folder / "p.yaml", text=text)
    assert str(caught.value) == f"{folder}/{message}"
    assert caught.value.status == Exit.USAGE
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_the_good_profile_is_good() -> None:
    assert load("p.yaml", text=GOOD).profile.name == "x"


def test_of_several_mistakes_the_first_is_told() -> None:
    text = GOOD.replace("rate: 5/s", "rate: 5").replace("name: two", "nam: two") + "seed: x\n"
    with pytest.raises(ProfileError, match=r"p.yaml:4: load.a.rate"):
        load("p.yaml", text=text)


def test_what_a_variable_gives_is_never_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "canary\nvalue")
    for text in (step("get: /, headers: {a: 'Bearer ${TOKEN}'}"), phase("{name: a, rate: '${TOKEN}', for: 1s}")):
        with pytest.raises(ProfileError) as caught:
            load("p.yaml", text=text)
        assert "canary" not in str(caught.value)
        assert "${TOKEN}" in str(caught.value)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("brst", "there is no profile 'brst'. Did you mean burst? `loadgen"),
        ("no/such.yaml", "there is no profile 'no/such.yaml'. Shipped: "),
        (".", ".: is a folder. Name a profile in it"),
        ("a\0b", "there is no profile 'a\\x00b'. "),
    ],
)
def test_a_profile_that_is_not_there(source: str, message: str) -> None:
    with pytest.raises(ProfileError) as caught:
        load(source)
    assert str(caught.value).startswith(message)


def test_a_file_that_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes(b"name: x\ntarget: \xff\n")
    with pytest.raises(ProfileError, match=r"p.yaml:2: is not UTF-8. Save it as UTF-8"):
        load(path)
