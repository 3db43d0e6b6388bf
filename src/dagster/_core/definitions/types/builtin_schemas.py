"""How builtin types read values from run config and write them where it says.

A value is given as itself, as ``{"value": …}``, or as a file: ``{"json": {"path": …}}`` or
``{"pickle": {"path": …}}``. A JSON file written here holds ``{"value": …}``; when one without that key
is read, the whole document is the value.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any

from dagster._config.config_type import Array, ConfigType, Map, Noneable, ScalarUnion
from dagster._config.evaluate import process_config
from dagster._config.resolve import resolve_to_config_type
from dagster._config.shapes import Permissive, Selector
from dagster._core.definitions.types.loader import DagsterTypeLoader
from dagster._core.definitions.types.materializer import DagsterTypeMaterializer
from dagster._core.records.user_events import AssetMaterialization


def read_json(path: str) -> Any:
    """Return the value in a JSON file."""
    import json

    with open(path, encoding="utf-8") as file:
        try:
            document = json.load(file)
        except ValueError as exc:
            exc.add_note(f'while the JSON file "{path}" was read')
            raise
    return document["value"] if isinstance(document, dict) and "value" in document else document


def read_pickle(path: str) -> Any:
    """Return the value in a pickle file."""
    import pickle

    with open(path, "rb") as file:
        return pickle.load(file)


def write_json(path: str, value: Any) -> None:
    """Write ``{"value": value}`` as JSON. A value that is not JSON leaves the file untouched."""
    import json

    text = json.dumps({"value": value})
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def write_pickle(path: str, value: Any) -> None:
    """Write a value as a pickle. A value that cannot be pickled leaves the file untouched."""
    import pickle

    data = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    with open(path, "wb") as file:
        file.write(data)


def _value_or_file(value_schema: Any) -> Selector:
    return Selector({"value": value_schema, "json": {"path": str}, "pickle": {"path": str}})


def _chosen(config_value: dict[str, Any]) -> Any:
    """Return what a validated ``{"value" | "json" | "pickle": …}`` stands for."""
    ((choice, content),) = config_value.items()
    if choice == "value":
        return content
    return read_json(content["path"]) if choice == "json" else read_pickle(content["path"])


class BuiltinLoader(DagsterTypeLoader):
    """A loader of this module: a schema and the loaders of the parts.

    Args:
        schema: The config type.
        parts: The loaders of the inner types; their required resources are this loader's too.
    """

    def __init__(self, schema: Any, parts: tuple[DagsterTypeLoader, ...] = ()) -> None:
        self._schema_type = resolve_to_config_type(schema)
        self._parts = parts
        self._required = frozenset(key for part in parts for key in part.required_resource_keys())

    @property
    def schema_type(self) -> ConfigType:
        return self._schema_type

    def required_resource_keys(self) -> AbstractSet[str]:
        return self._required


class AnyLoader(BuiltinLoader):
    """Loads ``{"value": anything}`` or a file."""

    def __init__(self) -> None:
        super().__init__(_value_or_file(Any))

    def construct_from_config_value(self, context: Any, config_value: Any) -> Any:
        return _chosen(config_value)


class ScalarLoader(BuiltinLoader):
    """Loads a scalar as itself, as ``{"value": scalar}`` or from a file."""

    def __init__(self, scalar: type) -> None:
        super().__init__(ScalarUnion(scalar_type=scalar, non_scalar_schema=_value_or_file(scalar)))
        self._is_float = scalar is float

    def construct_from_config_value(self, context: Any, config_value: Any) -> Any:
        value = _chosen(config_value) if isinstance(config_value, dict) else config_value
        # config takes 1 for a Float, the type check does not
        return float(value) if self._is_float and type(value) is int else value


class ArrayLoader(BuiltinLoader):
    """Loads an array, item by item, into a list, set or other collection."""

    def __init__(self, inner: DagsterTypeLoader, collect: Callable[[list[Any]], Any] | None) -> None:
        super().__init__(Array(inner.schema_type), (inner,))
        self._collect = collect

    def construct_from_config_value(self, context: Any, config_value: Any) -> Any:
        construct = self._parts[0].construct_from_config_value
        items = [construct(context, item) for item in config_value]
        return items if self._collect is None else self._collect(items)


class TupleLoader(BuiltinLoader):
    """Loads an array into a tuple whose items have a type each."""

    def __init__(self, parts: tuple[DagsterTypeLoader, ...]) -> None:
        super().__init__(Array(resolve_to_config_type(Any)), parts)

    def construct_from_config_value(self, context: Any, config_value: Any) -> Any:
        items: list[Any] = []
        for index, item in enumerate(config_value):
            if index >= len(self._parts):
                items.append(item)  # the type check tells of the wrong length
                continue
            part = self._parts[index]
            # an array has one item type in a schema: each item meets its own schema only here
            checked = process_config(part.schema_type, item).value_or_raise(
                f"Error in config for item {index} of a tuple", item
            )
            items.append(part.construct_from_config_value(context, checked))
        return tuple(items)


class DictLoader(BuiltinLoader):
    """Loads a map, value by value, into a dict."""

    def __init__(self, key: type, inner: DagsterTypeLoader) -> None:
        super().__init__(Map(key, inner.schema_type), (inner,))

    def construct_from_config_value(self, context: Any, config_value: Any) -> Any:
        construct = self._parts[0].construct_from_config_value
        return {key: construct(context, item) for key, item in config_value.items()}


class PermissiveDictLoader(BuiltinLoader):
    """Loads any dict as it is."""

    def __init__(self) -> None:
        super().__init__(Permissive({}))


class NullableLoader(BuiltinLoader):
    """Loads None, or what another loader loads."""

    def __init__(self, inner: DagsterTypeLoader) -> None:
        super().__init__(Noneable(inner.schema_type), (inner,))

    def construct_from_config_value(self, context: Any, config_value: Any) -> Any:
        if config_value is None:
            return None
        return self._parts[0].construct_from_config_value(context, config_value)


class FileMaterializer(DagsterTypeMaterializer):
    """Writes any value as ``{"json": {"path": …}}`` or ``{"pickle": {"path": …}}``."""

    def __init__(self) -> None:
        self._schema_type: ConfigType | None = None

    @property
    def schema_type(self) -> ConfigType:
        if self._schema_type is None:
            self._schema_type = resolve_to_config_type(
                Selector({"json": {"path": str}, "pickle": {"path": str}})
            )
        return self._schema_type

    def materialize_runtime_values(
        self, context: Any, config_value: Any, runtime_value: Any
    ) -> AssetMaterialization:
        ((choice, content),) = config_value.items()
        path = content["path"]
        if choice == "json":
            write_json(path, runtime_value)
        else:
            write_pickle(path, runtime_value)
        return AssetMaterialization.file(path)


ANY_LOADER = AnyLoader()
FILE_MATERIALIZER = FileMaterializer()
