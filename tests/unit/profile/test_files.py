"""Files that a profile names."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Thread

import pytest
from no_files import KINDS, put

from loadgen.errors import ProfileError
from loadgen.profile.load import load

HEAD = "name: x\ntarget: http://h:8080/prod/\nload: [{name: a, rate: 5/s, for: 1s}]\n"


def test_files_stay_in_the_profiles_folder(tmp_path: Path) -> None:
    (tmp_path / "body.bin").write_bytes(b"\0" * 10)
    (tmp_path / "users.csv").write_text('\ufeffid,full name\n1,"a, b"\n\n2,c\n')
    (tmp_path / "items.jsonl").write_text('{"id": 1, "x": null}\n{"x": [2], "id": 2}\n')
    text = HEAD + "scenarios:\n"
    text += "  - {name: s, data: users.csv, steps: [{name: t, post: '/{{id}}', file: body.bin}]}\n"
    text += "  - {name: u, data: {file: items.jsonl, order: random}, steps: [{name: t, get: '/{{id}}'}]}\n"
    s, u = load(tmp_path / "p.yaml", text=text).profile.scenarios
    assert s.steps[0].file == tmp_path / "body.bin"
    assert s.data
    assert s.data.fields == ("id", "full name")
    assert s.data.rows == ({"id": "1", "full name": "a, b"}, {"id": "2", "full name": "c"})
    assert u.data
    assert u.data.order == "random"
    assert u.data.rows == ({"id": 1, "x": None}, {"x": [2], "id": 2})


def test_certificates_are_found_from_the_profiles_folder(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("x")
    loaded = load(tmp_path / "p.yaml", text=HEAD + "tls: {ca: ca.pem, client_cert: ca.pem, verify: false}\n")
    assert loaded.profile.tls.ca == tmp_path / "ca.pem"
    assert not loaded.profile.tls.verify


NAMED = (
    "tls: {ca: FILE}",
    "tls: {client_cert: FILE}",
    "auth: {bearer: {file: FILE}}",
    "scenarios: [{name: s, steps: [{name: t, post: /, file: FILE}]}]",
    "scenarios: [{name: s, data: FILE, steps: [{name: t, get: '/{{id}}'}]}]",
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("impatient")
def test_what_is_no_regular_file_is_refused(tmp_path: Path, kind: str) -> None:
    put(tmp_path / "x.csv", kind)
    for named in NAMED:
        with pytest.raises(ProfileError, match=r"x\.csv"):
            load(tmp_path / "p.yaml", text=HEAD + named.replace("FILE", "x.csv"))


@pytest.mark.usefixtures("impatient")
def test_a_profile_may_come_through_a_pipe_but_is_not_waited_for(tmp_path: Path) -> None:
    """As in `loadgen run <(sed … steady.yaml)`."""
    pipe = tmp_path / "p.yaml"
    put(pipe, "pipe")
    with pytest.raises(ProfileError, match="is empty"):
        load(pipe)
    read, write = os.pipe()
    sender = Thread(target=lambda: (os.write(write, HEAD.encode()), os.close(write)))
    sender.start()
    assert load(f"/dev/fd/{read}").profile.name == "x"
    sender.join()
    os.close(read)
