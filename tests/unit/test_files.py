"""Files that somebody else may have put there."""

from __future__ import annotations

from pathlib import Path

import pytest
from no_files import KINDS, put

from loadgen.files import open_regular, read_regular


@pytest.mark.usefixtures("impatient")
def test_a_regular_file_is_read_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    (tmp_path / "link").symlink_to(path)
    assert read_regular(path, 10) == read_regular(tmp_path / "link", 10) == b"0123456789"
    with pytest.raises(OSError, match="too large"):
        read_regular(path, 9)
    regular = path.stat()
    for kind in KINDS:
        put(tmp_path / kind.replace("/", "-"), kind)
        with pytest.raises(OSError, match=r"not a regular file|Too many levels of symbolic links"):
            open_regular(tmp_path / kind.replace("/", "-"))
    monkeypatch.setattr(Path, "stat", lambda path: regular)  # as it was before another came in its place
    with pytest.raises(OSError, match="not a regular file"):
        open_regular(tmp_path / "pipe")
