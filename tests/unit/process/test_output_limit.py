"""What a file keeps of a stream, and where it is cut."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster._process.output_limit import OutputLimit, end_of_kept, unfinished_bytes


@pytest.fixture
def file(tmp_path: Path):
    descriptor = os.open(tmp_path / "log", os.O_RDWR | os.O_CREAT | os.O_APPEND)
    yield descriptor
    os.close(descriptor)


def content(descriptor: int) -> bytes:
    os.lseek(descriptor, 0, os.SEEK_SET)
    return os.read(descriptor, 1_000_000)


@given(st.text(min_size=1), st.data())
def test_no_character_is_cut_in_two(text: str, data: st.DataObject) -> None:
    raw = text.encode()
    most = data.draw(st.integers(1, len(raw)))
    kept = raw[: end_of_kept(most, raw[max(0, most - 4) : most])]
    assert text.startswith(kept.decode())
    assert most - 3 <= len(kept) <= most


@given(st.binary(max_size=8))
def test_any_bytes_have_an_end(data: bytes) -> None:
    assert 0 <= unfinished_bytes(data) <= min(3, len(data))


def test_what_is_within_the_limit_stays(file: int) -> None:
    limit = OutputLimit(file, 5)
    os.write(file, b"12345")
    assert limit.cut(0) is None
    limit.finish()
    assert content(file) == b"12345"


def test_the_rest_is_counted(file: int) -> None:
    limit = OutputLimit(file, 5)
    os.write(file, b"1234567")
    assert limit.cut(2) is None
    assert limit.cut(1) == 5
    os.write(file, b"89" * 1_000)
    limit.finish()
    assert content(file).decode().split("\n") == [
        "12345",
        "[dagster] 2,002 more bytes were written here and not kept: max_bytes_per_stream is 5.",
        "",
    ]


def test_a_line_that_is_over_gets_no_second_end(file: int) -> None:
    limit = OutputLimit(file, 5)
    os.write(file, b"1234\n67")
    limit.finish()
    assert content(file).startswith(b"1234\n[dagster] 2 more bytes")


def test_a_character_is_left_out_whole(file: int) -> None:
    limit = OutputLimit(file, 4)
    os.write(file, "abc\N{GRINNING FACE}".encode())
    limit.finish()
    assert content(file).startswith(b"abc\n[dagster] 4 more bytes")


def test_what_was_there_before_stays(file: int) -> None:
    os.write(file, b"0123456789")
    limit = OutputLimit(file, 5)
    limit.finish()
    assert content(file) == b"0123456789"
    limit = OutputLimit(file, 5)
    os.write(file, b"abc")
    limit.finish()
    assert content(file).startswith(b"0123456789\n[dagster] 3 more bytes")
