from __future__ import annotations

from typing import Any

import pytest

from dagster._config.config_type import ConfigType
from dagster._config.resolve import resolve_to_config_type
from dagster._core.definitions.types.materializer import (
    DagsterTypeMaterializer,
    dagster_type_materializer,
    materialize_value,
)
from dagster._core.errors import (
    DagsterInvalidConfigDefinitionError,
    DagsterInvalidDefinitionError,
    DagsterInvariantViolationError,
)
from dagster._core.records.user_events import AssetMaterialization, Materialization

ONE, TWO = AssetMaterialization("one"), AssetMaterialization("two")
OLD = Materialization("old", skip_deprecation_warning=True)


def _given(result: Any) -> DagsterTypeMaterializer:
    return dagster_type_materializer(str)(lambda _c, _config, _v: result)


def test_a_decorated_function_is_a_materializer() -> None:
    @dagster_type_materializer({"path": str}, required_resource_keys={"fs"})
    def write(context: Any, config: Any, value: Any) -> AssetMaterialization:
        return AssetMaterialization([context, config["path"], value])

    assert isinstance(write, DagsterTypeMaterializer)
    assert list(write.schema_type.fields) == ["path"]
    assert write.required_resource_keys() == {"fs"}
    assert [m.asset_key for m in materialize_value(write, "ctx", {"path": "p"}, "v") if m.asset_key] == [
        AssetMaterialization(["ctx", "p", "v"]).asset_key
    ]


@pytest.mark.parametrize(
    ("result", "expected"),
    [(ONE, [ONE]), (OLD, [OLD]), ([ONE, TWO], [ONE, TWO]), ((ONE, OLD), [ONE, OLD]), ([], [])],
)
def test_one_or_several_may_be_returned(result: Any, expected: list[Any]) -> None:
    assert materialize_value(_given(result), None, "c", 1) == expected


def test_they_may_be_yielded() -> None:
    @dagster_type_materializer(str)
    def write(_context: Any, _config: Any, _value: Any) -> Any:
        yield ONE
        yield TWO

    assert materialize_value(write, None, "c", 1) == [ONE, TWO]


@pytest.mark.parametrize("result", [None, "path", 3, [ONE, "path"]])
def test_other_results_are_refused(result: Any) -> None:
    with pytest.raises(DagsterInvariantViolationError) as caught:
        materialize_value(_given(result), None, "c", 1)
    assert 'Type materializer "<lambda>" gave ' in str(caught.value)
    assert "It must return an AssetMaterialization, return a list of them, or yield them." in str(
        caught.value
    )


def test_a_subclass_may_be_used_directly() -> None:
    class Writes(DagsterTypeMaterializer):
        @property
        def schema_type(self) -> ConfigType:
            return resolve_to_config_type(str)

        def materialize_runtime_values(self, context: Any, config_value: Any, runtime_value: Any) -> Any:
            return runtime_value

    assert Writes().required_resource_keys() == frozenset()
    assert materialize_value(Writes(), None, "c", ONE) == [ONE]
    with pytest.raises(DagsterInvariantViolationError, match='Type materializer "Writes" gave 3'):
        materialize_value(Writes(), None, "c", 3)


def test_arguments_are_checked() -> None:
    wrong: Any = lambda _c, _config: 1  # noqa: E731
    with pytest.raises(DagsterInvalidDefinitionError, match="@dagster_type_materializer '<lambda>'"):
        dagster_type_materializer(str)(wrong)
    with pytest.raises(DagsterInvalidConfigDefinitionError):
        dagster_type_materializer(3)
