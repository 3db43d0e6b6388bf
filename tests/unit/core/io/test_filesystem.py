"""Pickle files as I/O managers."""

from __future__ import annotations

import os
import threading
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from upath import UPath

from dagster._core.definitions.resource.build import build_init_resource_context
from dagster._core.definitions.resource.context import InitResourceContext
from dagster._core.errors import DagsterInvalidConfigError, DagsterInvariantViolationError
from dagster._core.io.build_context import build_input_context, build_output_context
from dagster._core.io.filesystem import (
    CustomPathPickledObjectFilesystemIOManager,
    PickledObjectFilesystemIOManager,
    custom_path_fs_io_manager,
    fs_io_manager,
)
from dagster._core.records.metadata import MetadataValue


class Instance:
    """What these managers use of an instance."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def storage_directory(self) -> str:
        return str(self.directory)


def output(**arguments: Any) -> Any:
    return build_output_context(**{"step_key": "s", "name": "r", "run_id": "R", **arguments})


def files(base: Path) -> list[str]:
    return sorted(str(p.relative_to(base)) for p in base.rglob("*") if p.is_file())


def test_round_trip(tmp_path: Path) -> None:
    manager = fs_io_manager(build_init_resource_context(config={"base_dir": str(tmp_path)}))
    assert isinstance(manager, PickledObjectFilesystemIOManager)
    assert manager.base_dir == str(tmp_path)
    context = output()
    manager.handle_output(context, {"a": [1]})
    assert files(tmp_path) == ["R/s/r"]
    assert context.get_logged_metadata() == {"path": MetadataValue.path(f"{tmp_path}/R/s/r")}
    assert manager.load_input(build_input_context(upstream_output=context)) == {"a": [1]}
    assert manager.has_output(context)


def test_configured_and_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configured = fs_io_manager.configured({"base_dir": str(tmp_path)})
    assert configured(build_init_resource_context()).base_dir == str(tmp_path)
    monkeypatch.setenv("SOME_BASE", str(tmp_path / "env"))
    made = fs_io_manager(build_init_resource_context(config={"base_dir": {"env": "SOME_BASE"}}))
    assert made.base_dir == str(tmp_path / "env")


@pytest.mark.parametrize("definition", [fs_io_manager, custom_path_fs_io_manager])
def test_the_default_is_the_storage_of_the_instance(tmp_path: Path, definition: Any) -> None:
    made = definition(build_init_resource_context(instance=Instance(tmp_path)))
    assert made.base_dir == str(tmp_path)
    with pytest.raises(
        DagsterInvariantViolationError, match=r"io_manager has no base_dir and there is no instance"
    ):
        definition.resource_fn(InitResourceContext(resource_config={}))
    with pytest.raises(DagsterInvalidConfigError, match=r"base_dirr"):
        definition(build_init_resource_context(config={"base_dirr": "x"}))


def test_overwriting(tmp_path: Path) -> None:
    manager = PickledObjectFilesystemIOManager(str(tmp_path))
    manager.handle_output(output(), 1)
    manager.handle_output(output(), 2)
    assert manager.load_input(build_input_context(upstream_output=output())) == 2
    assert files(tmp_path) == ["R/s/r"]


def test_a_failed_write_keeps_the_earlier_value(tmp_path: Path) -> None:
    manager = PickledObjectFilesystemIOManager(str(tmp_path))
    manager.handle_output(output(), 1)
    with pytest.raises(
        DagsterInvariantViolationError, match=r"type _thread.lock cannot be pickled.*mem_io_manager"
    ):
        manager.handle_output(output(), threading.Lock())
    assert manager.load_input(build_input_context(upstream_output=output())) == 1
    assert files(tmp_path) == ["R/s/r"]


def test_a_missing_value_tells_path_step_and_output(tmp_path: Path) -> None:
    manager = PickledObjectFilesystemIOManager(str(tmp_path))
    with pytest.raises(FileNotFoundError) as caught:
        manager.load_input(build_input_context(upstream_output=output()))
    assert str(caught.value).startswith(
        f'No stored value for the output "r" of step "s" in run R: there is no file {tmp_path}/R/s/r.'
    )


def test_the_base_does_not_follow_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    manager = PickledObjectFilesystemIOManager("base")
    monkeypatch.chdir(tmp_path / "elsewhere")
    manager.handle_output(output(), 1)
    assert files(tmp_path) == ["base/R/s/r"]
    assert PickledObjectFilesystemIOManager().base_dir == os.getcwd()


@pytest.mark.parametrize("as_path", [False, True])
def test_on_another_file_system(as_path: bool) -> None:
    address = f"memory://{uuid.uuid4().hex}"
    manager = PickledObjectFilesystemIOManager(UPath(address) if as_path else address)
    manager.handle_output(output(), 1)
    assert (UPath(address) / "R" / "s" / "r").exists()
    assert manager.load_input(build_input_context(upstream_output=output())) == 1
    with pytest.raises(DagsterInvariantViolationError, match=r"cannot be pickled"):
        manager.handle_output(output(), lambda: 1)
    assert manager.load_input(build_input_context(upstream_output=output())) == 1
    with pytest.raises(FileNotFoundError, match=r"No stored value for"):
        manager.load_input(build_input_context(upstream_output=output(name="other")))


def test_a_local_address(tmp_path: Path) -> None:
    manager = PickledObjectFilesystemIOManager(f"file://{tmp_path}")
    manager.handle_output(output(), 1)
    assert files(tmp_path) == ["R/s/r"]
    assert manager.load_input(build_input_context(upstream_output=output())) == 1
    assert PickledObjectFilesystemIOManager(UPath(tmp_path)).base_dir == str(tmp_path)


def test_a_wrong_base_dir() -> None:
    with pytest.raises(
        DagsterInvariantViolationError, match=r"expected base_dir to be a path or an address, got: 3"
    ):
        PickledObjectFilesystemIOManager(3)  # type: ignore[arg-type]


def test_links_that_lead_out_are_refused(tmp_path: Path) -> None:
    base, outside = tmp_path / "base", tmp_path / "outside"
    (base / "R" / "s").mkdir(parents=True)
    PickledObjectFilesystemIOManager(str(outside)).handle_output(output(), "evil")
    (base / "R" / "s" / "r").symlink_to(outside / "R" / "s" / "r")
    manager = PickledObjectFilesystemIOManager(str(base))
    with pytest.raises(DagsterInvariantViolationError, match=r"nor through symbolic links"):
        manager.load_input(build_input_context(upstream_output=output()))


@given(st.lists(st.text(max_size=12), min_size=3, max_size=3), st.integers())
def test_any_identifier_any_value(
    tmp_path_factory: pytest.TempPathFactory, parts: list[str], value: int
) -> None:
    base = tmp_path_factory.mktemp("any")
    manager = PickledObjectFilesystemIOManager(str(base))
    context = output(run_id=parts[0], step_key=parts[1], name=parts[2])
    manager.handle_output(context, value)
    assert len(files(base)) == 1
    assert manager.load_input(build_input_context(upstream_output=context)) == value


def test_parallel_writers_never_mix(tmp_path: Path) -> None:
    manager = PickledObjectFilesystemIOManager(str(tmp_path))
    seen: list[Any] = []

    def write(number: int) -> None:
        for _ in range(20):
            manager.handle_output(output(), [number] * 5000)
            seen.append(manager.load_input(build_input_context(upstream_output=output())))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 80
    assert all(len(value) == 5000 and len(set(value)) == 1 for value in seen)
    assert files(tmp_path) == ["R/s/r"]


def custom(base: Path) -> CustomPathPickledObjectFilesystemIOManager:
    return custom_path_fs_io_manager(build_init_resource_context(config={"base_dir": str(base)}))


@pytest.mark.parametrize("path", ["sub/x.pickle", MetadataValue.path("sub/x.pickle")])
def test_custom_path(tmp_path: Path, path: Any) -> None:
    manager = custom(tmp_path)
    context = output(definition_metadata={"path": path})
    manager.handle_output(context, 5)
    assert files(tmp_path) == ["sub/x.pickle"]
    assert context.get_logged_metadata() == {"path": MetadataValue.path(f"{tmp_path}/sub/x.pickle")}
    assert manager.load_input(build_input_context(upstream_output=context)) == 5
    manager.handle_output(output(definition_metadata={"path": path}), 6)
    assert manager.load_input(build_input_context(upstream_output=context)) == 6


@pytest.mark.parametrize("metadata", [{}, {"path": 3}, {"path": ""}])
def test_custom_path_needs_a_path(tmp_path: Path, metadata: dict[str, Any]) -> None:
    context = output(definition_metadata=metadata)
    for use in (
        lambda: custom(tmp_path).handle_output(context, 1),
        lambda: custom(tmp_path).load_input(build_input_context(upstream_output=context)),
    ):
        with pytest.raises(DagsterInvariantViolationError) as caught:
            use()
        assert 'the output "r" of step "s"' in str(caught.value)
        assert 'Out(metadata={"path": "some/file.pickle"})' in str(caught.value)


@pytest.mark.parametrize("path", ["../x", "/etc/x"])
def test_custom_path_stays_below_its_base(tmp_path: Path, path: str) -> None:
    with pytest.raises(DagsterInvariantViolationError, match=r"expected a path below"):
        custom(tmp_path / "base").handle_output(output(definition_metadata={"path": path}), 1)
    assert files(tmp_path) == []


def test_custom_path_of_what_is_missing(tmp_path: Path) -> None:
    context = output(definition_metadata={"path": "x"})
    with pytest.raises(
        FileNotFoundError, match=f'output "r" of step "s" in run R: there is no file {tmp_path}/x'
    ):
        custom(tmp_path).load_input(build_input_context(upstream_output=context))
    with pytest.raises(
        DagsterInvariantViolationError, match=r'cannot load the input "i": no output feeds it'
    ):
        custom(tmp_path).load_input(build_input_context(name="i"))
