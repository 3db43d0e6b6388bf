"""Intermediate and system storages as I/O managers, in real runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import IO, Any

import pytest

import dagster._check as check
from dagster._core.definitions.inputs import In
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.outputs import DynamicOut, Out
from dagster._core.definitions.types.dagster_type import DagsterType
from dagster._core.definitions.types.serialization import SerializationStrategy
from dagster._core.errors import (
    DagsterInvalidConfigError,
    DagsterInvariantViolationError,
    DagsterResourceFunctionError,
    DagsterStepOutputNotFoundError,
)
from dagster._core.execution.build_resources import build_resources
from dagster._core.instance.instance import DagsterInstance
from dagster._core.io.build_context import build_input_context, build_output_context
from dagster._core.io.file_manager import LocalFileManager
from dagster._core.records.handles import StepOutputHandle
from dagster._core.records.user_events import DynamicOutput
from dagster._legacy.intermediate_storage import IntermediateStorage
from dagster._legacy.object_store import InMemoryObjectStore
from dagster._legacy.storage_definition import (
    IntermediateStorageDefinition,
    build_intermediate_storage_from_object_store,
    fs_intermediate_storage,
    intermediate_storage,
    mem_intermediate_storage,
)
from dagster._legacy.storage_io_manager import (
    IntermediateStorageIOManager,
    io_manager_for_storage,
    io_manager_from_intermediate_storage,
    io_manager_from_system_storage,
)
from dagster._legacy.system_storage import (
    SystemStorageData,
    SystemStorageDefinition,
    fs_system_storage,
    mem_system_storage,
    system_storage,
)


def files(base: Path) -> list[str]:
    return sorted(str(p.relative_to(base)) for p in base.rglob("*") if p.is_file())


def job_on(io_manager: Any, **more: Any) -> JobDefinition:
    @op
    def one():
        return 1

    @op(out=DynamicOut())
    def many():
        for n in range(2):
            yield DynamicOutput(n, mapping_key=f"k{n}")

    @op
    def plus(x, y):
        return x + y

    @op
    def total(xs, x):
        return sum(xs) + x

    @job(resource_defs={"io_manager": io_manager, **more})
    def numbers():
        first = one()
        total(many().map(lambda n: plus(n, first)).collect(), first)

    return numbers


DEFINITIONS = [mem_intermediate_storage, fs_intermediate_storage, mem_system_storage, fs_system_storage]


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_a_run_with_its_values_in_a_storage(definition: Any, tmp_path: Path) -> None:
    is_file = definition.name == "filesystem"
    config = {"base_dir": str(tmp_path)} if is_file else None
    result = job_on(io_manager_for_storage(definition, config)).execute_in_process()
    assert result.output_for_node("total") == 4
    names = [event.event_type_value for event in result.events_for_node("total")]
    assert names == [
        "STEP_START",
        "OBJECT_STORE_OPERATION",
        "LOADED_INPUT",
        "OBJECT_STORE_OPERATION",
        "LOADED_INPUT",
        "STEP_INPUT",
        "OBJECT_STORE_OPERATION",
        "LOADED_INPUT",
        "STEP_INPUT",
        "STEP_OUTPUT",
        "OBJECT_STORE_OPERATION",
        "HANDLED_OUTPUT",
        "STEP_SUCCESS",
    ]
    run_dir = f"storage/{result.run_id}/intermediates"
    assert files(tmp_path) == (
        [
            f"{run_dir}/many/result/k0",
            f"{run_dir}/many/result/k1",
            f"{run_dir}/one/result",
            f"{run_dir}/plus[k0]/result",
            f"{run_dir}/plus[k1]/result",
            f"{run_dir}/total/result",
        ]
        if is_file
        else []
    )


def test_an_operation_says_what_it_did(tmp_path: Path) -> None:
    result = job_on(
        io_manager_for_storage(fs_intermediate_storage, {"base_dir": str(tmp_path)})
    ).execute_in_process()
    by_message = {
        event.message: event
        for event in result.all_events
        if event.event_type_value == "OBJECT_STORE_OPERATION"
    }
    stored: Any = by_message[
        'Stored intermediate object for output "result" in filesystem object store using pickle.'
    ].event_specific_data
    path = f"{tmp_path}/storage/{result.run_id}/intermediates/total/result"
    assert (stored.op, stored.value_name, stored.address) == ("SET_OBJECT", "result", path)
    assert stored.metadata["key"].value == path
    assert (
        'Retrieved intermediate object for input "x" from filesystem object store using pickle.'
        in by_message
    )


def test_its_config_is_that_of_the_storage(tmp_path: Path) -> None:
    numbers = job_on(io_manager_from_intermediate_storage(fs_intermediate_storage))
    config = {"resources": {"io_manager": {"config": {"base_dir": str(tmp_path)}}}}
    assert numbers.execute_in_process(run_config=config).success
    assert len(files(tmp_path)) == 6
    with pytest.raises(DagsterInvalidConfigError, match="base_directory"):
        numbers.execute_in_process(
            run_config={"resources": {"io_manager": {"config": {"base_directory": "x"}}}}
        )
    system = job_on(io_manager_from_system_storage(fs_system_storage))
    assert system.execute_in_process(run_config=config).success
    assert len(files(tmp_path)) == 12


def test_a_chosen_storage_takes_no_more_config(tmp_path: Path) -> None:
    numbers = job_on(io_manager_for_storage(fs_intermediate_storage, {"base_dir": str(tmp_path)}))
    with pytest.raises(DagsterInvalidConfigError):
        numbers.execute_in_process(
            run_config={"resources": {"io_manager": {"config": {"base_dir": "x"}}}}
        )
    with pytest.raises(DagsterInvalidConfigError, match='Error in config for the storage "filesystem"'):
        io_manager_for_storage(fs_intermediate_storage, {"base_dri": "x"})
    with pytest.raises(check.CheckError, match="storage_def"):
        io_manager_for_storage("filesystem", None)  # type: ignore[arg-type]
    with pytest.raises(check.CheckError, match="intermediate_storage_def"):
        io_manager_from_intermediate_storage(mem_system_storage)  # type: ignore[arg-type]
    with pytest.raises(check.CheckError, match="system_storage_def"):
        io_manager_from_system_storage(mem_intermediate_storage)  # type: ignore[arg-type]


def test_config_goes_through_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def of_team(config: dict[str, str]) -> dict[str, str]:
        return {"base_dir": f"{tmp_path}/{config['team']}"}

    definition = fs_intermediate_storage.configured(of_team, config_schema={"team": str})
    assert job_on(io_manager_for_storage(definition, {"team": "a"})).execute_in_process().success
    assert len(files(tmp_path / "a")) == 6
    with pytest.raises(DagsterInvalidConfigError, match="team"):
        io_manager_for_storage(definition, None)
    monkeypatch.setenv("BASE", str(tmp_path / "env"))
    by_env = io_manager_for_storage(fs_intermediate_storage, {"base_dir": {"env": "BASE"}})
    assert job_on(by_env).execute_in_process().success
    assert len(files(tmp_path / "env")) == 6


def test_the_function_is_told_of_run_resources_and_config() -> None:
    told: list[Any] = []

    @intermediate_storage(required_resource_keys={"bucket"}, config_schema={"prefix": str})
    def bucket_storage(init_context: Any) -> Any:
        told.append(init_context)
        return build_intermediate_storage_from_object_store(init_context.resources.bucket, init_context)

    store = InMemoryObjectStore()
    numbers = job_on(
        io_manager_for_storage(bucket_storage, {"prefix": "p"}, pipeline_def="P", mode_def="M"),
        bucket=store,
    )
    with DagsterInstance.ephemeral() as instance:
        result = numbers.execute_in_process(instance=instance)
        assert told[0].instance is instance
    (context,) = told
    assert context.intermediate_storage_def is bucket_storage
    assert context.intermediate_storage_config == {"prefix": "p"}
    assert (context.pipeline_def, context.mode_def) == ("P", "M")
    assert context.pipeline_run.run_id == context.run_id == result.run_id
    assert f"dagster/storage/{result.run_id}/intermediates/one/result" in store.values


class PlainStorage(IntermediateStorage):
    """A storage that a user wrote: values as they are, no object store."""

    def __init__(self) -> None:
        self.values: dict[StepOutputHandle, Any] = {}
        self.contexts: list[Any] = []

    def set_intermediate(
        self,
        context: Any,
        dagster_type: Any,
        step_output_handle: Any,
        value: Any,
        version: Any = None,
    ) -> None:
        self.contexts.append(context)
        self.values[step_output_handle] = value

    def get_intermediate(self, context: Any, dagster_type: Any, step_output_handle: Any) -> Any:
        self.contexts.append(context)
        return self.values[step_output_handle]

    def has_intermediate(self, context: Any, step_output_handle: Any) -> bool:
        return step_output_handle in self.values

    def copy_intermediate_from_run(self, context: Any, run_id: str, step_output_handle: Any) -> None:
        self.values[step_output_handle] = f"from {run_id}"

    @property
    def is_persistent(self) -> bool:
        return False


def test_a_storage_may_return_bare_values() -> None:
    storage = PlainStorage()
    definition = IntermediateStorageDefinition(
        "plain", False, set(), intermediate_storage_creation_fn=lambda _: storage
    )
    result = job_on(io_manager_from_intermediate_storage(definition)).execute_in_process()
    assert result.output_for_node("total") == 4
    assert storage.values[StepOutputHandle("plus[k1]")] == 2
    assert {context.run_id for context in storage.contexts} == {result.run_id}
    assert not [e for e in result.all_events if e.event_type_value == "OBJECT_STORE_OPERATION"]


def output(run_id: str = "R", **more: Any) -> Any:
    return build_output_context(step_key="step", name="result", run_id=run_id, **more)


def test_outside_of_a_run() -> None:
    manager = IntermediateStorageIOManager(PlainStorage(), "R")
    manager.handle_output(output(), 5)
    assert manager.load_input(build_input_context(upstream_output=output())) == 5
    manager.handle_output(output(mapping_key="k"), 6)
    assert manager.load_input(build_input_context(upstream_output=output(mapping_key="k"))) == 6
    with build_resources(
        {"io": io_manager_from_intermediate_storage(mem_intermediate_storage)}
    ) as resources:
        resources.io.handle_output(output("__EPHEMERAL_RUN_ID"), 7)
        loaded = resources.io.load_input(
            build_input_context(upstream_output=output("__EPHEMERAL_RUN_ID"))
        )
        assert loaded == 7
    with pytest.raises(check.CheckError, match="intermediate_storage"):
        IntermediateStorageIOManager(3, "R")  # type: ignore[arg-type]


def test_a_value_of_another_run_is_taken_over() -> None:
    manager = IntermediateStorageIOManager(PlainStorage(), "R")
    assert manager.load_input(build_input_context(upstream_output=output("Q"))) == "from Q"


def test_missing_values_and_inputs_that_no_output_feeds() -> None:
    manager = IntermediateStorageIOManager(PlainStorage(), "R")
    message = (
        'No value of output "result" of step "step" in the intermediate storage of run R: looked in '
        "PlainStorage. A storage that is not persistent"
    )
    with pytest.raises(DagsterStepOutputNotFoundError, match=re.escape(message)):
        manager.load_input(build_input_context(name="x", upstream_output=output()))
    with pytest.raises(DagsterInvariantViolationError, match='input "x": no output feeds it'):
        manager.load_input(build_input_context(name="x"))


def test_a_lost_file_fails_the_step_and_says_which(tmp_path: Path) -> None:
    @op
    def one():
        return 1

    @op(ins={"x": In()})
    def lose(x):
        for path in (tmp_path / "storage").rglob("one/result"):
            path.unlink()
        return x

    @op
    def two(x, after):
        return x

    @job(
        resource_defs={
            "io_manager": io_manager_for_storage(fs_system_storage, {"base_dir": str(tmp_path)})
        }
    )
    def losing():
        first = one()
        two(first, lose(first))

    with pytest.raises(
        DagsterStepOutputNotFoundError, match=r'of step "one" .* looked in filesystem object store at'
    ):
        losing.execute_in_process()


class Reversed(SerializationStrategy):
    def __init__(self) -> None:
        super().__init__("reversed", write_mode="w", read_mode="r", encoding="utf-8")

    def serialize(self, value: Any, write_file_obj: IO[Any]) -> None:
        write_file_obj.write(value[::-1])

    def deserialize(self, read_file_obj: IO[Any]) -> Any:
        return read_file_obj.read()[::-1]


def test_the_type_of_the_output_says_how_it_is_read_too(tmp_path: Path) -> None:
    text = DagsterType(
        type_check_fn=lambda _context, _value: True, name="T", serialization_strategy=Reversed()
    )

    @op(out=Out(text))
    def write():
        return "abc"

    @op
    def read(x):
        return x

    @job(
        resource_defs={
            "io_manager": io_manager_for_storage(fs_intermediate_storage, {"base_dir": str(tmp_path)})
        }
    )
    def texts():
        read(write())

    result = texts.execute_in_process()
    assert result.output_for_node("read") == "abc"
    stored = tmp_path / "storage" / result.run_id / "intermediates/write/result"
    assert stored.read_text() == "cba"


def test_what_cannot_be_pickled(tmp_path: Path) -> None:
    @op
    def bad():
        return lambda: None

    @job(
        resource_defs={
            "io_manager": io_manager_for_storage(fs_intermediate_storage, {"base_dir": str(tmp_path)})
        }
    )
    def bads():
        bad()

    with pytest.raises(DagsterInvariantViolationError, match="cannot be pickled"):
        bads.execute_in_process()
    assert files(tmp_path) == []


def test_functions_that_return_something_else() -> None:
    wrong = IntermediateStorageDefinition(
        "wrong", False, set(), intermediate_storage_creation_fn=lambda _: 3
    )
    with pytest.raises(DagsterResourceFunctionError) as raised:
        job_on(io_manager_from_intermediate_storage(wrong)).execute_in_process()
    assert 'the intermediate storage "wrong" returns to be an IntermediateStorage, got: 3' in str(
        raised.value.__cause__
    )
    wrong_system = SystemStorageDefinition(
        "wrong", False, set(), system_storage_creation_fn=lambda _: PlainStorage()
    )
    with pytest.raises(DagsterResourceFunctionError) as raised:
        job_on(io_manager_for_storage(wrong_system, None)).execute_in_process()
    assert 'the system storage "wrong" returns to be a SystemStorageData' in str(raised.value.__cause__)


def test_a_system_storage_of_ones_own(tmp_path: Path) -> None:
    storage = PlainStorage()
    told: list[Any] = []

    @system_storage(required_resource_keys={"r"}, name="mine", config_schema={"a": int})
    def make(init_context: Any) -> SystemStorageData:
        told.append(init_context)
        return SystemStorageData(storage, LocalFileManager(str(tmp_path)))

    managers = []

    @op(required_resource_keys={"io_manager"})
    def keep(context):
        managers.append(context.resources.io_manager)
        return 1

    @job(resource_defs={"io_manager": io_manager_for_storage(make, {"a": 1}), "r": "R"})
    def mine():
        keep()

    assert mine.execute_in_process().success
    assert storage.values == {StepOutputHandle("keep"): 1}
    assert managers[0].file_manager.base_dir == str(tmp_path)
    (context,) = told
    assert (context.resources.r, context.system_storage_config) == ("R", {"a": 1})
    assert context.system_storage_def is make
