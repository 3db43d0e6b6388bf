"""Paths of log keys: injective, short, and nowhere but below their directory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dagster._core.storage.log_key_paths import (
    directory_of_prefix,
    is_told_by_path,
    key_of_path,
    key_of_text,
    key_text,
    path_of_key,
    starts_with,
)

PARTS = st.one_of(
    st.text(st.characters()),
    st.sampled_from(["", ".", "..", "a.out", "a.err", "a.key", "%", "%~", "%_", "a/b", "x" * 500]),
)
KEYS = st.lists(PARTS, min_size=1, max_size=12)


@given(KEYS)
def test_paths_stay_below(key: list[str]) -> None:
    path = path_of_key(key)
    parts = path.split("/")
    assert not {"", ".", ".."} & set(parts)
    assert len(path.encode()) <= 700
    assert all(len(part.encode()) <= 200 for part in parts)
    assert "\0" not in path
    assert not any(part.endswith((".out", ".err", ".complete", ".key")) for part in parts[:-1])


@given(KEYS, KEYS)
def test_two_keys_have_two_paths(one: list[str], other: list[str]) -> None:
    assert (path_of_key(one) == path_of_key(other)) == (one == other)


@given(KEYS)
def test_keys_come_back(key: list[str]) -> None:
    path = path_of_key(key)
    if is_told_by_path(path):
        assert key_of_path(path) == key
    assert key_of_text(key_text(key)) == key


@given(KEYS, st.integers(0, 12))
def test_a_prefix_has_its_keys(key: list[str], length: int) -> None:
    prefix = key[:length]
    assert starts_with(key, prefix)
    directory = directory_of_prefix(prefix)
    if length < len(key):
        assert not directory or path_of_key(key).startswith(directory + "/")


def test_ordinary_keys_are_plain_paths() -> None:
    assert path_of_key(["run", "compute_logs", "my_op"]) == "run/compute_logs/my_op"
    assert path_of_key(["..", "a/b"]) == ".%2E/a%2Fb"
    assert path_of_key(["a.out", "a.out"]) == "a%2Eout/a.out"


def test_what_is_no_key_is_none() -> None:
    assert key_of_text(b"x") is None
    assert key_of_text(b"{}") is None
    assert key_of_text(b"\xff") is None
