"""The document "Execution": every name it lists, and its run config schema, filled in.

``multiprocess_executor`` comes with a later issue.
"""

from __future__ import annotations

import importlib
import json
import logging
import pickle

import pytest

import dagster
from dagster import (
    AssetMaterialization,
    DagsterEventType,
    DagsterInvalidConfigError,
    Field,
    InputDefinition,
    Int,
    ModeDefinition,
    OutputDefinition,
    PythonObjectDagsterType,
    dagster_type_loader,
    dagster_type_materializer,
    default_executors,
    default_intermediate_storage_defs,
    default_system_storage_defs,
    execute_pipeline,
    execute_pipeline_iterator,
    execute_solid,
    execute_solid_within_pipeline,
    execute_solids_within_pipeline,
    fs_intermediate_storage,
    fs_system_storage,
    in_process_executor,
    logger,
    mem_intermediate_storage,
    mem_system_storage,
    pipeline,
    resource,
    solid,
)

NAMES = {
    "dagster": [
        "execute_pipeline",
        "execute_pipeline_iterator",
        "reexecute_pipeline",
        "reexecute_pipeline_iterator",
        "execute_solid",
        "execute_solid_within_pipeline",
        "execute_solids_within_pipeline",
        "reconstructable",
        "PipelineExecutionResult",
        "SolidExecutionResult",
        "CompositeSolidExecutionResult",
        "DagsterEvent",
        "DagsterEventType",
        "mem_system_storage",
        "fs_system_storage",
        "default_system_storage_defs",
        "mem_intermediate_storage",
        "fs_intermediate_storage",
        "default_intermediate_storage_defs",
        "in_process_executor",
        "default_executors",
        "SystemComputeExecutionContext",
        "TypeCheckContext",
        "HookContext",
        "AssetStoreContext",
    ],
    "dagster.core.execution.context.compute": [
        "SolidExecutionContext",
        "AbstractComputeExecutionContext",
    ],
}


@pytest.mark.parametrize(("module", "name"), [(m, n) for m, names in NAMES.items() for n in names])
def test_names_of_the_document(module: str, name: str):
    assert getattr(importlib.import_module(module), name) is not None


def test_contexts_are_the_same_under_both_paths():
    compute = importlib.import_module("dagster.core.execution.context.compute")
    assert compute.SolidExecutionContext is dagster.SolidExecutionContext
    assert issubclass(compute.SolidExecutionContext, compute.AbstractComputeExecutionContext)


def test_defaults_of_the_document():
    assert default_system_storage_defs == [mem_system_storage, fs_system_storage]
    assert default_intermediate_storage_defs == [mem_intermediate_storage, fs_intermediate_storage]
    assert in_process_executor in default_executors
    mode = ModeDefinition()
    assert list(mode.system_storage_defs) == default_system_storage_defs
    assert list(mode.intermediate_storage_defs) == default_intermediate_storage_defs
    assert list(mode.executor_defs) == default_executors


class Payload:
    def __init__(self, text: str) -> None:
        self.text = text


written: list[tuple[str, str]] = []


@dagster_type_loader({"text": str})
def load_payload(_context, config):
    return Payload(config["text"])


@dagster_type_materializer({"place": str})
def write_payload(_context, config, value):
    written.append((config["place"], value.text))
    return AssetMaterialization("payload")


PayloadType = PythonObjectDagsterType(
    Payload, name="SeedPayload", loader=load_payload, materializer=write_payload
)


@resource(config_schema={"unit": str})
def unit(init_context):
    return init_context.resource_config["unit"]


log_configs: list[object] = []


@logger(config_schema={"prefix": str})
def remembering_logger(init_context):
    log_configs.append(init_context.logger_config)
    return logging.getLogger("seed_execution_api")


@solid(
    config_schema={"times": Int, "ending": Field(str, default_value=".")},
    required_resource_keys={"unit"},
    input_defs=[InputDefinition("payload", PayloadType), InputDefinition("count", Int)],
    output_defs=[OutputDefinition(PayloadType)],
)
def repeat(context, payload, count):
    text = payload.text * context.solid_config["times"] * count
    return Payload(text + context.resources.unit + context.solid_config["ending"])


@solid(output_defs=[OutputDefinition(Int)])
def length(_, payload):
    return len(payload.text)


@pipeline(
    mode_defs=[
        ModeDefinition(resource_defs={"unit": unit}, logger_defs={"remember": remembering_logger})
    ]
)
def configured_pipeline():
    length(repeat())


def run_config(tmp_path):
    return {
        "execution": {"in_process": {"config": {"retries": {"disabled": {}}}}},
        "loggers": {"remember": {"config": {"prefix": "x"}}},
        "resources": {"unit": {"config": {"unit": "m"}}},
        "solids": {
            "repeat": {
                "config": {"times": 2},
                "inputs": {"payload": {"text": "ab"}, "count": {"value": 2}},
                "outputs": [{"result": {"place": "somewhere"}}],
            },
            "length": {
                "outputs": [
                    {"result": {"pickle": {"path": str(tmp_path / "length.pickle")}}},
                    {"result": {"json": {"path": str(tmp_path / "length.json")}}},
                ]
            },
        },
        "storage": {"filesystem": {"config": {"base_dir": str(tmp_path / "storage")}}},
    }


def test_run_config_schema(tmp_path):
    written.clear()
    log_configs.clear()
    result = execute_pipeline(configured_pipeline, run_config(tmp_path))
    assert result.success
    assert result.output_for_solid("repeat").text == "ababababm."
    assert result.output_for_solid("length") == 10
    assert written == [("somewhere", "ababababm.")]
    assert json.loads((tmp_path / "length.json").read_text())["value"] == 10
    assert pickle.loads((tmp_path / "length.pickle").read_bytes()) == 10
    assert log_configs == [{"prefix": "x"}]
    assert any((tmp_path / "storage").rglob("*"))
    materialized = result.result_for_solid("repeat").materializations_during_compute
    assert [m.asset_key.path for m in materialized] == [["payload"]]


def test_run_config_schema_refuses_with_every_path(tmp_path):
    config = run_config(tmp_path)
    config["solids"]["repeat"]["config"] = {"times": "two"}
    config["resources"] = {"unit": {"config": {"unti": "m"}}}
    config["storage"] = {"file_system": {}}
    with pytest.raises(DagsterInvalidConfigError) as caught:
        execute_pipeline(configured_pipeline, config)
    message = str(caught.value)
    assert "solids → repeat → config → times" in message
    assert "resources → unit → config" in message
    assert "unti" in message
    assert "filesystem" in message
    assert len(caught.value.errors) >= 3


def test_execute_pipeline_iterator(tmp_path):
    events = list(execute_pipeline_iterator(configured_pipeline, run_config(tmp_path)))
    kinds = [event.event_type for event in events]
    assert kinds[0] is DagsterEventType.PIPELINE_START
    assert kinds[-1] is DagsterEventType.PIPELINE_SUCCESS
    assert [e.step_key for e in events if e.is_step_success] == ["repeat", "length"]


def test_execute_solid():
    result = execute_solid(length, input_values={"payload": Payload("abc")})
    assert result.success
    assert result.output_value() == 3


def test_execute_solid_within_pipeline():
    result = execute_solid_within_pipeline(
        configured_pipeline,
        "length",
        inputs={"payload": Payload("abcd")},
        run_config={"resources": {"unit": {"config": {"unit": "m"}}}},
    )
    assert result.output_value() == 4


def test_execute_solids_within_pipeline():
    results = execute_solids_within_pipeline(
        configured_pipeline,
        {"repeat", "length"},
        inputs={"repeat": {"payload": Payload("x"), "count": 3}},
        run_config={
            "resources": {"unit": {"config": {"unit": "m"}}},
            "solids": {"repeat": {"config": {"times": 1, "ending": "!"}}},
        },
    )
    assert set(results) == {"repeat", "length"}
    assert results["repeat"].output_value().text == "xxxm!"
    assert results["length"].output_value() == 5
