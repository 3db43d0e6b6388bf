"""What ``context.resources`` is: the resources that one definition asked for, as attributes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, NoReturn

from dagster._core.errors import DagsterUnknownResourceError
from dagster._text import did_you_mean, listed


class IAttachDifferentObjectToOpContext(ABC):
    """A resource whose value on ``context.resources`` differs from the resource itself."""

    @abstractmethod
    def get_object_to_set_on_execution_context(self) -> Any:
        """Return the object that user code sees as ``context.resources.<key>``."""


class Resources:
    """The resources of one context, an attribute per key. It cannot be changed.

    The values lie in the instance's ``__dict__``, so that reading one costs a plain attribute access.

    Args:
        instances: The resource objects by key, as their functions returned them.
    """

    __slots__ = ("__dict__", "_originals")

    def __init__(self, instances: Mapping[str, object]) -> None:
        object.__setattr__(self, "_originals", dict(instances))
        values = self.__dict__
        for key, value in instances.items():
            if isinstance(value, IAttachDifferentObjectToOpContext):
                value = value.get_object_to_set_on_execution_context()
            values[key] = value

    @property
    def original_resource_dict(self) -> Mapping[str, object]:
        """The resource objects by key, before any was replaced by the object it attaches."""
        return self._originals

    def _asdict(self) -> dict[str, Any]:
        """Return the resources by key."""
        return dict(self.__dict__)

    def __getattr__(self, name: str) -> Any:
        known = self.__dict__
        raise DagsterUnknownResourceError(
            name,
            f"Unknown resource `{name}`.{did_you_mean(name, known)} Specify `{name}` as a required "
            "resource on the compute / config function that accessed it: "
            f'required_resource_keys={{"{name}"}}. Resources here: {listed(sorted(known))}.',
        )

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(
            f'Resources cannot be set: tried to set "{name}". Give another resource to the job instead.'
        )

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f'Resources cannot be deleted: tried to delete "{name}".')

    def __repr__(self) -> str:
        return f"Resources({', '.join(f'{key}={value!r}' for key, value in self.__dict__.items())})"


#: The resources of a context that asked for none.
NO_RESOURCES = Resources({})
