"""Nothing outside of a base directory is touched."""

from __future__ import annotations

from pathlib import Path

import pytest
from upath import UPath

from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.io.path_guard import check_inside, check_local, local_path


def test_paths_below_the_base_pass(tmp_path: Path) -> None:
    check_local(str(tmp_path), str(tmp_path / "a" / "b"))
    check_local(str(tmp_path), str(tmp_path))
    check_inside(tmp_path, tmp_path / "a")
    check_inside(UPath("memory://base"), UPath("memory://base/a/b"))


def test_the_root_can_be_the_base(tmp_path: Path) -> None:
    check_local("/", str(tmp_path))


@pytest.mark.parametrize("way_out", ["..", "../other", "a/../../x", "/etc/passwd"])
def test_ways_out_are_refused(tmp_path: Path, way_out: str) -> None:
    with pytest.raises(
        DagsterInvariantViolationError, match=r"expected a path below .*does not read or write"
    ):
        check_inside(tmp_path, tmp_path.joinpath(way_out))


def test_a_directory_with_the_same_beginning_is_outside(tmp_path: Path) -> None:
    with pytest.raises(DagsterInvariantViolationError):
        check_local(str(tmp_path / "base"), str(tmp_path / "base2" / "x"))
    with pytest.raises(DagsterInvariantViolationError):
        check_inside(UPath("memory://base"), UPath("memory://base2/x"))


def test_a_symbolic_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    base, outside = tmp_path / "base", tmp_path / "outside"
    base.mkdir()
    outside.mkdir()
    (base / "link").symlink_to(outside)
    with pytest.raises(DagsterInvariantViolationError, match=r"outside"):
        check_inside(base, base / "link" / "file")


def test_the_base_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "base").symlink_to(tmp_path / "real")
    check_inside(tmp_path / "base", tmp_path / "base" / "file")


def test_another_file_system_is_outside(tmp_path: Path) -> None:
    with pytest.raises(DagsterInvariantViolationError):
        check_inside(UPath("memory://base"), tmp_path)


def test_what_is_local() -> None:
    assert local_path(Path("/a/b")) == "/a/b"
    assert local_path(UPath("/a/b")) == "/a/b"
    assert local_path(UPath("file:///a/b")) == "/a/b"
    assert local_path(UPath("memory://a/b")) is None
