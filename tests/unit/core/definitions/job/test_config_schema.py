"""The schema of run config, as the documented table of it has it."""

from __future__ import annotations

import pytest

from dagster._config.config_type import Array, ConfigType, Noneable, ScalarUnion
from dagster._config.field import Field
from dagster._config.source import StringSource
from dagster._core.definitions.graph.decorator import graph
from dagster._core.definitions.inputs import In
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.logger import logger
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.outputs import Out
from dagster._core.definitions.resource.decorator import resource
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._core.executor.builtin import in_process_executor
from dagster._core.io.input_manager import input_manager
from dagster._core.io.io_manager import io_manager


class Thing:
    pass


@op
def s0() -> int:
    return 1


@op(config_schema={"a": int})
def s1(context, x: int, l: list[int]) -> int:  # noqa: E741
    return 1


@op(config_schema=Field(int, is_required=False))
def s2(context) -> int:
    return 1


@graph
def comp(q: int):
    s1.alias("inner")(q)


@resource(config_schema={"host": StringSource})
def r(_context):
    return None


@resource
def r2(_context):
    return None


@job(resource_defs={"r": r, "r2": r2})
def probe():
    s0()
    s1()
    s2()
    comp()


def kind_of(config_type: ConfigType) -> str:
    if isinstance(config_type, Array):
        return f"array[{kind_of(config_type.inner_type)}]"
    if isinstance(config_type, Noneable):
        return f"noneable {kind_of(config_type.inner_type)}"
    if isinstance(config_type, ScalarUnion):
        return f"scalar_union({config_type.scalar_type.given_name} | {kind_of(config_type.non_scalar_type)})"
    if config_type.given_name is not None and not config_type.has_fields:
        return config_type.given_name
    return config_type.kind.value.lower()


def fields_of(config_type: ConfigType) -> dict[str, Field]:
    if isinstance(config_type, (Array, Noneable)):
        return fields_of(config_type.inner_type)
    if isinstance(config_type, ScalarUnion):
        return fields_of(config_type.non_scalar_type)
    return dict(config_type.fields)


def tree(config_type: ConfigType, indent: str = "") -> list[str]:
    lines = []
    for name, field in sorted(fields_of(config_type).items()):
        how = " required" if field.is_required else " default" if field.default_provided else ""
        lines.append(f"{indent}- {name}: {kind_of(field.config_type)}{how}")
        lines += tree(field.config_type, indent + "  ")
    return lines


#: What we have besides what the table has.
OURS = ("step_execution_mode: ", "reuse_workers: ", "max_steps_per_worker: ")

#: The table.
DOCUMENTED = """\
- execution: strict_shape default
  - config: selector default
    - in_process: strict_shape default
      - marker_to_close: String
      - retries: selector default
        - disabled: strict_shape default
        - enabled: strict_shape default
      - step_dependency_config: strict_shape
        - require_upstream_step_success: Bool default
    - multiprocess: strict_shape default
      - max_concurrent: noneable Int default
      - retries: selector default
        - disabled: strict_shape default
        - enabled: strict_shape default
      - start_method: selector
        - forkserver: strict_shape default
          - preload_modules: array[String]
        - spawn: strict_shape default
      - step_dependency_config: strict_shape
        - require_upstream_step_success: Bool default
      - tag_concurrency_limits: array[strict_shape]
        - key: String required
        - limit: Int required
        - value: scalar_union(String | strict_shape)
          - applyLimitPerUniqueValue: Bool required
- loggers: strict_shape default
  - console: strict_shape
    - config: strict_shape default
      - log_level: String default
      - name: String default
- ops: strict_shape required
  - comp: strict_shape required
    - inputs: strict_shape required
      - q: scalar_union(Int | selector) required
        - json: strict_shape required
          - path: String required
        - pickle: strict_shape required
          - path: String required
        - value: Int required
    - ops: strict_shape required
      - inner: strict_shape required
        - config: strict_shape required
          - a: Int required
        - inputs: strict_shape required
          - l: array[scalar_union(Int | selector)] required
            - json: strict_shape required
              - path: String required
            - pickle: strict_shape required
              - path: String required
            - value: Int required
  - s0: strict_shape default
    - config: Any
  - s1: strict_shape required
    - config: strict_shape required
      - a: Int required
    - inputs: strict_shape required
      - l: array[scalar_union(Int | selector)] required
        - json: strict_shape required
          - path: String required
        - pickle: strict_shape required
          - path: String required
        - value: Int required
      - x: scalar_union(Int | selector) required
        - json: strict_shape required
          - path: String required
        - pickle: strict_shape required
          - path: String required
        - value: Int required
  - s2: strict_shape default
    - config: Int
- resources: strict_shape default
  - io_manager: strict_shape default
    - config: Any
  - r: strict_shape
    - config: strict_shape required
      - host: scalar_union(String | selector) required
        - env: String required
  - r2: strict_shape
    - config: Any
"""


def test_the_schema_is_the_documented_one():
    found = tree(probe.run_config_schema)
    assert [
        line for line in found if not line.strip().removeprefix("- ").startswith(OURS)
    ] == DOCUMENTED.splitlines()
    assert all(any(f"- {name}" in line for line in found) for name in OURS)


def section(job_def, *path):
    found: ConfigType = job_def.run_config_schema
    for name in path:
        found = fields_of(found)[name].config_type
    return tree(found)


def test_a_resource_that_is_used_is_required():
    @op(required_resource_keys={"r", "r2"})
    def asks():
        pass

    @job(resource_defs={"r": r, "r2": r2})
    def asking():
        asks()

    assert [line for line in section(asking, "resources") if not line.startswith(" ")] == [
        "- io_manager: strict_shape default",
        "- r: strict_shape required",
        "- r2: strict_shape default",
    ]


def test_a_resource_that_a_used_one_needs_is_required():
    @resource(required_resource_keys={"r"})
    def outer(_context):
        return None

    @op(required_resource_keys={"outer"})
    def asks():
        pass

    @job(resource_defs={"r": r, "outer": outer})
    def asking():
        asks()

    assert "- r: strict_shape required" in section(asking, "resources")


def test_an_executor_of_the_jobs_own():
    @job(executor_def=in_process_executor)
    def own():
        s0()

    assert [line for line in section(own, "execution") if not line.startswith("    ")] == [
        "- config: strict_shape default",
        "  - marker_to_close: String",
        "  - retries: selector default",
        "  - step_dependency_config: strict_shape",
        "  - step_execution_mode: StepExecutionMode",
    ]


def test_loggers_of_the_jobs_own():
    @logger(config_schema={"file": str})
    def to_file(_context):
        pass

    @job(logger_defs={"file": to_file})
    def own():
        s0()

    assert section(own, "loggers") == [
        "- file: strict_shape",
        "  - config: strict_shape required",
        "    - file: String required",
    ]


def test_inputs_of_the_job_itself():
    @graph
    def outer(x: int, y: int = 3):
        s1(x)
        s1.alias("other")(y)

    made = outer.to_job()
    top = [line for line in section(made, "inputs") if not line.startswith(" ")]
    assert top == ["- x: scalar_union(Int | selector) required", "- y: scalar_union(Int | selector)"]
    given = outer.to_job(name="given", input_values={"x": 1})
    assert [line for line in section(given, "inputs") if not line.startswith(" ")] == top[1:]


def test_managers_have_config_of_inputs_and_outputs():
    @io_manager(output_config_schema={"path": str}, input_config_schema={"columns": [str]})
    def files(_context):
        pass

    @input_manager(input_config_schema={"table": str})
    def tables(_context):
        pass

    @op(out=Out(int, io_manager_key="files"))
    def gives():
        return 1

    @op(ins={"managed": In(input_manager_key="tables"), "fed": In(input_manager_key="files")})
    def takes(managed, fed):
        pass

    @job(resource_defs={"files": files, "tables": tables})
    def managed_job():
        takes(fed=gives())

    assert section(managed_job, "ops", "gives", "outputs") == [
        "- result: strict_shape required",
        "  - path: String required",
    ]
    assert section(managed_job, "ops", "takes", "inputs") == [
        "- fed: strict_shape required",
        "  - columns: array[String] required",
        "- managed: strict_shape required",
        "  - table: String required",
    ]


def test_an_input_that_nothing_can_give_is_refused_when_the_job_is_made():
    @op
    def takes_thing(thing: Thing):
        pass

    with pytest.raises(
        DagsterInvalidDefinitionError, match="Input 'thing' in op 'takes_thing' is not connected"
    ):

        @job
        def wrong():
            takes_thing()
