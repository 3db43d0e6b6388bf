"""@op: inputs, outputs and the rest from signature and arguments."""

import functools
from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from typing import Any, Optional

import pytest

import dagster._check as check
from dagster._config.pythonic import Config
from dagster._core.definitions.inputs import In, InputDefinition
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.op.definition import OpDefinition
from dagster._core.definitions.outputs import DynamicOut, MultiOut, Out, OutputDefinition
from dagster._core.definitions.resource.pythonic import ConfigurableResource
from dagster._core.definitions.types.builtins import Nothing
from dagster._core.errors import DagsterInvalidConfigError, DagsterInvalidDefinitionError
from dagster._core.records.retry import RetryPolicy
from dagster._core.records.user_events import DynamicOutput, Output


class Frame:
    pass


def inputs(definition: OpDefinition) -> list[tuple[str, str, bool]]:
    return [(d.name, d.dagster_type.display_name, d.has_default_value) for d in definition.input_defs]


def outputs(definition: OpDefinition) -> list[tuple[str, str, bool]]:
    return [(d.name, d.dagster_type.display_name, d.is_dynamic) for d in definition.output_defs]


def annotated(returns: Any, **kwargs: Any) -> OpDefinition:
    def fn():
        pass

    fn.__annotations__["return"] = returns
    return op(**kwargs)(fn)


# Outputs by annotation


@pytest.mark.parametrize(
    ("returns", "shown", "dynamic"),
    [
        (int, "Int", False),
        ("int", "Int", False),
        (Any, "Any", False),
        (Optional[int], "Int?", False),  # noqa: UP045 - the older form
        (int | None, "Int?", False),
        (dict[str, int], "Dict[String,Int]", False),
        (tuple[int, str], "Tuple[Int,String]", False),
        (None, "Nothing", False),
        (Nothing, "Nothing", False),
        (Frame, "Frame", False),
        (list[Frame], "[Frame]", False),
        (Output, "Any", False),
        (Output[int], "Int", False),
        (Output[tuple[int, int]], "Tuple[Int,Int]", False),
        (Output[None], "Nothing", False),
        (list[DynamicOutput[int]], "Int", True),
        (list[DynamicOutput], "Any", True),
        (Sequence[DynamicOutput[str]], "String", True),
        (Iterator[DynamicOutput[str]], "String", True),
        (Generator[DynamicOutput[str], None, None], "String", True),
        (Iterator[int], "Any", False),
        (Iterator[Output[int]], "Any", False),
        (Generator[Output[int], None, None], "Any", False),
        (AsyncIterator[int], "Any", False),
    ],
)
def test_output_of_the_return_annotation(returns: Any, shown: str, dynamic: bool) -> None:
    assert outputs(annotated(returns)) == [("result", shown, dynamic)]


def test_no_annotation_means_any() -> None:
    @op
    def plain():
        pass

    assert outputs(plain) == [("result", "Any", False)]


def test_several_outputs_take_their_types_from_a_tuple() -> None:
    both = {"a": Out(), "b": Out()}
    assert outputs(annotated(tuple[int, str], out=both)) == [("a", "Int", False), ("b", "String", False)]
    assert outputs(annotated(tuple[Output[int], str], out=both))[0] == ("a", "Int", False)
    assert outputs(annotated(tuple[int, ...], out=both))[0] == ("a", "Any", False)
    assert outputs(annotated(dict, out=both))[0] == ("a", "Any", False)
    assert outputs(annotated(tuple[int, str], out={"a": Out(float), "b": Out()}))[0] == (
        "a",
        "Float",
        False,
    )
    assert outputs(annotated(int, out={"a": Out()})) == [("a", "Int", False)]
    # The tuple is the value of a single output.
    assert outputs(annotated(tuple[int, str], out={"a": Out()})) == [("a", "Tuple[Int,String]", False)]
    mixed = {"a": DynamicOut(), "b": Out()}
    assert outputs(annotated(tuple[list[DynamicOutput[int]], str], out=mixed)) == [
        ("a", "Int", True),
        ("b", "String", False),
    ]


def test_tuple_annotation_of_other_length_is_refused() -> None:
    with pytest.raises(
        DagsterInvalidDefinitionError,
        match=r'@op \'fn\' has 3 outputs \("a", "b", "c"\), but its return annotation is a tuple of 2 .*test_decorator',
    ):
        annotated(tuple[int, str], out={"a": Out(), "b": Out(), "c": Out()})


@pytest.mark.parametrize("returns", [DynamicOutput, DynamicOutput[int]])
def test_a_single_dynamic_output_as_annotation_is_refused(returns: Any) -> None:
    for kwargs in ({}, {"out": Out()}):
        with pytest.raises(
            DagsterInvalidDefinitionError, match="DynamicOutputs can only be returned in a List"
        ):
            annotated(returns, **kwargs)
    assert outputs(annotated(returns, out=DynamicOut()))[0][2]


def test_forms_of_out() -> None:
    assert outputs(annotated(int, out=Out())) == [("result", "Int", False)]
    assert outputs(annotated(int, out=Out(str))) == [("result", "String", False)]
    assert outputs(annotated(Any, out=DynamicOut(int))) == [("result", "Int", True)]
    assert outputs(annotated(Any, out=MultiOut({"a": Out(int)}))) == [("a", "Int", False)]
    assert outputs(annotated(Any, out={})) == []
    assert outputs(annotated(Any, output_defs=[OutputDefinition(int, "old")])) == [("old", "Int", False)]
    with pytest.raises(check.ParameterCheckError, match="expected out to be a mapping"):
        annotated(Any, out=int)
    with pytest.raises(check.ParameterCheckError, match=r"expected out\['a'\] to be an Out"):
        annotated(Any, out={"a": int})


def test_what_out_says_reaches_the_output() -> None:
    definition = annotated(
        int,
        out=Out(
            description="d", is_required=False, io_manager_key="io", metadata={"m": 1}, code_version="2"
        ),
    )
    output_def = definition.output_defs[0]
    assert (output_def.description, output_def.is_required, output_def.optional) == ("d", False, True)
    assert (output_def.io_manager_key, output_def.metadata, output_def.code_version) == (
        "io",
        {"m": 1},
        "2",
    )
    assert annotated(int, out=Out(), code_version="7").output_defs[0].code_version == "7"


# Inputs


def test_inputs_of_the_parameters() -> None:
    @op
    def fn(context, a, b: int, c: str | None = None, *, d: float = 1.5):
        pass

    assert inputs(fn) == [
        ("a", "Any", False),
        ("b", "Int", False),
        ("c", "String?", True),
        ("d", "Float", True),
    ]


def test_ins_complete_the_parameters() -> None:
    @op(ins={"a": In(int, default_value=3, description="d", metadata={"m": 1}, input_manager_key="k")})
    def fn(a, b):
        pass

    first = fn.input_defs[0]
    assert inputs(fn) == [("a", "Int", True), ("b", "Any", False)]
    assert (first.default_value, first.description, first.metadata, first.input_manager_key) == (
        3,
        "d",
        {"m": 1},
        "k",
    )


def test_default_of_the_parameter_counts_where_in_gives_none() -> None:
    @op(ins={"a": In(int)})
    def fn(a=4):
        pass

    assert fn.input_defs[0].default_value == 4


def test_older_input_definitions() -> None:
    @op(input_defs=[InputDefinition("a", description="d"), InputDefinition("n", Nothing)])
    def fn(a: int = 4):
        pass

    assert inputs(fn) == [("a", "Int", True), ("n", "Nothing", False)]
    assert fn.input_defs[0].description == "d"


def test_inputs_without_parameters() -> None:
    @op(ins={"start": In(Nothing)})
    def after():
        pass

    @op(ins={"a": In(int)})
    def gathers(**kwargs):
        pass

    assert inputs(after) == [("start", "Nothing", False)]
    assert inputs(gathers) == [("a", "Int", False)]


def test_input_without_parameter_is_refused_with_the_nearest() -> None:
    with pytest.raises(
        DagsterInvalidDefinitionError,
        match=r"does not have the parameter 'tabel' that its inputs name.*Did you mean \"table\"",
    ):

        @op(ins={"tabel": In(int)})
        def fn(table):
            pass


@pytest.mark.parametrize(
    "kwargs", [{"ins": {"x": In(Nothing)}}, {"input_defs": [InputDefinition("x", Nothing)]}]
)
def test_nothing_input_with_a_parameter_is_refused(kwargs: Any) -> None:
    with pytest.raises(
        DagsterInvalidDefinitionError, match="has parameter 'x', but that input is of type Nothing"
    ):

        @op(**kwargs)
        def fn(x):
            pass


def test_nothing_annotation_is_refused() -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match=r"ins=\{'x': In\(Nothing\)\}"):

        @op
        def fn(x: None):
            pass


def test_positional_varargs_are_refused() -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match=r"has positional vararg parameter '\*args'"):

        @op
        def fn(*args):
            pass


def test_default_of_another_type_is_refused() -> None:
    def integer(x: int = "a"):  # type: ignore[assignment]
        pass

    def integer_none(x: int = None):  # type: ignore[assignment]  # noqa: RUF013
        pass

    def boolean(x: bool = 1):  # type: ignore[assignment]
        pass

    for fn, part in (
        (integer, "Received value 'a' of type str"),
        (boolean, "type Bool. Received value 1"),
    ):
        with pytest.raises(
            DagsterInvalidDefinitionError, match="Type check failed for the default_value of input x"
        ) as caught:
            op(fn)
        assert part in str(caught.value)
    with pytest.raises(DagsterInvalidDefinitionError, match=r"Use Optional\[Int\]"):
        op(integer_none)


def test_ins_must_hold_in() -> None:
    with pytest.raises(check.ParameterCheckError, match=r"expected ins\['x'\] to be an In"):
        op(ins={"x": int})  # type: ignore[dict-item]
        op(ins={"x": int})(lambda x: x)  # type: ignore[dict-item]


def test_context_is_no_input() -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match='"context" is not a valid input name'):

        @op
        def fn(x, context):
            pass


# The rest


def test_name_description_and_plain_properties() -> None:
    policy = RetryPolicy(max_retries=2)

    @op(
        name="other",
        tags={"a": 1, "b": {"c": [1]}, "d": "x"},
        required_resource_keys={"r"},
        retry_policy=policy,
        code_version="3",
        pool="p",
    )
    def fn():
        """First.

        Second.
          Indented.
        """

    assert fn.name == "other"
    assert fn.description == "First.\n\nSecond.\n  Indented."
    assert fn.tags == {"a": "1", "b": '{"c": [1]}', "d": "x"}
    assert fn.required_resource_keys == {"r"}
    assert fn.retry_policy is policy
    assert fn.version == fn.code_version == "3"
    assert fn.pools == {"p"}
    assert op(name="v", version="1")(lambda: 1).version == "1"
    assert op(name="v", description="given")(lambda: 1).description == "given"


def test_objects_and_partials_without_a_name() -> None:
    class Doubler:
        def __call__(self, x: int) -> int:
            return 2 * x

    assert op(Doubler()).name == "Doubler"
    assert outputs(op(name="d")(Doubler())) == [("result", "Int", False)]
    assert inputs(op(name="p")(functools.partial(lambda a, b: a, b=1))) == [
        ("a", "Any", False),
        ("b", "Any", True),
    ]


@pytest.mark.parametrize("name", ["a b", "a-b", "class", "context", "a.b"])
def test_invalid_names_are_refused(name: str) -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match="is not a valid op name"):
        op(name=name)(lambda: 1)
    with pytest.raises(DagsterInvalidDefinitionError, match="is not a valid output name"):
        op(name="x", out={name: Out()})(lambda: 1)


def test_lambda_needs_a_name() -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match='"<lambda>" is not a valid op name'):
        op(lambda: 1)


def test_tags_must_be_json() -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match='Invalid value for tag "a"'):
        op(name="x", tags={"a": object()})(lambda: 1)


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(check.ParameterCheckError, match="expected compute_fn to be callable, got: 5"):
        op(5)  # type: ignore[call-overload]
    with pytest.raises(check.ParameterCheckError, match="expected retry_policy to be a RetryPolicy"):
        op(name="x", retry_policy=5)(lambda: 1)  # type: ignore[arg-type]
    with pytest.raises(check.ParameterCheckError, match="expected required_resource_keys to be a set"):
        op(name="x", required_resource_keys="r")(lambda: 1)  # type: ignore[arg-type]


class Settings(Config):
    n: int


class Db(ConfigurableResource):
    url: str


def test_config_class_and_schema_exclude_each_other() -> None:
    with pytest.raises(
        DagsterInvalidDefinitionError,
        match="has both a config_schema and a parameter 'config' annotated with Settings",
    ):

        @op(config_schema={"n": int})
        def fn(config: Settings):
            pass


def test_resource_parameter_and_key_exclude_each_other() -> None:
    with pytest.raises(
        DagsterInvalidDefinitionError, match='names "db" both in required_resource_keys and as'
    ):

        @op(required_resource_keys={"db"})
        def fn(db: Db):
            pass


def test_resource_parameters_are_required() -> None:
    @op(required_resource_keys={"other"})
    def fn(db: Db, x):
        pass

    assert fn.required_resource_keys == {"db", "other"}
    assert inputs(fn) == [("x", "Any", False)]


def test_two_outputs_of_one_name_are_refused() -> None:
    with pytest.raises(
        DagsterInvalidDefinitionError,
        match=r'op "fn" has two outputs with the name "a". Names of outputs must differ',
    ):

        @op(output_defs=[OutputDefinition(name="a"), OutputDefinition(name="a")])
        def fn():
            pass


def test_config_of_a_plain_type_is_checked_and_given_as_it_is() -> None:
    @op
    def free(config: dict):
        return config

    @op
    def counted(context, config: list[int]):
        return config, context.op_config

    @job
    def both():
        free()
        counted()

    result = both.execute_in_process({"ops": {"free": {"config": {"a": 1}}, "counted": {"config": [1]}}})
    assert result.output_for_node("free") == {"a": 1}
    assert result.output_for_node("counted") == ([1], [1])
    assert free({"b": 2}) == {"b": 2}
    with pytest.raises(DagsterInvalidConfigError, match=r"ops → counted → config\[0\]: expected Int"):
        both.execute_in_process({"ops": {"counted": {"config": ["x"]}}})
    with pytest.raises(
        DagsterInvalidDefinitionError, match="both a config_schema and a parameter 'config'"
    ):

        @op(config_schema=int)
        def twice(config: int):
            return config
