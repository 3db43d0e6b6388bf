"""Whether an annotation is a pydantic config class, asked without importing pydantic."""

from __future__ import annotations

import sys
from typing import Any


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


def build_typed_config(config_class: Any, config: Any) -> Any:
    """Return processed config as an object of its Config class.

    The class exists, so the module that reads config into it is loaded.

    Raises:
        DagsterInvalidConfigError: If a validator of the class refuses it.
    """
    return sys.modules["dagster._config.pythonic"].construct_config_from_context(config_class, config)
