"""Any identifier becomes names that stay below their directory, and no two share one."""

from __future__ import annotations

import os
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster._core.records.path_names import MAX_PART_BYTES, safe_part, safe_parts

NASTY = st.one_of(
    st.text(),
    st.text(alphabet="./\\%:~ \n\0_aé\ud800", max_size=12),
    st.sampled_from(
        ["", ".", "..", "...", "/", "//", "/etc/passwd", "..\\..", "~", "~root", "c:\\x", "%2E"]
    ),
    st.text(min_size=180, max_size=400),
)


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "some_step",
        "outer.inner",
        "op[key]",
        "2020-01-01",
        "with space",
        "é",
        "x" * 200,
        ".hidden",
        "~",
    ],
)
def test_an_ordinary_name_is_kept(name: str) -> None:
    assert safe_part(name) == name


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        ("..", ".%2E"),
        (".", "%2E"),
        ("a/b", "a%2Fb"),
        ("a\\b", "a%5Cb"),
        ("c:", "c%3A"),
        ("50%", "50%25"),
        ("a\nb", "a%0Ab"),
        ("a\0", "a%00"),
        ("end.", "end%2E"),
        ("end ", "end%20"),
        ("", "%_"),
        ("\ud800", "%ED%A0%80"),
    ],
)
def test_an_unsafe_name_is_encoded(name: str, encoded: str) -> None:
    assert safe_part(name) == encoded


@given(NASTY)
def test_a_part_is_one_short_name_below_its_directory(name: str) -> None:
    part = safe_part(name)
    assert part not in ("", ".", "..")
    assert len(part.encode()) <= MAX_PART_BYTES
    assert part.isprintable() or not set(part) & set("\n\r\0/\\")
    assert PurePosixPath("/base", part).parent == PurePosixPath("/base")
    assert PureWindowsPath("c:/base", part).parent == PureWindowsPath("c:/base")
    assert os.path.normpath(os.path.join("/base", part)) == f"/base/{part}"


@given(NASTY, NASTY)
def test_two_names_never_share_an_encoding(one: str, other: str) -> None:
    assert (safe_part(one) == safe_part(other)) == (one == other)


@given(NASTY)
def test_an_encoding_is_not_the_name_of_something_else(name: str) -> None:
    part = safe_part(name)
    if part != name:
        assert safe_part(part) != part


def test_long_names_differ_although_they_begin_alike() -> None:
    one, other = safe_part("x" * 500 + "a"), safe_part("x" * 500 + "b")
    assert one != other
    assert one.startswith("x" * 100)
    assert len(one) <= MAX_PART_BYTES


def test_parts_that_are_not_strings_are_shown_as_such() -> None:
    assert safe_parts(["a", 3]) == ["a", "3"]  # type: ignore[list-item]
