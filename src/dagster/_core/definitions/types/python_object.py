"""Types that are checked with ``isinstance``."""

from __future__ import annotations

from typing import Any, Union

import dagster._check as check
from dagster._core.definitions.types.dagster_type import PASSED, DagsterType, failed_check
from dagster._core.records.user_events import TypeCheck
from dagster._text import expected


class PythonObjectDagsterType(DagsterType):
    """A type whose values are the instances of a Python class, or of one of several.

    Args:
        python_type: The class, or a tuple of classes.
        key: Identifies the type. Default the name.
        name: Unique name. Default the name of the class.
        **kwargs: The other arguments of :class:`DagsterType`, but ``type_check_fn``.

    Raises:
        ParameterCheckError: ``python_type`` is not a class or a tuple of classes.
    """

    def __init__(
        self,
        python_type: type | tuple[type, ...],
        key: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        classes = python_type if isinstance(python_type, tuple) else (python_type,)
        if not classes or not all(isinstance(cls, type) for cls in classes):
            raise check.ParameterCheckError(
                expected("python_type", "a class or a tuple of classes", python_type)
            )
        self.python_type = python_type
        #: The class or classes as text, such as ``Union[int, str]``.
        self.type_str = (
            f"Union[{', '.join(cls.__name__ for cls in classes)}]"
            if isinstance(python_type, tuple)
            else python_type.__name__
        )
        kwargs.setdefault("typing_type", Union[classes])  # noqa: UP007 - built from a tuple
        super().__init__(self._check_instance, key=key, name=name or self.type_str, **kwargs)
        self.checked_class = python_type

    def _check_instance(self, _context: Any, value: object) -> TypeCheck | bool:
        return isinstance(value, self.python_type) or self._refused(value)

    def type_check(self, context: Any, value: object) -> TypeCheck:
        return PASSED if isinstance(value, self.python_type) else self._refused(value)

    def _refused(self, value: object) -> TypeCheck:
        return failed_check(
            f"Value of type {type(value)} failed type check for Dagster type {self.display_name}, "
            f"expected value to be of Python type {self.type_str}."
        )


class AnnotatedClassDagsterType(DagsterType):
    """What the engine makes of a Python class that nobody registered. It has no unique name.

    Args:
        python_type: The class, as annotated.
        checked_class: The class to check instances of, or None for a class that cannot be checked
            (a Protocol that is not ``runtime_checkable``): then every value passes.
    """

    def __init__(self, python_type: type, checked_class: type | None) -> None:
        qualified = f"{python_type.__module__}.{python_type.__qualname__}"
        super().__init__(
            self._check_instance,
            key=f"_TypeHintInferred[{qualified}]",
            is_builtin=True,
            description=f"DagsterType created from a type hint for the Python type {qualified}",
            typing_type=python_type,
        )
        self.is_builtin = False
        self.python_type = python_type
        self.checked_class = checked_class
        self._checked_class = checked_class

    @property
    def display_name(self) -> str:
        return self.python_type.__name__

    def _check_instance(self, _context: Any, value: object) -> TypeCheck:
        return self.type_check(_context, value)

    def type_check(self, context: Any, value: object) -> TypeCheck:
        cls = self._checked_class
        if cls is None or isinstance(value, cls):
            return PASSED
        return failed_check(
            f"Value of type {type(value)} failed type check for Dagster type {self.display_name}, "
            f"expected value to be of Python type {cls.__name__}."
        )
