"""Which resources are needed, by whom, and whether they are all there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._text import did_you_mean, listed
from dagster._wire.record import Record

if TYPE_CHECKING:
    from dagster._core.definitions.resource.definition import ResourceDefinition


class ResourceRequirement(Record, frozen=True):
    """A resource key and who needs it.

    Args:
        key: The resource key.
        requirer: Who needs it, as it reads in a sentence: ``op "load"``, ``type "Frame"``.
    """

    key: str
    requirer: str

    def describe_missing(self, provided: Collection[str]) -> str:
        """Return the sentence that says that the resource is not there."""
        return (
            f'resource with key "{self.key}" required by {self.requirer} was not provided.'
            f"{did_you_mean(self.key, provided)} Provided: {listed(sorted(provided))}."
        )


def resource_requirements(
    resource_defs: Mapping[str, ResourceDefinition],
) -> Iterator[ResourceRequirement]:
    """Yield what the given resources themselves need."""
    for key, definition in resource_defs.items():
        for required in sorted(definition.required_resource_keys):
            yield ResourceRequirement(required, f'resource with key "{key}"')


def needed_resource_keys(
    resource_defs: Mapping[str, ResourceDefinition], keys: Iterable[str]
) -> set[str]:
    """Return keys with those of all resources that these need, directly or through others.

    Args:
        resource_defs: The resources by key. A key that is missing needs nothing.
        keys: The keys to start from.
    """
    needed: set[str] = set()
    pending = list(keys)
    while pending:
        key = pending.pop()
        if key not in needed:
            needed.add(key)
            if key in resource_defs:
                pending.extend(resource_defs[key].required_resource_keys)
    return needed


def ensure_requirements_satisfied(
    resource_defs: Mapping[str, object], requirements: Iterable[ResourceRequirement]
) -> None:
    """Check that every required resource is provided.

    Args:
        resource_defs: The resources by key.
        requirements: What is needed.

    Raises:
        DagsterInvalidDefinitionError: Resources are missing; the message names every one of them, once
            per definition that needs it.
    """
    provided = resource_defs.keys()
    missing = [item for item in requirements if item.key not in provided]
    if not missing:
        return
    sentences = dict.fromkeys(item.describe_missing(provided) for item in missing)
    keys = dict.fromkeys(item.key for item in missing)
    example = ", ".join(f'"{key}": …' for key in keys)
    raise DagsterInvalidDefinitionError(
        "\n".join(sentences) + f"\nGive it in resource_defs or resources: {{{example}}}."
    )


def find_cycle(dependencies: Mapping[str, Collection[str]]) -> list[str] | None:
    """Return one circle among the keys, its first key repeated at its end, or None."""
    done: set[str] = set()
    for start in dependencies:
        if start in done:
            continue
        path: list[str] = [start]
        on_path = {start}
        pending = [iter(sorted(dependencies.get(start, ())))]
        while pending:
            following = next(pending[-1], None)
            if following is None:
                pending.pop()
                last = path.pop()
                on_path.discard(last)
                done.add(last)
            elif following in on_path:
                return [*path[path.index(following) :], following]
            elif following not in done:
                path.append(following)
                on_path.add(following)
                pending.append(iter(sorted(dependencies.get(following, ()))))
    return None


def refuse_cycle(dependencies: Mapping[str, Collection[str]]) -> None:
    """Refuse resources that need each other in a circle.

    Args:
        dependencies: For each key the keys that it needs.

    Raises:
        DagsterInvalidDefinitionError: With the circle.
    """
    cycle = find_cycle(dependencies)
    if cycle is not None:
        raise DagsterInvalidDefinitionError(
            "resources require each other in a circle: "
            + " → ".join(f'"{key}"' for key in cycle)
            + ". Remove one of these from required_resource_keys, or make one resource of them."
        )


def resolve_init_order(
    resource_defs: Mapping[str, ResourceDefinition], required_keys: Iterable[str]
) -> tuple[str, ...]:
    """Return the keys to initialise, each after those that it needs.

    Args:
        resource_defs: All resources by key.
        required_keys: The keys that are asked for; what they need comes in by itself.

    Returns:
        The keys, in an order that is the same for the same definitions.

    Raises:
        DagsterInvalidDefinitionError: A key is not provided, or resources need each other in a circle.
    """
    asked = sorted(set(required_keys))
    ensure_requirements_satisfied(
        resource_defs, (ResourceRequirement(key, "this execution") for key in asked)
    )
    dependencies: dict[str, list[str]] = {}
    pending = list(asked)
    while pending:
        key = pending.pop()
        if key in dependencies:
            continue
        needed = sorted(resource_defs[key].required_resource_keys)
        ensure_requirements_satisfied(
            resource_defs, (ResourceRequirement(item, f'resource with key "{key}"') for item in needed)
        )
        dependencies[key] = needed
        pending.extend(needed)
    refuse_cycle(dependencies)
    return _ordered(asked, dependencies)


def _ordered(asked: Iterable[str], dependencies: Mapping[str, list[str]]) -> tuple[str, ...]:
    order: dict[str, None] = {}
    for start in asked:
        stack = [start]
        while stack:
            key = stack[-1]
            waiting = [item for item in dependencies[key] if item not in order]
            if key in order or not waiting:
                order.setdefault(stack.pop())
            else:
                stack.extend(reversed(waiting))
    return tuple(order)
