"""PipelineJob: a pipeline in one of its modes, as the engine runs it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import dagster._check as check
from dagster._config.evaluate import process_config
from dagster._config.shapes import Shape
from dagster._core.definitions.executor import ExecutorDefinition
from dagster._core.definitions.graph.definition import GraphDefinition
from dagster._core.definitions.job.config_problems import ConfigProblems
from dagster._core.definitions.job.config_schema import NodeSchemas
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.definitions.job.resolved_config import ResolvedRunConfig, check_made_config
from dagster._core.definitions.resource.requirement import needed_resource_keys
from dagster._core.definitions.resource.wrap import wrap_resources_for_execution
from dagster._core.definitions.run_config import RunConfig, convert_config_input
from dagster._core.errors import DagsterInvalidDefinitionError, DagsterInvalidSubsetError
from dagster._legacy.run_config_schema import (
    build_pipeline_schema,
    default_name,
    node_schemas,
    resolve_solids,
    with_solids_key,
)
from dagster._legacy.storage_io_manager import io_manager_for_storage

if TYPE_CHECKING:
    from dagster._legacy.mode import ModeDefinition
    from dagster._legacy.pipeline import PipelineDefinition
    from dagster._legacy.storage_definition import StorageDefinition


class PipelineJob(JobDefinition):
    """A pipeline in one of its modes: a job whose run config has the older form.

    Users do not make it; :meth:`PipelineDefinition.get_mode_job` does. Run config chooses the executor and
    the storage: :meth:`for_run` gives the job with the chosen ones in place.

    Args:
        pipeline_def: The pipeline.
        mode_def: The mode.
        intermediate_storage_def: The storage that was chosen, once one was.
        **arguments: As of :class:`JobDefinition`.
    """

    node_word = "solid"
    target_word = "pipeline"

    def __init__(
        self,
        *,
        pipeline_def: PipelineDefinition,
        mode_def: ModeDefinition,
        intermediate_storage_def: StorageDefinition | None = None,
        **arguments: Any,
    ) -> None:
        self.pipeline_def = pipeline_def
        self.mode_definition = mode_def
        self.intermediate_storage_def = intermediate_storage_def
        super().__init__(**arguments)

    @property
    def mode_def(self) -> ModeDefinition:
        """The mode."""
        return self.mode_definition

    @property
    def executor_defs(self) -> Sequence[ExecutorDefinition]:
        """The executors that run config can choose from."""
        given = self._executor_def
        known = self.mode_definition.executor_defs
        if given is None or any(d is given for d in known):
            return known
        return [*(d for d in known if d.name != given.name), given]

    @property
    def executor_def(self) -> ExecutorDefinition:
        """The chosen executor; before a choice, the one used when run config names none."""
        if self._executor_def is not None:
            return self._executor_def
        defs = {d.name: d for d in self.executor_defs}
        return defs[default_name(list(defs)) or next(iter(defs))]

    # Config

    def node_schemas(self) -> NodeSchemas:
        return node_schemas(self.resource_defs)

    @property
    def run_config_schema(self) -> Shape:
        """The schema of the run config, in the older form."""
        if self._schema is None:
            self._schema = build_pipeline_schema(
                graph=self.graph,
                mode=self.mode_definition,
                resource_defs=self.resource_defs,
                logger_defs=self.loggers,
                executor_defs=self.executor_defs,
                open_inputs=self.open_inputs,
                needed_resources=needed_resource_keys(self.resource_defs, self.required_resource_keys),
            )
        return self._schema

    def resolve_run_config(
        self, run_config: Mapping[str, Any] | RunConfig | None = None
    ) -> ResolvedRunConfig:
        given = convert_config_input(run_config) or {}
        config = with_solids_key(given, self.graph)
        if config.get("execution") == {}:
            # As RunConfig has it when it says nothing of the executor.
            config = {key: value for key, value in config.items() if key != "execution"}
        preamble = f"Error in config for {self.describe_target()}"
        values = process_config(self.run_config_schema, config).value_or_raise(preamble, config)
        problems = ConfigProblems()
        ops = resolve_solids(
            self.graph,
            values.get("solids") or {},
            config.get("solids") or {},
            self.node_schemas(),
            problems,
        )
        ((executor_name, execution),) = values["execution"].items()
        executor_def = next(d for d in self.executor_defs if d.name == executor_name)
        stack = ("execution", executor_name, "config")
        resolved = ResolvedRunConfig(
            ops=ops,
            resources={k: entry.get("config") for k, entry in (values.get("resources") or {}).items()},
            loggers={
                name: values["loggers"][name].get("config") for name in config.get("loggers") or {}
            },
            executor=problems.mapped(executor_def, execution.get("config"), stack),
            inputs=values.get("inputs"),
            original=given,
        )
        check_made_config(self, resolved, problems)
        problems.raise_any(preamble, config)
        return resolved

    def for_run(self, run_config: Mapping[str, Any] | RunConfig | None = None) -> Self:
        """Return the job with the executor and the storage that run config chooses.

        A choice that is not valid is left to :meth:`resolve_run_config`, which tells of all problems.
        """
        given = convert_config_input(run_config) or {}
        changes: dict[str, Any] = {}
        executor_def = self._chosen_executor(given)
        if executor_def is not None and executor_def is not self.executor_def:
            changes["executor_def"] = executor_def
        storage_def, config = self._chosen_storage(given)
        if storage_def is not None:
            manager = io_manager_for_storage(
                storage_def, config, pipeline_def=self.pipeline_def, mode_def=self.mode_definition
            )
            changes["intermediate_storage_def"] = storage_def
            changes["resource_defs"] = {**self.given_resource_defs, "io_manager": manager}
        if not changes:
            return self
        chosen = self._copy(**changes)
        if storage_def is not None:
            chosen.validate_resource_requirements_satisfied()
        return chosen

    def _chosen_executor(self, config: Mapping[str, Any]) -> ExecutorDefinition | None:
        name, _ = _selected(config.get("execution"))
        return next((d for d in self.executor_defs if d.name == name), None)

    def _chosen_storage(self, config: Mapping[str, Any]) -> tuple[StorageDefinition | None, Any]:
        """Return the storage to use in place of the I/O manager, and its config as the user wrote it."""
        mode = self.mode_definition
        name, entry = _selected(config.get("intermediate_storage"))
        defs: Sequence[StorageDefinition] = mode.intermediate_storage_defs
        if name is None:
            name, entry = _selected(config.get("storage"))
            defs = mode.system_storage_defs
        if name is None:
            chosen = mode.only_storage_def
        else:
            chosen = next((d for d in defs if d.name == name), None)
        if chosen is None or (chosen.name == "in_memory" and not chosen.is_persistent):
            return None, None  # values stay with the I/O manager, which is in memory by default
        own = entry.get("config") if isinstance(entry, Mapping) else None
        if not process_config(chosen.get_config_field(), {} if own is None else own).success:
            return None, None
        return chosen, own

    # Changed copies

    def _copy(self, **changes: Any) -> Self:
        parts = {
            "pipeline_def": self.pipeline_def,
            "mode_def": self.mode_definition,
            "intermediate_storage_def": self.intermediate_storage_def,
        }
        return super()._copy(**{**parts, **changes})

    def _in_process_form(
        self,
        resource_defs: Mapping[str, object],
        input_values: Mapping[str, object],
        in_memory: bool = True,
    ) -> Self:
        # A mode says where its values are kept.
        return self._copy(
            resource_defs={**self.given_resource_defs, **wrap_resources_for_execution(resource_defs)},
            input_values={**self.input_values, **input_values},
        )

    def get_subset(self, *, op_selection: Iterable[str] | None = None) -> Self:
        if op_selection is None:
            return self
        clauses = list(op_selection)
        try:
            return super().get_subset(op_selection=clauses)
        except DagsterInvalidSubsetError:
            raise
        except DagsterInvalidDefinitionError as error:
            raise DagsterInvalidSubsetError(
                f"The solid selection {clauses!r} makes an invalid part of {self.describe_target()}: {error}"
            ) from error


def mode_job(
    pipeline_def: PipelineDefinition, graph: GraphDefinition, mode_def: ModeDefinition
) -> PipelineJob:
    """Return a pipeline in a mode as a job.

    Args:
        pipeline_def: The pipeline.
        graph: Its graph.
        mode_def: The mode.

    Raises:
        DagsterInvalidDefinitionError: If the mode lacks a resource, or an input cannot be filled.
    """
    check.inst_param(graph, "graph", GraphDefinition)
    job = PipelineJob(
        pipeline_def=pipeline_def,
        mode_def=mode_def,
        graph_def=graph,
        name=pipeline_def.name,
        resource_defs=mode_def.resource_defs,
        logger_defs=mode_def.given_logger_defs,
        description=pipeline_def.description,
        tags=pipeline_def.tags,
        hook_defs=pipeline_def.hook_defs,
        op_retry_policy=pipeline_def.solid_retry_policy,
    )
    try:
        job.validate_resource_requirements_satisfied()
    except DagsterInvalidDefinitionError as error:
        raise DagsterInvalidDefinitionError(
            f'In mode "{mode_def.name}" of {job.describe_target()}: {error}'
        ) from None
    return job


def _selected(value: Any) -> tuple[str | None, Any]:
    """Return the one name and its entry that a selector has; None if it has not exactly one."""
    if isinstance(value, str):
        return value, None
    if not isinstance(value, Mapping) or len(value) != 1:
        return None, None
    ((name, entry),) = value.items()
    return name, entry
