"""OpDefinition: the unit of computation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import dagster._check as check
from dagster._config.configurable import convert_user_config_schema
from dagster._core import _upcalls
from dagster._core.definitions.graph.invocation import PendingNodeInvocation
from dagster._core.definitions.inputs import In, InputDefinition
from dagster._core.definitions.naming import check_valid_name
from dagster._core.definitions.node import NodeDefinition
from dagster._core.definitions.op.function import DecoratedOpFunction, OpFunction, RawOpFunction
from dagster._core.definitions.outputs import DynamicOut, Out, OutputDefinition
from dagster._core.definitions.resource.requirement import ResourceRequirement
from dagster._core.records.handles import NodeHandle
from dagster._core.records.retry import RetryPolicy
from dagster._text import expected


class OpDefinition(NodeDefinition):
    """A unit of computation: a function with inputs, outputs, config and resources.

    Most are made with :func:`op`. Called inside the function of a graph or job, it is placed in it;
    called anywhere else, it runs directly and returns what the function returns.

    Args:
        compute_fn: A function ``fn(context, inputs: dict)`` that yields :class:`Output` objects, or
            what the decorator made.
        name: Unique in a job unless aliased. Letters, digits and underscores.
        ins: The inputs by name. The older form is a list of InputDefinition.
        outs: The outputs by name. The older form is a list of OutputDefinition.
        description: For people.
        config_schema: The schema of the config that the op takes.
        required_resource_keys: The resources that it uses.
        tags: Metadata for the executor and for people. Values that are not strings must be JSON.
        version: The older name of ``code_version``.
        retry_policy: When to run it again after a failure.
        code_version: The version of the code.
        pool: The concurrency pool that limits how many of these run at once.

    Raises:
        DagsterInvalidDefinitionError: If names are invalid or not unique.
    """

    node_kind = "op"
    is_graph_job_op_node = True

    def __init__(
        self,
        compute_fn: Callable[..., Any] | OpFunction,
        name: str,
        ins: Mapping[str, In] | list[InputDefinition] | None = None,
        outs: Mapping[str, Out] | list[OutputDefinition] | None = None,
        description: str | None = None,
        config_schema: Any = None,
        required_resource_keys: AbstractSet[str] | None = None,
        tags: Mapping[str, Any] | None = None,
        version: str | None = None,
        retry_policy: RetryPolicy | None = None,
        code_version: str | None = None,
        pool: str | None = None,
        *,
        positional_inputs: list[str] | None = None,
    ) -> None:
        self.function: OpFunction = (
            compute_fn
            if isinstance(compute_fn, (DecoratedOpFunction, RawOpFunction))
            else RawOpFunction(check.callable_param(compute_fn, "compute_fn"))
        )
        input_defs = (
            list(ins)
            if isinstance(ins, (list, tuple))
            else [
                in_.to_definition(in_name)
                for in_name, in_ in check.opt_mapping_param(ins, "ins", str, In).items()
            ]
        )
        if outs is None:
            output_defs = [OutputDefinition()]
        elif isinstance(outs, (list, tuple)):
            output_defs = list(outs)
        else:
            output_defs = [
                out.to_definition(out_name, code_version=code_version)
                for out_name, out in check.mapping_param(outs, "outs", str, Out).items()
            ]
        super().__init__(
            check_valid_name(name, f"{self.node_kind} name"),
            input_defs,
            output_defs,
            description,
            tags,
            positional_inputs,
        )
        if retry_policy is not None and not isinstance(retry_policy, RetryPolicy):
            raise check.ParameterCheckError(expected("retry_policy", "a RetryPolicy", retry_policy))
        self._config_schema = convert_user_config_schema(config_schema)
        self.required_resource_keys: frozenset[str] = (
            frozenset(check.set_param(required_resource_keys, "required_resource_keys", str))
            if required_resource_keys
            else frozenset()
        )
        self.retry_policy = retry_policy
        self.version = code_version or version
        self.pool = pool

    @property
    def compute_fn(self) -> OpFunction:
        """The function of the op, with what is known of how to call it."""
        return self.function

    @property
    def config_schema(self) -> Any:
        """The schema of the op's config, or None if it takes anything."""
        return self._config_schema

    @property
    def code_version(self) -> str | None:
        """The version of the code."""
        return self.version

    @property
    def ins(self) -> Mapping[str, In]:
        """The inputs by name."""
        return {d.name: _in_from_definition(d) for d in self.input_defs}

    @property
    def outs(self) -> Mapping[str, Out]:
        """The outputs by name."""
        return {
            d.name: (DynamicOut if d.is_dynamic else Out)(
                d.dagster_type,
                d.description,
                d.is_required,
                d.io_manager_key,
                d.metadata,
                d.code_version,
            )
            for d in self.output_defs
        }

    @property
    def has_dynamic_outputs_inside(self) -> bool:
        return any(d.is_dynamic for d in self.output_defs)

    def is_from_decorator(self) -> bool:
        """Whether the op was made from a decorated function."""
        return isinstance(self.function, DecoratedOpFunction)

    def get_output_annotation(self) -> Any:
        """Return the annotation of what the decorated function returns."""
        check.invariant(self.is_from_decorator(), f"{self.describe_node()} has no decorated function.")
        assert isinstance(self.function, DecoratedOpFunction)
        return self.function.signature.returns

    def resolve_output_to_origin(
        self, output_name: str, handle: NodeHandle | None
    ) -> tuple[OutputDefinition, NodeHandle | None]:
        """Return an output of the op, and the handle as it was given: an op is the origin itself."""
        return self.output_def_named(output_name), handle

    def resolve_output_to_origin_op_def(self, output_name: str) -> OpDefinition:
        """Return the op that gives an output: this one."""
        self.output_def_named(output_name)
        return self

    def iterate_node_defs(self) -> Iterator[NodeDefinition]:
        yield self

    def iterate_op_defs(self) -> Iterator[OpDefinition]:
        yield self

    def resource_requirements(self) -> Iterator[ResourceRequirement]:
        """Yield the resources that the op, its types and its outputs and inputs need."""
        described = self.describe_node()
        for key in sorted(self.required_resource_keys):
            yield ResourceRequirement(key, described)
        for output_def in self.output_defs:
            if not output_def.dagster_type.is_nothing:
                yield ResourceRequirement(
                    output_def.io_manager_key, f"output '{output_def.name}' of {described}"
                )
        for input_def in self.input_defs:
            if input_def.input_manager_key is not None:
                yield ResourceRequirement(
                    input_def.input_manager_key, f"input '{input_def.name}' of {described}"
                )
        for dagster_type in self.all_dagster_types():
            if dagster_type.is_builtin:
                continue
            described = f"type '{dagster_type.display_name}'"
            for key in sorted(dagster_type.required_resource_keys):
                yield ResourceRequirement(key, described)
            for what in (dagster_type.loader, dagster_type.materializer):
                for key in sorted(what.required_resource_keys()) if what is not None else ():
                    kind = "loader" if what is dagster_type.loader else "materializer"
                    yield ResourceRequirement(key, f"the {kind} of {described}")

    def with_replaced_properties(
        self,
        name: str,
        ins: Mapping[str, In] | None = None,
        outs: Mapping[str, Out] | None = None,
        config_schema: Any = None,
        description: str | None = None,
    ) -> OpDefinition:
        """Return a copy with another name and, where given, other inputs, outputs or config."""
        return type(self)(
            compute_fn=self.function,
            name=name,
            ins=ins if ins is not None else self.input_defs,
            outs=outs if outs is not None else self.output_defs,
            description=description or self.description,
            config_schema=config_schema or self._config_schema,
            required_resource_keys=self.required_resource_keys,
            tags=self.tags,
            retry_policy=self.retry_policy,
            code_version=self.version,
            pool=self.pool,
            positional_inputs=list(self.positional_inputs),
        )

    def copy_for_configured(
        self, name: str, description: str | None, config_schema: Any
    ) -> OpDefinition:
        return self.with_replaced_properties(name, config_schema=config_schema, description=description)

    def call_outside_composition(
        self,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        invocation: PendingNodeInvocation | None = None,
    ) -> Any:
        return _upcalls.invoke_op(self, args, kwargs, invocation)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


def _in_from_definition(definition: InputDefinition) -> In:
    kwargs: dict[str, Any] = {}
    if definition.has_default_value:
        kwargs["default_value"] = definition.default_value
    return In(
        definition.dagster_type,
        description=definition.description,
        metadata=definition.metadata,
        asset_key=definition.asset_key,
        asset_partitions=definition.asset_partitions,
        root_manager_key=definition.input_manager_key,
        input_manager_key=definition.connected_manager_key,
        **kwargs,
    )
