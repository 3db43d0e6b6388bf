"""The filesystem I/O manager as a config class."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from dagster._core.definitions.resource.build import build_init_resource_context
from dagster._core.definitions.resource.context import InitResourceContext
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.io.build_context import build_input_context, build_output_context
from dagster._core.io.filesystem import PickledObjectFilesystemIOManager
from dagster._core.io.filesystem_config import FilesystemIOManager
from dagster._core.io.io_manager import IOManagerDefinition


def test_it_makes_a_pickling_manager(tmp_path: Path) -> None:
    manager = FilesystemIOManager(base_dir=str(tmp_path)).process_config_and_initialize()
    assert isinstance(manager, PickledObjectFilesystemIOManager)
    context = build_output_context(step_key="s", name="r", run_id="R")
    manager.handle_output(context, 1)
    assert (tmp_path / "R" / "s" / "r").exists()
    assert manager.load_input(build_input_context(upstream_output=context)) == 1


def test_its_definition_is_one_of_an_io_manager(tmp_path: Path) -> None:
    definition = FilesystemIOManager(base_dir=str(tmp_path)).get_resource_definition()
    assert isinstance(definition, IOManagerDefinition)


def test_the_default_is_the_storage_of_the_instance(tmp_path: Path) -> None:
    class Instance:
        def storage_directory(self) -> str:
            return str(tmp_path)

    made = FilesystemIOManager().create_io_manager(build_init_resource_context(instance=Instance()))
    assert made.base_dir == str(tmp_path)
    with pytest.raises(DagsterInvariantViolationError, match=r"FilesystemIOManager has no base_dir"):
        FilesystemIOManager().create_io_manager(InitResourceContext(resource_config={}))


def test_wrong_config_is_refused() -> None:
    wrong: Any = {"base_dirr": "x"}
    with pytest.raises(ValidationError, match=r"base_dirr"):
        FilesystemIOManager(**wrong)


def test_the_other_managers_load_nothing_heavy() -> None:
    code = (
        "import sys; "
        "import dagster._core.io.filesystem, dagster._core.io.upath_manager, dagster._core.io.memory, "
        "dagster._core.io.file_manager, dagster._core.io.build_context; "
        "heavy = {'pydantic', 'fsspec', 'upath', 'pickle', 'tempfile', 'asyncio', 'hashlib', "
        "'concurrent.futures'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
