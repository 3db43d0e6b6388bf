"""Which Dagster type a Python class stands for, as registered by users."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, overload

import dagster._check as check
from dagster._core.definitions.types.builtins import (
    BOOL,
    FLOAT,
    INT,
    NOTHING,
    STRING,
)
from dagster._core.definitions.types.dagster_type import DagsterType, require_type
from dagster._core.definitions.types.loader import DagsterTypeLoader
from dagster._core.definitions.types.materializer import DagsterTypeMaterializer
from dagster._core.definitions.types.python_object import (
    AnnotatedClassDagsterType,
    PythonObjectDagsterType,
)
from dagster._core.definitions.types.serialization import SerializationStrategy
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._text import expected

T = TypeVar("T", bound=type[Any])

BUILTIN_CLASSES: dict[type, DagsterType] = {
    bool: BOOL,
    float: FLOAT,
    int: INT,
    str: STRING,
    type(None): NOTHING,
}

#: The type of each Python class that was registered, or that an annotation made one of.
TYPES_OF_CLASSES: dict[type, DagsterType] = {}


def make_python_type_usable_as_dagster_type(python_type: type[Any], dagster_type: DagsterType) -> None:
    """Let a Python class stand for a Dagster type, in annotations and in ``In`` and ``Out``.

    Args:
        python_type: The class.
        dagster_type: The type. A class stands for one type only.

    Raises:
        ParameterCheckError: An argument is of the wrong type.
        DagsterInvalidDefinitionError: The class is a builtin scalar, or stands for another type already:
            registered, or made from an annotation before this call.
    """
    if not isinstance(python_type, type):
        raise check.ParameterCheckError(expected("python_type", "a class", python_type))
    require_type(dagster_type, "dagster_type")
    if python_type in BUILTIN_CLASSES:
        raise DagsterInvalidDefinitionError(
            f"The Python type {python_type} always stands for the builtin Dagster type "
            f"{BUILTIN_CLASSES[python_type].display_name}. Use a subclass of it, or give the Dagster type "
            f"{dagster_type.display_name} to In() or Out() directly."
        )
    known = TYPES_OF_CLASSES.setdefault(python_type, dagster_type)
    if known is dagster_type:
        return
    message = f"A Dagster type has already been registered for the Python type {python_type}. "
    if isinstance(known, AnnotatedClassDagsterType):
        raise DagsterInvalidDefinitionError(
            f'{message}The Dagster type was "auto-registered": a definition used the Python type as an '
            "annotation before make_python_type_usable_as_dagster_type was called, and a Dagster type "
            "was made to correspond to it. Call make_python_type_usable_as_dagster_type before any "
            "definition refers to the Python type."
        )
    raise DagsterInvalidDefinitionError(
        f"{message}make_python_type_usable_as_dagster_type can only be called once on a python type as "
        "it is registering a 1:1 mapping between that python type and a dagster type."
    )


@overload
def usable_as_dagster_type(name: T) -> T: ...
@overload
def usable_as_dagster_type(
    name: str | None = ...,
    description: str | None = ...,
    loader: DagsterTypeLoader | None = ...,
    materializer: DagsterTypeMaterializer | None = ...,
    serialization_strategy: SerializationStrategy | None = ...,
) -> Callable[[T], T]: ...
def usable_as_dagster_type(
    name: Any = None,
    description: str | None = None,
    loader: DagsterTypeLoader | None = None,
    materializer: DagsterTypeMaterializer | None = None,
    serialization_strategy: SerializationStrategy | None = None,
) -> Any:
    """Decorate a class so that it can be used as a Dagster type.

    Args:
        name: Name of the type. Default the name of the class.
        description: Markdown for people.
        loader: Makes values out of run config.
        materializer: Writes values where the ``outputs`` of run config say (older vocabulary).
        serialization_strategy: How values are stored in an intermediate storage. Default pickle.

    Returns:
        The class itself, or a decorator that returns it.
    """

    def decorate(cls: Any) -> Any:
        if not isinstance(cls, type):
            raise check.ParameterCheckError(expected("the decorated object", "a class", cls))
        make_python_type_usable_as_dagster_type(
            cls,
            PythonObjectDagsterType(
                cls,
                name=type_name,
                description=description,
                loader=loader,
                materializer=materializer,
                serialization_strategy=serialization_strategy,
            ),
        )
        return cls

    if isinstance(name, type):  # used without parentheses
        type_name = None
        return decorate(name)
    type_name = check.opt_str_param(name, "name")
    return decorate
