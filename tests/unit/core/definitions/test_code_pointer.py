from __future__ import annotations

import os
import sys

import pytest

from dagster._core.definitions.code_pointer import (
    CodePointer,
    CustomPointer,
    FileCodePointer,
    ModuleCodePointer,
    PackageCodePointer,
    load_python_file,
    load_python_module,
)
from dagster._core.errors import (
    DagsterImportError,
    DagsterInvariantViolationError,
    DagsterUserCodeLoadError,
)
from dagster._wire.codec import deserialize_value, serialize_value


@pytest.fixture(autouse=True)
def _modules_as_before():
    modules, path = dict(sys.modules), list(sys.path)
    yield
    for name in set(sys.modules) - set(modules):
        del sys.modules[name]
    sys.modules.update(modules)
    sys.path[:] = path


@pytest.mark.parametrize(
    "pointer",
    [
        CodePointer.from_module("a.b", "c", "/d"),
        CodePointer.from_python_package("a", "c"),
        CodePointer.from_python_file("a.py", "c", "/d"),
        CustomPointer(ModuleCodePointer("a", "b"), [1, "x"], [["k", {"a": [1]}]]),
    ],
)
def test_pointers_cross_processes(pointer):
    assert deserialize_value(serialize_value(pointer)) == pointer


def test_an_attribute_of_a_module():
    assert ModuleCodePointer("os.path", "join").load_target() is os.path.join
    assert PackageCodePointer("os", "path.join").load_target() is os.path.join
    assert ModuleCodePointer("os.path", "join").describe() == "os.path:join"


def test_an_attribute_of_a_file(tmp_path):
    (tmp_path / "beside_it.py").write_text("value = 'beside'")
    (tmp_path / "some_file_of_jobs.py").write_text("import beside_it\nvalue = beside_it.value\n")
    pointer = FileCodePointer("some_file_of_jobs.py", "value", str(tmp_path))
    assert pointer.load_target() == "beside"
    assert pointer.describe() == "some_file_of_jobs.py::value"
    assert "some_file_of_jobs" in sys.modules


def test_a_module_in_a_working_directory(tmp_path):
    (tmp_path / "module_in_a_directory.py").write_text("value = 5")
    assert ModuleCodePointer("module_in_a_directory", "value", str(tmp_path)).load_target() == 5


def test_a_file_is_loaded_once_until_it_changes(tmp_path):
    file = tmp_path / "changing_file.py"
    file.write_text("value = []")
    one = FileCodePointer(str(file), "value").load_target()
    assert FileCodePointer(str(file), "value").load_target() is one
    file.write_text("value = [1, 2]")
    assert FileCodePointer(str(file), "value").load_target() == [1, 2]


def test_a_file_called_like_a_module_does_not_take_its_place(tmp_path):
    import json

    file = tmp_path / "json.py"
    file.write_text("value = 1")
    module = load_python_file(str(file))
    assert module.value == 1
    assert sys.modules["json"] is json
    assert sys.modules[module.__name__] is module


def test_what_is_not_there_is_told(tmp_path):
    with pytest.raises(
        DagsterInvariantViolationError, match=r'jon not found in module os.path.*Did you mean "join"'
    ):
        ModuleCodePointer("os.path", "jon").load_target()
    with pytest.raises(
        DagsterImportError, match=r"No module named 'no_such_module_x'.*as working directory"
    ):
        ModuleCodePointer("no_such_module_x", "a").load_target()
    with pytest.raises(DagsterImportError, match=f"Looked in the working directory {tmp_path}"):
        ModuleCodePointer("no_such_module_x", "a", str(tmp_path)).load_target()
    with pytest.raises(DagsterImportError, match=r"x.py cannot be read .No such file"):
        FileCodePointer("x.py", "a", str(tmp_path)).load_target()
    text = tmp_path / "jobs.txt"
    text.write_text("")
    with pytest.raises(DagsterImportError, match=r"is not a Python file"):
        FileCodePointer(str(text), "a").load_target()


def test_errors_of_the_code_are_the_users(tmp_path):
    (tmp_path / "broken_file.py").write_text("1 / 0")
    (tmp_path / "importing_file.py").write_text("import no_such_module_y")
    with pytest.raises(DagsterUserCodeLoadError, match=r"broken_file.py: division by zero"):
        load_python_file("broken_file.py", str(tmp_path))
    with pytest.raises(DagsterUserCodeLoadError, match=r"loading module broken_file: division by zero"):
        load_python_module("broken_file", str(tmp_path))
    with pytest.raises(
        DagsterImportError, match=r"importing_file.py: No module named 'no_such_module_y'"
    ):
        load_python_file("importing_file.py", str(tmp_path))
    assert "broken_file" not in sys.modules


def test_a_custom_pointer_needs_a_function():
    pointer = CustomPointer(ModuleCodePointer("os", "sep"), [1])
    with pytest.raises(DagsterInvariantViolationError, match=r"reconstructor os:sep to be callable"):
        pointer.load_target()
    assert pointer.describe() == "os:sep(1)"
