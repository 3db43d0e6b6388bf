"""The 0.9 names of type loaders and materializers."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any

import dagster._check as check
from dagster._core.definitions.types.loader import DagsterTypeLoaderFromDecorator, dagster_type_loader
from dagster._core.definitions.types.materializer import (
    DagsterTypeMaterializer,
    dagster_type_materializer,
)


def input_hydration_config(
    config_schema: Any = None,
    required_resource_keys: AbstractSet[str] | None = None,
    config_cls: Any = None,
) -> Callable[[Callable[[Any, Any], Any]], DagsterTypeLoaderFromDecorator]:
    """Make a type loader of a function ``(context, config_value) -> value``.

    The older name of :func:`dagster_type_loader`.

    Args:
        config_schema: The schema of the config that the function gets.
        required_resource_keys: Keys of the resources that the function uses.
        config_cls: An older name of ``config_schema``.
    """
    return dagster_type_loader(_one_schema(config_schema, config_cls), required_resource_keys)


def output_materialization_config(
    config_schema: Any = None,
    required_resource_keys: AbstractSet[str] | None = None,
    config_cls: Any = None,
) -> Callable[[Callable[[Any, Any, Any], Any]], DagsterTypeMaterializer]:
    """Make a type materializer of a function ``(context, config_value, value)``.

    The older name of :func:`dagster_type_materializer`.

    Args:
        config_schema: The schema of the config that the function gets.
        required_resource_keys: Keys of the resources that the function uses.
        config_cls: An older name of ``config_schema``.
    """
    return dagster_type_materializer(_one_schema(config_schema, config_cls), required_resource_keys)


def _one_schema(config_schema: Any, config_cls: Any) -> Any:
    check.invariant(
        config_schema is None or config_cls is None,
        "expected config_schema or config_cls (its older name), got both. Give one.",
    )
    return check.not_none(
        config_schema if config_schema is not None else config_cls,
        "expected config_schema to be a config schema, got: None",
    )
