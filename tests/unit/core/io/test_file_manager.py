"""File managers."""

from __future__ import annotations

import io
import os
import pickle
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster._check import ParameterCheckError
from dagster._core.definitions.resource.build import build_init_resource_context
from dagster._core.definitions.resource.context import InitResourceContext
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.io.file_handle import FileHandle, LocalFileHandle
from dagster._core.io.file_manager import FileManager, LocalFileManager, local_file_manager
from dagster._core.storage import file_manager as documented


@pytest.fixture
def manager(tmp_path: Path) -> LocalFileManager:
    return LocalFileManager(str(tmp_path / "files"))


def test_the_example_of_the_internals_document(manager: LocalFileManager) -> None:
    fh_1 = manager.write_data(b"foo")
    with tempfile.NamedTemporaryFile("w+") as fd:
        fd.write("bar")
        fd.seek(0)
        fh_2 = manager.write(fd, mode="w", ext=".txt")
    assert manager.read_data(fh_1) == b"foo"
    assert manager.read_data(fh_2) == b"bar"
    fd = manager.read(fh_2, mode="r")
    assert fd.read() == "bar"
    fd.close()
    assert fh_2.path.endswith(".txt")


def test_read_is_a_context_manager_too(manager: LocalFileManager) -> None:
    with manager.read(manager.write_data(b"foo")) as file:
        assert file.read() == b"foo"
    assert file.closed


def test_files_are_made_in_the_directory(manager: LocalFileManager) -> None:
    assert not os.path.exists(manager.base_dir)
    handles = [manager.write_data(b"x") for _ in range(3)]
    assert {os.path.dirname(handle.path) for handle in handles} == {manager.base_dir}
    assert len({handle.path for handle in handles}) == 3
    manager.ensure_base_dir_exists()


def test_a_stream_is_copied_from_where_it_stands(manager: LocalFileManager) -> None:
    stream = io.BytesIO(b"0123")
    stream.seek(2)
    assert manager.read_data(manager.write(stream)) == b"23"


def test_more_than_one_chunk(manager: LocalFileManager) -> None:
    data = os.urandom(3 << 20)
    assert manager.read_data(manager.write(io.BytesIO(data))) == data


def test_text_is_utf_8_and_unchanged(manager: LocalFileManager) -> None:
    handle = manager.write(io.StringIO("é\r\n\n", newline=""), mode="w")
    assert manager.read_data(handle) == "é\r\n\n".encode()


@pytest.mark.parametrize(
    ("ext", "end"), [(".txt", ".txt"), ("txt", ".txt"), ("tar.gz", ".tar.gz"), (None, ""), ("", "")]
)
def test_extensions(manager: LocalFileManager, ext: str | None, end: str) -> None:
    for handle in (manager.write_data(b"x", ext=ext), manager.write(io.BytesIO(b"x"), ext=ext)):
        assert "".join(Path(handle.path).suffixes) == end


@given(st.text(alphabet="./\\a~:\n\0%"))
def test_no_extension_leads_out(tmp_path_factory: pytest.TempPathFactory, ext: str) -> None:
    base = tmp_path_factory.mktemp("ext")
    manager = LocalFileManager(str(base / "files"))
    try:
        handle = manager.write_data(b"x", ext=ext)
    except DagsterInvariantViolationError:
        assert list(base.iterdir()) == []
        return
    assert os.path.dirname(os.path.realpath(handle.path)) == os.path.realpath(manager.base_dir)


@pytest.mark.parametrize("ext", ["/../../x", "..", "a/b", "a\0", "x" * 101, "a\n", " "])
def test_unsafe_extensions_are_refused(manager: LocalFileManager, ext: str) -> None:
    with pytest.raises(
        DagsterInvariantViolationError, match=r"Letters, digits, _, - and single dots are allowed"
    ):
        manager.write_data(b"x", ext=ext)


def test_modes_that_do_not_fit_are_refused(manager: LocalFileManager) -> None:
    handle = manager.write_data(b"x")
    with pytest.raises(
        DagsterInvariantViolationError, match='expected mode to be "r" or "rb", got: \'w\''
    ):
        manager.read(handle, mode="w")
    with pytest.raises(
        DagsterInvariantViolationError, match='expected mode to be "w" or "wb", got: \'r\''
    ):
        manager.write(io.BytesIO(), mode="r")
    with pytest.raises(
        DagsterInvariantViolationError, match=r'give str with mode="w", got: bytes. Use mode="wb"'
    ):
        manager.write(io.BytesIO(b"x"), mode="w")
    with pytest.raises(
        DagsterInvariantViolationError, match=r'give bytes with mode="wb", got: str. Use mode="w"'
    ):
        manager.write(io.StringIO("x"))
    assert os.listdir(manager.base_dir) == [os.path.basename(handle.path)]


def test_wrong_arguments_are_refused(manager: LocalFileManager) -> None:
    with pytest.raises(ParameterCheckError, match=r"expected data to be"):
        manager.write_data("x")  # type: ignore[arg-type]
    with pytest.raises(ParameterCheckError, match=r"an open file .use write_data for bytes."):
        manager.write(b"x")  # type: ignore[arg-type]
    with pytest.raises(ParameterCheckError, match=r"expected file_handle to be a LocalFileHandle"):
        manager.read_data("path")  # type: ignore[arg-type]
    with pytest.raises(ParameterCheckError):
        LocalFileHandle(3)  # type: ignore[arg-type]


def test_temporary_copies(manager: LocalFileManager) -> None:
    handle = manager.write_data(b"foo", ext=".csv")
    copies = [manager.copy_handle_to_local_temp(handle) for _ in range(2)]
    assert len(set(copies)) == 2
    for copy in copies:
        assert Path(copy).read_bytes() == b"foo"
        assert copy.endswith(".csv")
        assert os.path.dirname(copy) != manager.base_dir
    os.remove(copies[0])
    manager.delete_local_temp()
    assert not any(os.path.exists(copy) for copy in copies)
    assert manager.read_data(handle) == b"foo"
    manager.delete_local_temp()


def test_a_handle_is_a_value() -> None:
    handle = LocalFileHandle("/a/b")
    assert (handle.path, handle.path_desc) == ("/a/b", "/a/b")
    assert handle == LocalFileHandle("/a/b")
    assert handle != LocalFileHandle("/a/c")
    assert len({handle, LocalFileHandle("/a/b")}) == 1
    assert repr(handle) == "LocalFileHandle('/a/b')"
    assert pickle.loads(pickle.dumps(handle)) == handle
    assert isinstance(handle, FileHandle)


def test_the_interface_is_abstract() -> None:
    with pytest.raises(TypeError):
        FileHandle()  # type: ignore[abstract]
    with pytest.raises(TypeError):
        FileManager()  # type: ignore[abstract]


def test_the_resource(tmp_path: Path) -> None:
    configured = local_file_manager.configured({"base_dir": str(tmp_path / "x")})
    made = configured(build_init_resource_context())
    assert isinstance(made, LocalFileManager)
    assert made.base_dir == str(tmp_path / "x")


def test_the_resource_uses_the_storage_of_the_instance(tmp_path: Path) -> None:
    class Instance:
        def storage_directory(self) -> str:
            return str(tmp_path / "storage")

        def file_manager_directory(self, run_id: str) -> str:
            return str(tmp_path / run_id / "files")

    made: Any = local_file_manager(build_init_resource_context(instance=Instance()))
    assert made.base_dir == str(tmp_path / "storage" / "file_manager")
    assert LocalFileManager.for_instance(Instance(), "r1").base_dir == str(tmp_path / "r1" / "files")


def test_the_resource_without_a_directory_says_what_to_do() -> None:
    with pytest.raises(
        DagsterInvariantViolationError, match=r"local_file_manager.configured\(.*instance"
    ):
        local_file_manager.resource_fn(InitResourceContext(resource_config={}))


def test_the_documented_import_path_gives_the_same_objects() -> None:
    for name in documented.__all__:
        assert getattr(documented, name) in (
            FileHandle,
            FileManager,
            LocalFileHandle,
            LocalFileManager,
            local_file_manager,
        )
    assert len(documented.__all__) == 5
