"""Check a value against a type in a test, and the types of a job against each other."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Any

from dagster._core.definitions.resource.scoped import NO_RESOURCES, Resources
from dagster._core.definitions.types.builtins import BUILTIN_TYPES
from dagster._core.definitions.types.context import TypeCheckContext
from dagster._core.definitions.types.dagster_type import DagsterType, failed_check
from dagster._core.definitions.types.resolve import resolve_dagster_type
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._core.events.log_manager import DagsterLogManager
from dagster._core.records.run import make_new_run_id
from dagster._core.records.user_events import Failure, TypeCheck
from dagster._text import unknown


class _NoResources:
    """Builds the resources of a check outside a run: none."""

    __slots__ = ()

    def build(self, required_resource_keys: AbstractSet[str] | None) -> Resources:
        return NO_RESOURCES


def check_dagster_type(dagster_type: Any, value: Any) -> TypeCheck:
    """Check a value against a type, outside a run: for tests of types.

    Args:
        dagster_type: A DagsterType, or anything that stands for one, such as ``int`` or ``List[str]``.
        value: The value.

    Returns:
        The result of the check. A Failure that the check function raises is a failed check with its
        description and metadata.

    Raises:
        DagsterInvalidDefinitionError: ``dagster_type`` stands for no type.
        DagsterInvariantViolationError: The check function gave neither a bool nor a TypeCheck.
        DagsterUnknownResourceError: The check function used a resource.
    """
    resolved = resolve_dagster_type(dagster_type)
    run_id = make_new_run_id()
    context = TypeCheckContext(run_id, DagsterLogManager.create(run_id=run_id), _NoResources(), resolved)
    try:
        return resolved.type_check(context, value)
    except Failure as failure:
        return failed_check(failure.description, failure.metadata)


def build_type_map(types: Iterable[DagsterType]) -> dict[str, DagsterType]:
    """Return the types of a job by key: the builtins first, then those given and what they are made of.

    Raises:
        DagsterInvalidDefinitionError: Two different types have the same name.
    """
    by_key: dict[str, DagsterType] = {builtin.key: builtin for builtin in BUILTIN_TYPES}
    by_name: dict[str, DagsterType] = {builtin.key: builtin for builtin in BUILTIN_TYPES}
    for outer in types:
        for dagster_type in (outer, *outer.inner_types):
            by_key.setdefault(dagster_type.key, dagster_type)
            name = dagster_type.name
            if name is not None and by_name.setdefault(name, dagster_type) is not dagster_type:
                raise DagsterInvalidDefinitionError(
                    f'You have created two dagster types with the same name "{name}". Dagster types '
                    "must have unique names: use one object for both, or give one of them another name."
                )
    return by_key


def type_named(types: Iterable[DagsterType], name: str) -> DagsterType:
    """Return the type with a unique name among some.

    Raises:
        DagsterInvalidDefinitionError: No type has the name.
    """
    named = {t.name: t for t in types if t.name is not None}
    if name not in named:
        raise DagsterInvalidDefinitionError(unknown("dagster type", name, named))
    return named[name]
