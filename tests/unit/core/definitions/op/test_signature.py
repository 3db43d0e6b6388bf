"""What the signature of a function says."""

from __future__ import annotations

import functools
from typing import Any, Optional

import pytest

from dagster._config.pythonic import Config
from dagster._core.definitions.op.signature import annotations_of, read_signature
from dagster._core.definitions.resource.annotation import ResourceParam
from dagster._core.definitions.resource.pythonic import ConfigurableResource
from dagster._core.definitions.sentinel import NO_VALUE
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._core.execution.op_context import OpExecutionContext
from dagster._warnings import ConfigArgumentWarning


def names(parameters: Any) -> list[str]:
    return [p.name for p in parameters]


class Db(ConfigurableResource):
    url: str


class Settings(Config):
    n: int


def test_parameters_are_sorted_by_what_they_mean() -> None:
    def fn(
        context, a: int, config: Settings, db: Db, *, b: str = "x", raw: ResourceParam[int]
    ) -> list[int]:
        return []

    signature = read_signature(fn, decorator="@op")
    assert signature.context is not None
    assert signature.context.name == "context"
    assert signature.config is not None
    assert signature.config.annotation is Settings
    assert names(signature.resources) == ["db", "raw"]
    assert names(signature.inputs) == ["a", "b"]
    assert names(signature.parameters) == ["a", "config", "db", "b", "raw"]
    assert [p.keyword_only for p in signature.parameters] == [False, False, False, True, True]
    assert signature.inputs[0].annotation is int
    assert (signature.inputs[0].default, signature.inputs[1].default) == (NO_VALUE, "x")
    assert signature.returns == list[int]


@pytest.mark.parametrize("name", ["context", "_context", "context_", "_", "__"])
def test_names_of_the_context(name: str) -> None:
    scope: dict[str, Any] = {}
    exec(f"def fn({name}, x): pass", scope)
    signature = read_signature(scope["fn"], decorator="@op")
    assert signature.context is not None
    assert signature.context.name == name
    assert names(signature.inputs) == ["x"]


def test_context_by_annotation_and_only_in_the_first_place() -> None:
    def annotated(ctx: OpExecutionContext, x):
        pass

    def second(x, _context):
        pass

    assert names(read_signature(annotated, decorator="@op").inputs) == ["x"]
    assert read_signature(second, decorator="@op").context is None
    assert read_signature(annotated, decorator="@graph", has_context=False).context is None


def test_required_context() -> None:
    def without():
        pass

    def other(x):
        pass

    for fn in (without, other):
        with pytest.raises(
            DagsterInvalidDefinitionError,
            match=r"does not have required positional parameter 'context'.*test_signature.py",
        ):
            read_signature(fn, decorator="@solid", context_required=True)


def test_kinds_of_parameters() -> None:
    def fn(a, /, b, *, c, **rest):
        pass

    def many(*values, last=1):
        pass

    signature = read_signature(fn, decorator="@op")
    assert [(p.name, p.positional_only, p.keyword_only) for p in signature.inputs] == [
        ("a", True, False),
        ("b", False, False),
        ("c", False, True),
    ]
    assert signature.takes_any_keyword
    assert signature.varargs is None
    assert read_signature(many, decorator="@op").varargs == "values"
    # The same through inspect.signature, which is used for what is no plain function.
    assert read_signature(functools.partial(many), decorator="@op").varargs == "values"
    with pytest.raises(
        DagsterInvalidDefinitionError,
        match=r"@op 'many' decorated function has positional vararg .*values",
    ):
        read_signature(many, decorator="@op").refuse_varargs("@op 'many'", many)


def test_partials_and_callable_objects() -> None:
    def fn(context, a: int, b: str):
        pass

    class Callable_:
        def __call__(self, x: int) -> str:
            return ""

    partial = read_signature(functools.partial(fn, b="x"), decorator="@op")
    assert partial.context is not None
    assert [(p.name, p.default) for p in partial.inputs] == [("a", NO_VALUE), ("b", "x")]
    of_object = read_signature(Callable_(), decorator="@op")
    assert [(p.name, p.annotation) for p in of_object.inputs] == [("x", int)]
    assert of_object.returns is str


def test_wrapped_function_shows_its_own_signature() -> None:
    def fn(context, a: int):
        pass

    @functools.wraps(fn)
    def wrapper(*args, **kwargs):
        return fn(*args, **kwargs)

    signature = read_signature(wrapper, decorator="@op")
    assert names(signature.inputs) == ["a"]
    assert signature.varargs is None


def test_annotations_as_strings_of_module_and_of_closure() -> None:
    class Local:
        pass

    def fn(a: int | None, b: Local, c: Missing) -> Local:  # type: ignore[name-defined]  # noqa: F821
        return Local()

    resolved = annotations_of(fn)
    assert resolved["a"] == Optional[int]  # noqa: UP045 - the older form
    # `Local` is a free variable of the function, because its body uses it.
    assert resolved.get("b", NO_VALUE) is Local
    assert "c" not in resolved
    assert annotations_of(lambda x: x) == {}


def test_none_annotation_means_the_type_of_none() -> None:
    def fn(x):
        pass

    fn.__annotations__ = {"x": None, "return": None}
    assert annotations_of(fn) == {"x": type(None), "return": type(None)}


def test_config_that_is_no_config_class_is_an_input_with_a_warning() -> None:
    def fn(config: set):
        pass

    with pytest.warns(ConfigArgumentWarning, match="is not annotated with a subclass of Config"):
        signature = read_signature(fn, decorator="@op")
    assert names(signature.inputs) == ["config"]


@pytest.mark.parametrize("annotation", [dict, int, list, Any, list[int], dict[str, Any], int | None])
def test_config_of_a_plain_type_is_config(annotation: Any) -> None:
    def fn(config: annotation):
        pass

    signature = read_signature(fn, decorator="@op")
    assert signature.config is not None
    assert signature.inputs == []


def test_a_parameter_named_config_that_is_named_as_an_input_is_one() -> None:
    def fn(config: dict):
        pass

    signature = read_signature(fn, decorator="@op", input_names={"config"})
    assert signature.config is None
    assert names(signature.inputs) == ["config"]


def test_a_default_of_the_config_parameter_is_refused() -> None:
    def fn(config: dict = {}):  # noqa: B006
        pass

    with pytest.raises(DagsterInvalidDefinitionError, match="default value for its parameter 'config'"):
        read_signature(fn, decorator="@op")
