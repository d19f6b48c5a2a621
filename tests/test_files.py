"""Files are there whole or not at all."""

import os
import stat
from pathlib import Path

import pytest

from envs.files import write_bytes, write_text


def test_text_is_written_in_utf_8_into_folders_that_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "text.md"
    write_text(path, "größer → ∞\n")
    assert path.read_bytes() == "größer → ∞\n".encode()


def test_writing_again_replaces_the_content(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_bytes(path, b"a longer content")
    write_bytes(path, b"short")
    assert path.read_bytes() == b"short"


def test_nothing_else_is_left_in_the_folder(tmp_path: Path) -> None:
    write_bytes(tmp_path / "file", b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_others_may_read_the_file(tmp_path: Path) -> None:
    write_bytes(tmp_path / "file", b"content")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o644


@pytest.mark.parametrize("broken", ["os.fsync", "pathlib.Path.replace"])
def test_a_failed_write_leaves_the_old_content_and_nothing_else(
    broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_bytes(path, b"old")

    def fail(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(broken, fail)
    with pytest.raises(KeyboardInterrupt):
        write_bytes(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert [found.name for found in tmp_path.iterdir()] == ["file"]


def test_the_file_has_its_name_only_when_it_is_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, seen = tmp_path / "file", []
    sync = os.fsync

    def look(handle: int) -> None:
        seen.append((path.exists(), os.fstat(handle).st_size))
        sync(handle)

    monkeypatch.setattr(os, "fsync", look)
    write_bytes(path, b"content")
    assert seen == [(False, len(b"content"))]


def test_a_folder_that_is_a_file_is_an_os_error(tmp_path: Path) -> None:
    write_bytes(tmp_path / "file", b"content")
    with pytest.raises(OSError, match="file"):
        write_bytes(tmp_path / "file" / "inside", b"content")
