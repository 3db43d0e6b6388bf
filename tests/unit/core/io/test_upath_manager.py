"""Managers of files, on the local disk and through fsspec."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from upath import UPath

from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.io.build_context import build_input_context, build_output_context
from dagster._core.io.pythonic import ConfigurableIOManager
from dagster._core.io.upath_manager import UPathIOManager
from dagster._core.records.metadata import MetadataValue

NOTHING = SimpleNamespace(is_nothing=True)


class TextManager(UPathIOManager):
    extension = ".txt"

    def dump_to_path(self, context: Any, obj: Any, path: Any) -> None:
        path.write_text(obj)

    def load_from_path(self, context: Any, path: Any) -> str:
        return path.read_text()


class AsyncManager(UPathIOManager):
    async def dump_to_path(self, context: Any, obj: Any, path: Any) -> None:
        await asyncio.sleep(0)
        path.write_text(obj)

    async def load_from_path(self, context: Any, path: Any) -> str:
        await asyncio.sleep(0)
        return path.read_text()


def files(base: Path) -> list[str]:
    return sorted(str(p.relative_to(base)) for p in base.rglob("*") if p.is_file())


@pytest.fixture
def memory_base() -> str:
    return f"memory://{uuid.uuid4().hex}"


def output(**arguments: Any) -> Any:
    return build_output_context(**{"step_key": "s", "name": "r", "run_id": "R", **arguments})


def test_paths_of_outputs_and_assets(tmp_path: Path) -> None:
    manager = TextManager(base_path=UPath(tmp_path))
    for context in (
        output(),
        output(mapping_key="k", name="d"),
        output(version="v"),
        build_output_context(asset_key=["a", "b"]),
        build_output_context(asset_key=["a", "c"], partition_key="2020-01-01"),
    ):
        manager.handle_output(context, "x")
    assert files(tmp_path) == [
        "R/s/d/k.txt",
        "R/s/r.txt",
        "a/b.txt",
        "a/c/2020-01-01.txt",
        "versioned_outputs/v/s/r.txt",
    ]


def test_round_trip_and_metadata(tmp_path: Path) -> None:
    class WithMetadata(TextManager):
        def get_metadata(self, context: Any, obj: Any) -> dict[str, Any]:
            return {"length": len(obj)}

    manager = WithMetadata(tmp_path)
    context = output()
    assert not manager.has_output(context)
    manager.handle_output(context, "hello")
    assert manager.has_output(context)
    assert context.get_logged_metadata() == {
        "path": MetadataValue.path(str(tmp_path / "R/s/r.txt")),
        "length": MetadataValue.int(5),
    }
    assert manager.load_input(build_input_context(upstream_output=context)) == "hello"
    assert manager.load_input(build_input_context(upstream_output=output())) == "hello"


def test_a_value_is_overwritten(tmp_path: Path) -> None:
    class Appending(TextManager):
        def dump_to_path(self, context: Any, obj: Any, path: Any) -> None:
            with path.open("a") as file:
                file.write(obj)

    manager = Appending(tmp_path)
    manager.handle_output(output(), "one")
    manager.handle_output(output(), "two")
    assert manager.load_input(build_input_context(upstream_output=output())) == "two"


def test_on_another_file_system(memory_base: str) -> None:
    manager = TextManager(memory_base)
    context = output(mapping_key="../k")
    manager.handle_output(context, "hello")
    assert manager.load_input(build_input_context(upstream_output=context)) == "hello"
    assert (UPath(memory_base) / "R/s/r/..%2Fk.txt").read_text() == "hello"
    assert type(manager.fs).__name__ == "MemoryFileSystem"
    assert manager.storage_options == {}
    assert context.get_logged_metadata()["path"].value.startswith(memory_base)
    with pytest.raises(FileNotFoundError, match=r"no file memory://.*zz"):
        manager.load_input(build_input_context(upstream_output=output(step_key="zz")))


def test_the_local_file_system(tmp_path: Path) -> None:
    manager = TextManager(str(tmp_path))
    assert type(manager.fs).__name__ == "LocalFileSystem"
    assert manager.storage_options == {}


def test_the_default_is_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    TextManager().handle_output(output(), "x")
    assert files(tmp_path) == ["R/s/r.txt"]


def test_a_missing_value_tells_what_and_where(tmp_path: Path) -> None:
    manager = TextManager(tmp_path)
    cases = [
        (
            build_input_context(upstream_output=output()),
            f'the output "r" of step "s" in run R: there is no file {tmp_path}/R/s/r.txt.',
        ),
        (
            build_input_context(upstream_output=output(mapping_key="k")),
            f'the output "r[k]" of step "s" in run R: there is no file {tmp_path}/R/s/r/k.txt.',
        ),
        (
            build_input_context(asset_key=["a", "b"]),
            f'the asset "a/b": there is no file {tmp_path}/a/b.txt.',
        ),
        (
            build_input_context(asset_key="a", partition_key="p"),
            f'the asset "a", partition "p": there is no file {tmp_path}/a/p.txt.',
        ),
    ]
    for context, sentence in cases:
        with pytest.raises(FileNotFoundError) as caught:
            manager.load_input(context)
        assert f"No stored value for {sentence}" in str(caught.value)
        assert "Either that step has not run" in str(caught.value)


def test_another_missing_file_is_not_confused_with_the_value(tmp_path: Path) -> None:
    class Elsewhere(TextManager):
        def load_from_path(self, context: Any, path: Any) -> str:
            return (tmp_path / "nowhere").read_text()

    manager = Elsewhere(tmp_path)
    manager.handle_output(output(), "x")
    with pytest.raises(FileNotFoundError, match=r"nowhere"):
        manager.load_input(build_input_context(upstream_output=output()))


def test_nothing_is_neither_stored_nor_loaded(tmp_path: Path) -> None:
    manager = TextManager(tmp_path)
    manager.handle_output(output(dagster_type=NOTHING), None)
    assert files(tmp_path) == []
    assert (
        manager.load_input(build_input_context(dagster_type=NOTHING, upstream_output=output())) is None
    )
    with pytest.raises(
        DagsterInvariantViolationError, match=r'The output "r" of step "s" is of type Nothing, '
    ):
        manager.handle_output(output(dagster_type=NOTHING), 3)


def test_coroutines(tmp_path: Path) -> None:
    manager = AsyncManager(tmp_path)
    manager.handle_output(output(), "x")
    assert manager.load_input(build_input_context(upstream_output=output())) == "x"


def test_coroutines_while_a_loop_runs(tmp_path: Path) -> None:
    manager = AsyncManager(tmp_path)

    async def main() -> str:
        manager.handle_output(output(), "x")
        return manager.load_input(build_input_context(upstream_output=output()))

    assert asyncio.run(main()) == "x"


def test_a_value_that_can_be_awaited_is_not(tmp_path: Path) -> None:
    class Future:
        def __await__(self) -> Any:
            raise AssertionError

    future = Future()

    class Futures(TextManager):
        def load_from_path(self, context: Any, path: Any) -> Any:
            return future

    assert Futures(tmp_path).load_input(build_input_context(upstream_output=output())) is future


def test_subclasses_choose_their_paths(tmp_path: Path) -> None:
    class Chosen(TextManager):
        def get_asset_relative_path(self, context: Any) -> Any:
            return UPath("assets") / super().get_asset_relative_path(context)

        def get_op_output_relative_path(self, context: Any) -> Any:
            return "ops/one"

        def get_path_for_partition(self, context: Any, path: Any, partition: str) -> Any:
            return path / "parts" / partition

    manager = Chosen(tmp_path)
    manager.handle_output(build_output_context(asset_key="a"), "x")
    manager.handle_output(build_output_context(asset_key="a", partition_key="p/q"), "x")
    manager.handle_output(output(), "x")
    assert files(tmp_path) == ["assets/a.txt", "assets/a/parts/p%2Fq.txt", "ops/one.txt"]


@pytest.mark.parametrize("way_out", ["../x", "/etc/x", "a/../../x"])
@pytest.mark.parametrize("base", ["local", "memory"])
def test_paths_of_subclasses_may_not_lead_out(
    tmp_path: Path, memory_base: str, base: str, way_out: str
) -> None:
    class Out(TextManager):
        def get_op_output_relative_path(self, context: Any) -> Any:
            return way_out

    manager = Out(tmp_path / "base" if base == "local" else memory_base)
    with pytest.raises(DagsterInvariantViolationError, match=r"expected a path below"):
        manager.handle_output(output(), "x")
    with pytest.raises(DagsterInvariantViolationError, match=r"expected a path below"):
        manager.load_input(build_input_context(upstream_output=output()))
    assert files(tmp_path) == []


def test_links_that_lead_out_are_refused(tmp_path: Path) -> None:
    base, outside = tmp_path / "base", tmp_path / "outside"
    (base / "R").mkdir(parents=True)
    outside.mkdir()
    (base / "R" / "s").symlink_to(outside)
    (outside / "r.txt").write_text("secret")
    manager = TextManager(base)
    with pytest.raises(DagsterInvariantViolationError, match=r"which leads to .*outside"):
        manager.handle_output(output(), "x")
    with pytest.raises(DagsterInvariantViolationError, match=r"which leads to .*outside"):
        manager.load_input(build_input_context(upstream_output=output()))
    assert files(outside) == ["r.txt"]
    assert (outside / "r.txt").read_text() == "secret"


nasty = st.text(alphabet="./\\%~: \n\0a\ud800é", max_size=10)


@given(parts=st.lists(nasty, min_size=3, max_size=4), asset=st.booleans())
def test_no_identifier_escapes(
    tmp_path_factory: pytest.TempPathFactory, parts: list[str], asset: bool
) -> None:
    tmp_path = tmp_path_factory.mktemp("escape")
    manager = TextManager(tmp_path / "base")
    if asset:
        context = build_output_context(asset_key=parts)
        loading = build_input_context(asset_key=parts)
    else:
        mapping_key = parts[3] if len(parts) > 3 else None
        context = output(run_id=parts[0], step_key=parts[1], name=parts[2], mapping_key=mapping_key)
        loading = build_input_context(upstream_output=context)
    manager.handle_output(context, "x")
    assert [p.name for p in tmp_path.iterdir()] == ["base"]
    assert len(files(tmp_path)) == 1
    assert len(Path(files(tmp_path)[0]).parts) == 1 + len(parts)
    assert manager.load_input(loading) == "x"


def test_an_asset_below_another_is_told(tmp_path: Path) -> None:
    class Bare(TextManager):
        extension = None

    manager = Bare(tmp_path)
    manager.handle_output(build_output_context(asset_key="a"), "x")
    with pytest.raises(
        DagsterInvariantViolationError, match=r'the asset "a/b" at .*a part of that path is a file'
    ):
        manager.handle_output(build_output_context(asset_key=["a", "b"]), "x")
    manager.handle_output(build_output_context(asset_key=["c", "d"]), "x")
    with pytest.raises(
        DagsterInvariantViolationError, match=r'Cannot store the asset "c" at .*is a directory'
    ):
        manager.handle_output(build_output_context(asset_key="c"), "x")
    assert files(tmp_path) == ["a", "c/d"]


def test_an_extension_has_a_dot(tmp_path: Path) -> None:
    class Wrong(TextManager):
        extension = "txt"

    with pytest.raises(
        DagsterInvariantViolationError, match=r"extension of Wrong to be one with its dot"
    ):
        Wrong(tmp_path)


def test_a_subclass_may_compute_its_base_path(tmp_path: Path) -> None:
    class Computed(TextManager):
        def __init__(self) -> None:
            pass

        @property
        def _base_path(self) -> Any:  # type: ignore[override]
            return UPath(tmp_path)

    Computed().handle_output(output(), "x")
    assert files(tmp_path) == ["R/s/r.txt"]


def test_a_configurable_manager_of_files(tmp_path: Path) -> None:
    class Configured(ConfigurableIOManager, UPathIOManager):
        base: str
        extension: ClassVar[str] = ".txt"

        @property
        def _base_path(self) -> Any:  # type: ignore[override]
            return UPath(self.base)

        def dump_to_path(self, context: Any, obj: Any, path: Any) -> None:
            path.write_text(obj)

        def load_from_path(self, context: Any, path: Any) -> str:
            return path.read_text()

    with Configured(base=str(tmp_path)).process_config_and_initialize_cm() as manager:
        manager.handle_output(output(), "x")
        assert manager.load_input(build_input_context(upstream_output=output())) == "x"
    assert files(tmp_path) == ["R/s/r.txt"]


def test_what_a_manager_of_files_sets_up_is_no_config(tmp_path: Path) -> None:
    class SetUp(ConfigurableIOManager, UPathIOManager):
        base: str

        def setup_for_execution(self, context: Any) -> None:
            self._base_path = UPath(self.base)

        def dump_to_path(self, context: Any, obj: Any, path: Any) -> None:
            path.write_text(obj)

        def load_from_path(self, context: Any, path: Any) -> str:
            return path.read_text()

    assert set(SetUp.model_fields) == {"base"}
    with SetUp(base=str(tmp_path)).process_config_and_initialize_cm() as manager:
        manager.handle_output(output(), "x")
    assert files(tmp_path) == ["R/s/r"]


# Values of two runs


@pytest.mark.parametrize("base", ["local", "memory"])
def test_same_value_compares_the_bytes(base: str, tmp_path: Path) -> None:
    root = UPath(tmp_path) if base == "local" else UPath(f"memory://{uuid.uuid4()}")
    manager = TextManager(root)

    def stored(run_id: str, text: str | None) -> Any:
        context = build_output_context(step_key="s", name="result", run_id=run_id)
        if text is not None:
            manager.handle_output(context, text)
        return context

    first = stored("one", "text")
    assert manager.same_value(stored("two", "text"), first) is True
    assert manager.same_value(stored("three", "texT"), first) is False
    assert manager.same_value(stored("four", "longer text"), first) is False
    assert manager.same_value(stored("five", None), first) is None
    assert manager.same_value(first, stored("five", None)) is None
    assert manager.same_value(first, first) is None, "it was stored over the earlier one"
    big = "x" * (1 << 20) + "y"
    assert manager.same_value(stored("six", big), stored("seven", big)) is True
    assert manager.same_value(stored("six", big), stored("seven", big[:-1] + "z")) is False


def test_directories_and_links_are_not_compared(tmp_path: Path) -> None:
    manager = TextManager(UPath(tmp_path))
    one = build_output_context(step_key="s", name="result", run_id="one")
    two = build_output_context(step_key="s", name="result", run_id="two")
    manager.handle_output(one, "text")
    (tmp_path / "two" / "s" / "result.txt").mkdir(parents=True)
    assert manager.same_value(two, one) is None
    (tmp_path / "two" / "s" / "result.txt").rmdir()
    (tmp_path / "two" / "s" / "result.txt").hardlink_to(tmp_path / "one" / "s" / "result.txt")
    assert manager.same_value(two, one) is None, (
        "one file under two names says nothing of the earlier value"
    )
