"""Who holds a file is seen by others, and no longer when its process is gone."""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path

import pytest

from dagster._process import file_hold
from dagster._process.file_hold import claim, hold


def opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT)


def can_claim(path: Path) -> bool:
    descriptor = opened(path)
    try:
        return claim(descriptor)
    finally:
        os.close(descriptor)


def test_several_may_hold_and_nobody_can_claim(tmp_path: Path) -> None:
    path = tmp_path / "file"
    first, second = hold(partial(opened, path)), hold(partial(opened, path))
    assert not can_claim(path)
    os.close(first)
    assert not can_claim(path)
    os.close(second)
    assert can_claim(path)
    assert can_claim(path)


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        hold(partial(opened, path))
        os.write(writer, b".")
        signal.pause()
        os._exit(0)
    try:
        assert os.read(reader, 1) == b"."
        assert not can_claim(path)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reader)
        os.close(writer)
    assert can_claim(path)


def test_a_file_that_was_taken_over_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "file"
    gone: list[int] = []

    def open_file() -> int:
        descriptor = opened(path)
        if not gone:
            # Somebody else was faster: it is deleted between opening and holding it.
            path.unlink()
            gone.append(descriptor)
        return descriptor

    held = hold(open_file)
    assert os.fstat(held).st_ino == path.stat().st_ino
    assert not can_claim(path)
    os.close(held)


def test_without_locks_nothing_is_claimed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_hold, "fcntl", None)
    path = tmp_path / "file"
    os.close(hold(partial(opened, path)))
    assert not can_claim(path)
