"""Pipelines: solids connected with each other, to be run in one of several modes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, Self, overload

import dagster._check as check
from dagster._core.definitions.config_mapping import ConfigMapping
from dagster._core.definitions.graph.decorator import build_graph
from dagster._core.definitions.graph.definition import GraphDefinition
from dagster._core.definitions.graph.dependency import IDependencyDefinition
from dagster._core.definitions.hook import HookDefinition
from dagster._core.definitions.inputs import InputDefinition, InputMapping
from dagster._core.definitions.node import NodeDefinition
from dagster._core.definitions.outputs import OutputDefinition, OutputMapping
from dagster._core.errors import (
    DagsterInvalidDefinitionError,
    DagsterInvariantViolationError,
)
from dagster._core.records.retry import RetryPolicy
from dagster._legacy.composite_solid import config_mapping_of
from dagster._legacy.mode import ModeDefinition
from dagster._legacy.pipeline_job import PipelineJob, mode_job
from dagster._legacy.preset import PresetDefinition
from dagster._legacy.solid_container import SolidContainer
from dagster._text import listed, unknown

if TYPE_CHECKING:
    from dagster._config.shapes import Shape
    from dagster._core.definitions.resource.definition import ResourceDefinition
    from dagster._core.runner.results import ExecuteInProcessResult


class PipelineDefinition(SolidContainer):
    """Solids connected with each other, to be run in one of several modes.

    Most are made with :func:`pipeline`.

    Args:
        solid_defs: The definitions of the solids in it.
        name: Letters, digits and underscores.
        description: For people.
        dependencies: For each solid (its name, or a :class:`SolidInvocation`), where each of its inputs
            comes from.
        mode_defs: The modes. Default: one, ``"default"``.
        preset_defs: Named ways to run it.
        tags: Tags of it and of its runs. Values that are not strings must be JSON.
        hook_defs: Hooks on every solid.
        input_mappings: Its inputs, given by the ``inputs`` of the run config.
        output_mappings: Its outputs.
        config_mapping: A mapping from a config of its own to that of the solids in it.
        positional_inputs: The order of inputs given by position.
        solid_retry_policy: For solids that have none of their own.

    Raises:
        DagsterInvalidDefinitionError: If names do not fit together, a mode lacks a resource, an input
            cannot be filled, or a preset names an unknown mode.
    """

    node_kind = "pipeline"

    def __init__(
        self,
        solid_defs: Sequence[NodeDefinition] | None = None,
        name: str | None = None,
        description: str | None = None,
        dependencies: Mapping[Any, Mapping[str, IDependencyDefinition]] | None = None,
        mode_defs: Sequence[ModeDefinition] | None = None,
        preset_defs: Sequence[PresetDefinition] | None = None,
        tags: Mapping[str, Any] | None = None,
        hook_defs: AbstractSet[HookDefinition] | None = None,
        input_mappings: Sequence[InputMapping] | None = None,
        output_mappings: Sequence[OutputMapping] | None = None,
        config_mapping: ConfigMapping | None = None,
        positional_inputs: Sequence[str] | None = None,
        solid_retry_policy: RetryPolicy | None = None,
        *,
        _graph: GraphDefinition | None = None,
        _composed: Any = None,
        _parent_graph_def: GraphDefinition | None = None,
    ) -> None:
        if _graph is not None:
            input_mappings, output_mappings = _graph.input_mappings, _graph.output_mappings
            positional_inputs = _graph.positional_inputs
            _composed = (_graph.node_dict, _graph.dependencies)
        elif _composed is None:
            check.sequence_param(solid_defs, "solid_defs", NodeDefinition)
        super().__init__(
            check.opt_str_param(name, "name") or "unnamed",
            description=description,
            node_defs=solid_defs,
            dependencies=dependencies,
            input_mappings=input_mappings,
            output_mappings=output_mappings,
            config=config_mapping,
            tags=tags,
            composition_fn=_graph.composition_fn if _graph is not None else None,
            _composed=_composed,
            _positional_inputs=positional_inputs,
            _parent_graph_def=_parent_graph_def,
        )
        modes = check.opt_sequence_param(mode_defs, "mode_defs", ModeDefinition) or [ModeDefinition()]
        self.mode_definitions: Sequence[ModeDefinition] = list(modes)
        self.preset_defs: Sequence[PresetDefinition] = list(
            check.opt_sequence_param(preset_defs, "preset_defs", PresetDefinition)
        )
        self.hook_defs: frozenset[HookDefinition] = frozenset(
            check.opt_set_param(hook_defs, "hook_defs", HookDefinition)
        )
        self.solid_retry_policy: RetryPolicy | None = check.opt_inst_param(
            solid_retry_policy, "solid_retry_policy", RetryPolicy
        )
        self._modes = _by_name(self.name, "mode", self.mode_definitions)
        self._presets = _by_name(self.name, "preset", self.preset_defs)
        for preset in self.preset_defs:
            self._mode_of_preset(preset)
        self._jobs = {mode.name: mode_job(self, self, mode) for mode in self.mode_definitions}

    # Modes and presets

    @property
    def available_modes(self) -> Sequence[str]:
        """The names of the modes."""
        return list(self._modes)

    @property
    def is_single_mode(self) -> bool:
        """Whether there is one mode only."""
        return len(self._modes) == 1

    @property
    def is_multi_mode(self) -> bool:
        """Whether a run must say its mode."""
        return len(self._modes) > 1

    def has_mode_definition(self, mode: str) -> bool:
        """Whether there is a mode of this name."""
        return mode in self._modes

    def get_default_mode(self) -> ModeDefinition:
        """Return the mode of a pipeline that has only one.

        Raises:
            DagsterInvariantViolationError: If it has several.
        """
        return self.get_mode_definition()

    def get_default_mode_name(self) -> str:
        """Return the first mode's name."""
        return self.mode_definitions[0].name

    def get_mode_definition(self, mode: str | None = None) -> ModeDefinition:
        """Return a mode.

        Args:
            mode: Its name. May be left out if there is one mode only.

        Raises:
            DagsterInvariantViolationError: If there is no such mode, or several and none was named.
        """
        if mode is None:
            if self.is_multi_mode:
                raise DagsterInvariantViolationError(
                    f'Pipeline "{self.name}" has multiple modes (available modes: '
                    f"{listed(self._modes)}) and you have attempted to execute it without naming one: give "
                    "mode=…, or a preset."
                )
            return self.mode_definitions[0]
        found = self._modes.get(mode)
        if found is None:
            raise DagsterInvariantViolationError(
                f'Pipeline "{self.name}": {unknown("mode", mode, self._modes)}'
            )
        return found

    def get_mode_job(self, mode: str | None = None) -> PipelineJob:
        """Return the pipeline in a mode as a job.

        Args:
            mode: The mode's name. May be left out if there is one mode only.

        Raises:
            DagsterInvariantViolationError: If there is no such mode, or several and none was named.
        """
        return self._jobs[self.get_mode_definition(mode).name]

    def has_preset(self, name: str) -> bool:
        """Whether there is a preset of this name."""
        return name in self._presets

    def get_presets(self) -> Sequence[PresetDefinition]:
        """Return the presets."""
        return self.preset_defs

    def get_preset(self, name: str) -> PresetDefinition:
        """Return a preset by name.

        Raises:
            DagsterInvariantViolationError: If there is none.
        """
        found = self._presets.get(check.str_param(name, "name"))
        if found is None:
            raise DagsterInvariantViolationError(
                f'Pipeline "{self.name}": {unknown("preset", name, self._presets)}'
            )
        return found

    def get_mode_of_preset(self, name: str) -> str:
        """Return the name of the mode that a preset runs in."""
        return self._mode_of_preset(self.get_preset(name))

    def _mode_of_preset(self, preset: PresetDefinition) -> str:
        if preset.mode in self._modes:
            return preset.mode
        if not preset.is_mode_given and self.is_single_mode:
            return self.mode_definitions[0].name
        raise DagsterInvalidDefinitionError(
            f'Preset "{preset.name}" of pipeline "{self.name}" names the '
            f"{unknown('mode', preset.mode, self._modes)}"
        )

    # What a mode gives

    def get_run_config_schema(self, mode: str | None = None) -> Shape:
        """Return the schema of the run config in a mode."""
        return self.get_mode_job(mode).run_config_schema

    def get_required_resource_defs_for_mode(self, mode: str) -> Mapping[str, ResourceDefinition]:
        """Return the resources of a mode that something in the pipeline needs."""
        return self.get_mode_job(mode).get_required_resource_defs()

    # Changed copies

    def with_hooks(self, hook_defs: AbstractSet[HookDefinition]) -> Self:  # type: ignore[override]
        """Return the pipeline with more hooks on every solid."""
        return self._copy(hook_defs=self.hook_defs | frozenset(hook_defs))

    def copy(
        self,
        name: str | None = None,
        description: str | None = None,
        input_mappings: Sequence[InputMapping] | None = None,
        output_mappings: Sequence[OutputMapping] | None = None,
        config: ConfigMapping | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Self:
        """Return a copy with some parts replaced."""
        given = {
            "name": name,
            "description": description,
            "input_mappings": input_mappings,
            "output_mappings": output_mappings,
            "config_mapping": config,
            "tags": tags,
        }
        return self._copy(**{key: value for key, value in given.items() if value is not None})

    def _copy(self, **changes: Any) -> Self:
        arguments: dict[str, Any] = {
            "name": self.name,
            "description": self.description,
            "mode_defs": self.mode_definitions,
            "preset_defs": self.preset_defs,
            "tags": self.tags,
            "hook_defs": self.hook_defs,
            "input_mappings": self.input_mappings,
            "output_mappings": self.output_mappings,
            "config_mapping": self.config_mapping,
            "positional_inputs": self.positional_inputs,
            "solid_retry_policy": self.solid_retry_policy,
            "_composed": (
                {node.name: node for node in self.nodes_in_topological_order},
                dict(self.dependencies),
            ),
        }
        made = type(self)(**{**arguments, **changes})
        made.composition_fn = self.composition_fn
        _carry_names(self, made)
        return made

    # Running

    def call_outside_composition(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], invocation: Any = None
    ) -> Any:
        raise DagsterInvariantViolationError(
            f"Attempted to call {self.describe_node()} directly. Pipelines should be invoked by using an "
            f"execution API function (e.g. execute_pipeline({self.name}))."
        )

    def execute_in_process(
        self,
        run_config: Any = None,
        instance: Any = None,
        resources: Mapping[str, object] | None = None,
        raise_on_error: bool = True,
        op_selection: Sequence[str] | None = None,
        run_id: str | None = None,
        input_values: Mapping[str, object] | None = None,
    ) -> ExecuteInProcessResult:
        """Run a pipeline that has one mode, in this process, and return the result as of a job."""
        return self.get_mode_job().execute_in_process(
            run_config=run_config,
            instance=instance,
            resources=resources,
            raise_on_error=raise_on_error,
            op_selection=op_selection,
            run_id=run_id,
            input_values=input_values,
        )


def _by_name(pipeline_name: str, what: str, defs: Sequence[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for definition in defs:
        if definition.name in found:
            raise DagsterInvalidDefinitionError(
                f'Two {what}s seen with the name "{definition.name}" in pipeline "{pipeline_name}". '
                f"Names of {what}s must be unique."
            )
        found[definition.name] = definition
    return found


#: What lets `reconstructable` find the module and the name that a pipeline can be loaded from.
_NAMES = ("__module__", "__name__", "__qualname__", "__doc__", "__wrapped__")


def _carry_names(source: Any, target: Any) -> None:
    for attribute in _NAMES:
        value = source.__dict__.get(attribute)
        if value is not None:
            object.__setattr__(target, attribute, value)


@overload
def pipeline(name: Callable[..., Any], /) -> PipelineDefinition: ...


@overload
def pipeline(
    name: str | None = ...,
    description: str | None = ...,
    mode_defs: Sequence[ModeDefinition] | None = ...,
    preset_defs: Sequence[PresetDefinition] | None = ...,
    tags: Mapping[str, Any] | None = ...,
    hook_defs: AbstractSet[HookDefinition] | None = ...,
    input_defs: Sequence[InputDefinition] | None = ...,
    output_defs: Sequence[OutputDefinition] | None = ...,
    config_schema: Any = ...,
    config_fn: Callable[[Any], Any] | None = ...,
    solid_retry_policy: RetryPolicy | None = ...,
) -> Callable[[Callable[..., Any]], PipelineDefinition]: ...


def pipeline(
    name: Callable[..., Any] | str | None = None,
    description: str | None = None,
    mode_defs: Sequence[ModeDefinition] | None = None,
    preset_defs: Sequence[PresetDefinition] | None = None,
    tags: Mapping[str, Any] | None = None,
    hook_defs: AbstractSet[HookDefinition] | None = None,
    input_defs: Sequence[InputDefinition] | None = None,
    output_defs: Sequence[OutputDefinition] | None = None,
    config_schema: Any = None,
    config_fn: Callable[[Any], Any] | None = None,
    solid_retry_policy: RetryPolicy | None = None,
) -> PipelineDefinition | Callable[[Callable[..., Any]], PipelineDefinition]:
    """Make a pipeline of a function that calls solids.

    The function runs once, now: the calls in it only say what is connected to what. What it returns
    counts only where ``output_defs`` names outputs.

    Args:
        name: The function, or the name. Default: the function's name.
        description: Default: the docstring.
        mode_defs: The modes. Default: one, ``"default"``.
        preset_defs: Named ways to run it.
        tags: Tags of it and of its runs.
        hook_defs: Hooks on every solid.
        input_defs: What to say of inputs beyond the signature.
        output_defs: The outputs. Default: none.
        config_schema: The schema of a config of its own, with ``config_fn``; run config then has it under
            ``solids``, ``config``.
        config_fn: Makes of its own config that of the solids in it, by name.
        solid_retry_policy: For solids that have none of their own.

    Raises:
        DagsterInvalidDefinitionError: If something it needs is missing or contradicts.
    """

    def decorate(fn: Callable[..., Any], given_name: str | None = None) -> PipelineDefinition:
        what = f"@pipeline '{given_name or getattr(fn, '__name__', fn)}'"
        config_mapping = config_mapping_of(what, fn, config_schema, config_fn)
        graph = build_graph(
            fn,
            decorator="@pipeline",
            name=given_name,
            description=description,
            input_defs=input_defs,
            output_defs=output_defs,
            ignore_result=output_defs is None,
        )
        made = PipelineDefinition(
            name=graph.name,
            description=graph.description,
            mode_defs=mode_defs,
            preset_defs=preset_defs,
            tags=tags,
            hook_defs=hook_defs,
            config_mapping=config_mapping,
            solid_retry_policy=solid_retry_policy,
            _graph=graph,
        )
        for attribute in _NAMES:
            value = fn if attribute == "__wrapped__" else getattr(fn, attribute, None)
            object.__setattr__(made, attribute, value)
        return made

    if callable(name):
        return decorate(name)
    given = check.opt_str_param(name, "name")
    return lambda fn: decorate(check.callable_param(fn, "composition_fn"), given)
