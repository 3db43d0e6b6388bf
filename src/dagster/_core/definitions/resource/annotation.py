"""How a parameter says that it is a resource, known without loading pydantic."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_origin

if TYPE_CHECKING:
    from dagster._core.definitions.resource.definition import ResourceDefinition

T = TypeVar("T")

RESOURCE_PARAM_IDENTIFIER = "resource_param"

#: Annotation of an op parameter: ``def my_op(db: ResourceParam[Engine])`` asks for the resource ``db``.
ResourceParam = Annotated[T, RESOURCE_PARAM_IDENTIFIER]


class ResourceSource(ABC):
    """An object that is given as a resource and makes its definition itself, such as ConfigurableResource.

    It stands apart from the pydantic classes so that the rest can ask for it without loading them.
    """

    @abstractmethod
    def get_resource_definition(self) -> ResourceDefinition:
        """Return the definition of this resource by itself."""

    @abstractmethod
    def bind_resource_definition(self, keys_by_id: Mapping[int, str]) -> ResourceDefinition:
        """Return the definition of this resource among others.

        Args:
            keys_by_id: The key of each resource given beside it, by ``id()`` of the object. Nested
                resources that are configured at launch are found by it.
        """

    @classmethod
    @abstractmethod
    def default_source(cls) -> ResourceSource:
        """Return the source that the bare class stands for: all of its config comes at launch."""


def is_resource_annotation(annotation: object) -> bool:
    """Return whether an annotation makes a parameter a resource.

    Args:
        annotation: The annotation of a parameter, resolved (not a string).

    Returns:
        True for subclasses of ConfigurableResource and for ``ResourceParam[T]``.
    """
    if isinstance(annotation, type):
        # A generic alias such as list[int] passes isinstance(…, type) but not issubclass.
        return get_origin(annotation) is None and issubclass(annotation, ResourceSource)
    metadata: Any = getattr(annotation, "__metadata__", None)
    if metadata is not None:
        return RESOURCE_PARAM_IDENTIFIER in [item for item in metadata if isinstance(item, str)]
    origin = get_origin(annotation)
    return isinstance(origin, type) and issubclass(origin, ResourceSource)
