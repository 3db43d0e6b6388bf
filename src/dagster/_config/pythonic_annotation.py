"""What an annotation means as config, asked without importing pydantic."""

from __future__ import annotations

import sys
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from dagster._config.config_type import Any as AnyConfig
from dagster._config.config_type import Array, ConfigType, Map, Noneable
from dagster._config.resolve import resolve_to_config_type

_PLAIN_CLASSES = frozenset({int, float, bool, str, dict, list})


def is_config_annotation(annotation: Any) -> bool:
    """Return whether an annotation is a subclass of ``Config``.

    A subclass can only exist when the module that defines Config is loaded, so pydantic is never
    imported to find out that there is none.
    """
    pythonic = sys.modules.get("dagster._config.pythonic")
    config_class = getattr(pythonic, "Config", None)
    return (
        config_class is not None
        and isinstance(annotation, type)
        and issubclass(annotation, config_class)
    )


def plain_config_type(annotation: Any) -> ConfigType | None:
    """Return the config type that a plain Python annotation stands for; None if it stands for none.

    Args:
        annotation: ``int``, ``float``, ``bool``, ``str``, ``dict``, ``list``, ``Any``, and lists, dicts and
            options of these.
    """
    if annotation is Any:
        return AnyConfig
    if isinstance(annotation, type) and annotation in _PLAIN_CLASSES:
        return resolve_to_config_type(annotation)
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    inner = [plain_config_type(arg) for arg in args if arg is not type(None)]
    known = [config_type for config_type in inner if config_type is not None]
    if not known or len(known) != len(inner):
        return None
    if origin in (list, Sequence):
        return Array(known[0])
    if origin in (dict, Mapping):
        return Map(known[0], known[1])
    if origin in (typing.Union, types.UnionType) and len(known) == 1 and len(args) == 2:
        return Noneable(known[0])
    return None


def build_typed_config(config_class: Any, config: Any) -> Any:
    """Return processed config as an object of its Config class.

    The class exists, so the module that reads config into it is loaded.

    Raises:
        DagsterInvalidConfigError: If a validator of the class refuses it.
    """
    return sys.modules["dagster._config.pythonic"].construct_config_from_context(config_class, config)
