from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import Any

import pytest

from dagster import (
    ConfigurableResource,
    DynamicOut,
    DynamicOutput,
    Enum,
    EnumValue,
    Field,
    In,
    IOManager,
    Nothing,
    Out,
    ResourceDefinition,
    RetryPolicy,
    dagster_type_loader,
    graph,
    io_manager,
    job,
    op,
    resource,
    usable_as_dagster_type,
)
from dagster._core.events.payloads import StepFingerprint
from dagster._core.plan.compile import compile_plan
from dagster._core.plan.fingerprint import StepFingerprints
from dagster._core.plan.fingerprint_changes import config_differences, explain_changes, same_fingerprint


def fingerprints(
    job_def: Any, config: Mapping[str, Any] | None = None, tags: Mapping[str, str] | None = None
) -> dict[str, StepFingerprint]:
    resolved = job_def.resolve_run_config(config or {})
    plan = compile_plan(job_def, resolved)
    found = StepFingerprints(plan, job_def, resolved, tags or {})
    return {step.key: found.of(step) for step in plan.steps}


def of(made: Any, config: Any = None, resources: Any = None, **kwargs: Any) -> StepFingerprint:
    """The fingerprint of one op in a job of its own."""

    @job(resource_defs=resources or {})
    def alone() -> None:
        made()

    return fingerprints(alone, config, **kwargs)[made.name]


def reasons(old: StepFingerprint, new: StepFingerprint) -> list[str]:
    found = explain_changes(old, new, old.parts)
    assert bool(found) != same_fingerprint(old, new)
    return found


def versioned(version: str | None, value: int, **kwargs: Any) -> Any:
    @op(name="train", code_version=version, **kwargs)
    def train() -> int:
        return value

    return train


def test_the_same_op_is_the_same() -> None:
    assert reasons(of(versioned(None, 1)), of(versioned(None, 1))) == []


def test_other_code_is_named() -> None:
    @op(name="train")
    def other() -> int:
        return 2

    found = reasons(of(versioned(None, 1)), of(other))
    assert any("function" in reason for reason in found)
    assert reasons(of(versioned(None, 1)), of(versioned(None, 2))) == [
        "code of function versioned.<locals>.train (test_fingerprint.py) changed"
    ]


def test_a_code_version_stands_for_the_code() -> None:
    assert reasons(of(versioned("1", 1)), of(versioned("1", 2))) == []
    assert reasons(of(versioned("1", 1)), of(versioned("2", 1))) == ['code_version changed: "1" -> "2"']
    assert reasons(of(versioned(None, 1)), of(versioned("1", 1))) == [
        'code_version changed: none -> "1"'
    ]
    assert of(versioned("1", 1)).python == ""


def test_outputs_count_with_a_version_too() -> None:
    one, other = versioned("1", 1, out=Out()), versioned("1", 1, out={"a": Out(), "b": Out()})
    assert reasons(of(one), of(other)) == ["its outputs changed"]


def test_what_does_not_count() -> None:
    plain = of(versioned(None, 1))
    dressed = versioned(
        None,
        1,
        tags={"team": "x"},
        description="says more",
        retry_policy=RetryPolicy(max_retries=3),
        pool="db",
        out=Out(io_manager_key="io_manager", metadata={"a": 1}, description="the result"),
    )
    assert same_fingerprint(plain, of(dressed))


def test_config_counts_and_its_differences_are_told() -> None:
    @op(
        config_schema={
            "rate": float,
            "n": Field(int, default_value=1),
        }
    )
    def train(context: Any) -> None:
        pass

    def at(rate: float) -> StepFingerprint:
        return of(train, {"ops": {"train": {"config": {"rate": rate}}}})

    old, new = at(0.1), at(0.2)
    assert same_fingerprint(old, at(0.1))
    assert reasons(old, new) == ["config changed"]
    assert explain_changes(old, new, None, ["rate 0.1 -> 0.2"]) == ["config changed: rate 0.1 -> 0.2"]
    with_default = of(train, {"ops": {"train": {"config": {"rate": 0.1, "n": 1}}}})
    assert same_fingerprint(old, with_default)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, ["b 2 -> 3"]),
        ({"a": {"b": 1}}, {"a": {"b": True}}, ["a.b 1 -> True"]),
        ({"a": 1}, {"c": 1}, ["a removed (was 1)", "c added (1)"]),
        (1, 2, ["1 -> 2"]),
        ([1], [2], ["[1] -> [2]"]),
        ({"a": 1}, {"a": 1}, []),
        ({"p": "secret"}, {"p": "other"}, ["p (from the environment) -> 'other'"]),
        ({"p": {"q": ["secret"]}}, {}, ["p removed (was (from the environment))"]),
    ],
)
def test_config_differences(old: Any, new: Any, told: list[str]) -> None:
    assert config_differences(old, new, {"secret"}) == told


def test_the_members_of_an_enum_in_config() -> None:
    import enum

    class Color(enum.Enum):
        RED = 1
        BLUE = 2

    schema = Enum("Color", [EnumValue("RED", Color.RED), EnumValue("BLUE", Color.BLUE)])

    @op(config_schema=schema)
    def paint(context: Any) -> None:
        pass

    red, blue = (of(paint, {"ops": {"paint": {"config": c}}}) for c in ("RED", "BLUE"))
    assert red.problems == ()
    assert reasons(red, blue) == ["config changed"]


def test_the_config_of_resources_counts() -> None:
    @resource(config_schema={"host": str})
    def db(context: Any) -> str:
        return context.resource_config["host"]

    @op(required_resource_keys={"db"})
    def train(context: Any) -> None:
        pass

    def at(host: str) -> StepFingerprint:
        return of(train, {"resources": {"db": {"config": {"host": host}}}}, {"db": db})

    assert same_fingerprint(at("a"), at("a"))
    assert reasons(at("a"), at("b")) == ['resource "db" changed: config changed']
    ready = of(train, None, {"db": db.configured({"host": "a"})})
    other = of(train, None, {"db": db.configured({"host": "b"})})
    assert reasons(ready, other) == ['resource "db" changed: config changed']


def test_the_code_of_resources_counts_also_of_those_that_they_need() -> None:
    def with_values(outer: int, inner: int, version: str | None = None) -> StepFingerprint:
        @resource(version=version)
        def low() -> int:
            return inner

        @resource(required_resource_keys={"low"})
        def high(context: Any) -> int:
            return outer

        @op(required_resource_keys={"high"})
        def train(context: Any) -> None:
            pass

        return of(train, None, {"high": high, "low": low})

    assert same_fingerprint(with_values(1, 1), with_values(1, 1))
    (found,) = reasons(with_values(1, 1), with_values(1, 2))
    assert found.startswith('resource "low" changed: code of function')
    (found,) = reasons(with_values(1, 1), with_values(2, 1))
    assert found.startswith('resource "high" changed')
    assert same_fingerprint(with_values(1, 1, "v"), with_values(1, 2, "v"))
    assert not same_fingerprint(with_values(1, 1, "v"), with_values(1, 1, "w"))


def test_configurable_resources() -> None:
    def with_values(host: str, answer: int) -> StepFingerprint:
        class Inner(ConfigurableResource):
            port: int = 1

        class Database(ConfigurableResource):
            host: str
            inner: Inner

            def query(self) -> int:
                return answer

        @op
        def train(db: Database) -> None:
            pass

        port = 2 if host == "other port" else 1
        return of(train, None, {"db": Database(host=host[:5], inner=Inner(port=port))})

    base = with_values("local", 1)
    assert base.problems == ()
    assert same_fingerprint(base, with_values("local", 1))
    assert not same_fingerprint(base, with_values("far", 1))
    assert not same_fingerprint(with_values("other port", 1), with_values("other", 1))
    (found,) = (r for r in reasons(base, with_values("local", 2)) if r.startswith("resource"))
    assert "Database.query" in found


def test_a_plain_object_as_a_resource() -> None:
    @op(required_resource_keys={"table"})
    def train(context: Any) -> None:
        pass

    def at(value: Any) -> StepFingerprint:
        return of(train, None, {"table": ResourceDefinition.hardcoded_resource(value)})

    assert same_fingerprint(at({"a": 1}), at({"a": 1}))
    assert not same_fingerprint(at({"a": 1}), at({"a": 2}))
    generator = at(x for x in [1])
    assert 'resource "table"' in generator.problems[0]
    assert "cannot be compared" in reasons(at(1), generator)[0]
    assert "could not be compared when it ran" in reasons(generator, at(1))[0]


def test_io_managers_do_not_count() -> None:
    def with_manager(number: int) -> StepFingerprint:
        class Manager(IOManager):
            def handle_output(self, context: Any, obj: Any) -> None:
                self.last = number

            def load_input(self, context: Any) -> Any:
                return number

        @io_manager(config_schema={"base": int})
        def manager(context: Any) -> Manager:
            return Manager()

        return of(
            versioned(None, 1), {"resources": {"io_manager": {"config": {"base": number}}}}, {"io_manager": manager}
        )  # fmt: skip

    assert same_fingerprint(with_manager(1), with_manager(2))


def test_where_inputs_come_from_counts() -> None:
    @op
    def one() -> int:
        return 1

    @op
    def two() -> int:
        return 2

    @op
    def add(x: int, y: int = 5) -> int:
        return x + y

    @job
    def flow() -> None:
        add(one())

    @job(name="flow")
    def other() -> None:
        two()
        one()
        add(two.alias("more")())

    @job(name="flow")
    def both() -> None:
        add(one(), two())

    base = fingerprints(flow)["add"]
    assert reasons(base, fingerprints(other)["add"]) == ['input "x" comes from elsewhere']
    assert reasons(base, fingerprints(both)["add"]) == ['input "y" comes from elsewhere']
    given = fingerprints(flow, {"ops": {"add": {"inputs": {"y": 6}}}})["add"]
    assert reasons(base, given) == ['input "y" comes from elsewhere']
    assert not same_fingerprint(given, fingerprints(flow, {"ops": {"add": {"inputs": {"y": 7}}}})["add"])


def test_values_given_to_the_job_count() -> None:
    @op
    def add(x: int) -> int:
        return x

    @graph
    def adding(x: int) -> None:
        add(x)

    def at(value: Any) -> StepFingerprint:
        return fingerprints(adding.to_job(input_values={"x": value}))["add"]

    assert same_fingerprint(at([1, {"a", "b"}]), at([1, {"b", "a"}]))
    assert not same_fingerprint(at(1), at(2))


def test_the_loader_of_an_input_counts() -> None:
    def with_loader(number: int, version: str | None = None) -> StepFingerprint:
        @dagster_type_loader(int, loader_version=version)
        def load(_context: Any, config: int) -> Any:
            return config + number

        @usable_as_dagster_type(name="Loaded", loader=load)
        class Loaded:
            pass

        @op(name="use", ins={"x": In(Loaded)})
        def use(x: Any) -> None:
            pass

        return of(use, {"ops": {"use": {"inputs": {"x": 1}}}})

    assert same_fingerprint(with_loader(1), with_loader(1))
    assert not same_fingerprint(with_loader(1), with_loader(2))
    assert same_fingerprint(with_loader(1, "v"), with_loader(2, "v"))


def test_a_new_input_and_one_that_is_gone() -> None:
    @op
    def one() -> int:
        return 1

    @job
    def flow() -> None:
        versioned("1", 1, ins={"after": In(Nothing)})(one())

    ordered, alone = fingerprints(flow)["train"], of(versioned("1", 1))
    assert reasons(alone, ordered) == ['input "after" is new']
    assert reasons(ordered, alone) == ['input "after" is gone']


def test_partitions_count_and_other_tags_do_not() -> None:
    base = of(versioned(None, 1), tags={"dagster/partition": "monday", "a": "b"})
    assert same_fingerprint(base, of(versioned(None, 1), tags={"dagster/partition": "monday"}))
    other = of(versioned(None, 1), tags={"dagster/partition": "tuesday"})
    assert reasons(base, other) == ["the partition changed"]


def test_another_python_changes_compiled_code_only() -> None:
    found = of(versioned(None, 1))
    older = StepFingerprint(found.code, found.config, found.resources, found.inputs, None, "cpython-310")
    assert reasons(older, found) == [f"its code was compiled by cpython-310, and now by {found.python}"]


def test_nothing_was_recorded() -> None:
    assert explain_changes(None, of(versioned(None, 1))) == ["no fingerprint recorded"]


def mapped(value: int) -> Any:
    @op(out=DynamicOut())
    def fan() -> Any:
        yield DynamicOutput(1, "a")

    @op
    def each(x: int) -> int:
        return x + value

    @op
    def gather(xs: list[int]) -> int:
        return sum(xs)

    @job
    def flow() -> None:
        gather(fan().map(each).collect())

    return flow


def test_mapped_steps_have_the_fingerprint_of_what_they_are_made_of() -> None:
    job_def = mapped(1)
    config = job_def.resolve_run_config({})
    plan = compile_plan(job_def, config)
    found = StepFingerprints(plan, job_def, config, {})
    template = plan.get_step_by_key("each[?]")
    made = template.resolve(7, "a", {})
    assert found.of(made) is found.of(template)
    gather = plan.get_step_by_key("gather")
    assert found.of(gather.with_sources({})) is found.of(gather)
    assert set(fingerprints(mapped(1))) == {"fan", "each[?]", "gather"}
    old, new = fingerprints(mapped(1)), fingerprints(mapped(2))
    assert [key for key in old if not same_fingerprint(old[key], new[key])] == ["each[?]"]


def test_a_thousand_steps_of_one_op_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from dagster._core.definitions.code import fingerprint as module

    read: list[Any] = []
    original = module.read_code
    monkeypatch.setattr(module, "read_code", lambda code: read.append(code) or original(code))

    @op
    def following(x: int = 0) -> int:
        return x

    @job
    def chain() -> None:
        value = following()
        for number in range(999):
            value = following.alias(f"step_{number}")(value)

    found = fingerprints(chain)
    assert len(read) == 1
    assert len({f.code for f in found.values()}) == 1
    assert len({tuple(f.inputs.items()) for f in found.values()}) == 1000


def test_the_parts_of_code_are_told_once() -> None:
    job_def = mapped(1)
    config = job_def.resolve_run_config({})
    plan = compile_plan(job_def, config)
    found = StepFingerprints(plan, job_def, config, {})
    template = plan.get_step_by_key("each[?]")
    first, second = (found.for_log(template.resolve(7, key, {})) for key in ("a", "b"))
    assert first.parts is not None
    assert second.parts is None
    assert same_fingerprint(first, second)


def test_a_default_that_cannot_be_compared() -> None:
    @op(name="train", code_version="1", ins={"x": In(default_value=iter([1]))})
    def train(x: Any) -> None:
        pass

    found = of(train)
    assert 'the value of input "x"' in found.problems[0]
    assert not same_fingerprint(found, found)
    assert pickle.loads(pickle.dumps(found)) == found
