"""Static and dynamic partitions definitions."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster._check import CheckError, ParameterCheckError
from dagster._core.definitions.partitions.definition import INVALID_SUBSTRINGS, PartitionsDefinition
from dagster._core.definitions.partitions.dynamic import DynamicPartitionsDefinition
from dagster._core.definitions.partitions.static import StaticPartitionsDefinition
from dagster._core.errors import DagsterInvalidDefinitionError, DagsterUnknownPartitionError


class Store:
    """What keeps keys, and counts how often all are asked for."""

    def __init__(self, **keys: list[str]) -> None:
        self.keys = keys
        self.listed = 0

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        self.listed += 1
        return self.keys.get(partitions_def_name, [])

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        return partition_key in self.keys.get(partitions_def_name, [])


def test_static_keys() -> None:
    definition = StaticPartitionsDefinition(["b", "a"])
    assert definition.get_partition_keys() == ["b", "a"]
    assert definition.get_first_partition_key() == "b"
    assert definition.get_last_partition_key() == "a"
    assert definition.get_num_partitions() == 2
    assert definition.has_partition_key("a")
    assert not definition.has_partition_key("A")
    assert definition.filter_valid_partition_keys({"a", "z"}) == {"a"}
    assert definition.get_tags_for_partition_key("a") == {"dagster/partition": "a"}
    assert str(definition) == "'b', 'a'"
    assert repr(definition) == "StaticPartitionsDefinition(partition_keys=['b', 'a'])"
    empty = StaticPartitionsDefinition([])
    assert empty.get_first_partition_key() is empty.get_last_partition_key() is None


def test_static_definitions_are_compared_by_their_keys() -> None:
    one = StaticPartitionsDefinition(["a", "b"])
    assert one == StaticPartitionsDefinition(["a", "b"])
    assert hash(one) == hash(StaticPartitionsDefinition(["a", "b"]))
    assert one != StaticPartitionsDefinition(["b", "a"])
    assert one != DynamicPartitionsDefinition(name="a")


def test_keys_given_out_do_not_change_the_definition() -> None:
    given = ["a"]
    definition = StaticPartitionsDefinition(given)
    given.append("b")
    list(definition.get_partition_keys()).append("c")
    assert definition.get_num_partitions() == 1


def test_the_identifier_of_a_set_of_keys() -> None:
    definition = StaticPartitionsDefinition(["a", "b", "c"])
    expected = "411905f695e47a51ceafc178e6cd4eb3680f4453"
    assert definition.get_serializable_unique_identifier() == expected
    dynamic = DynamicPartitionsDefinition(name="d")
    assert dynamic.get_serializable_unique_identifier(Store(d=["a", "b", "c"])) == expected
    other = StaticPartitionsDefinition(["a", "c", "b"])
    assert other.get_serializable_unique_identifier() != expected


@given(st.lists(st.text(), unique=True))
def test_any_visible_text_is_a_key(keys: list[str]) -> None:
    refused = [key for key in keys if any(part in key for part in INVALID_SUBSTRINGS)]
    if refused:
        with pytest.raises(DagsterInvalidDefinitionError, match="are invalid substrings"):
            StaticPartitionsDefinition(keys)
    else:
        assert StaticPartitionsDefinition(keys).get_partition_keys() == keys


def test_refused_keys() -> None:
    message = r"Partition keys must be unique. Duplicate instances of partition keys: \['a', 'b'\]"
    with pytest.raises(DagsterInvalidDefinitionError, match=message):
        StaticPartitionsDefinition(["b", "a", "a", "b", "a"])
    message = r"\['\.\.\.'\] are invalid substrings in a partition key, got: 'a\.\.\.b'"
    with pytest.raises(DagsterInvalidDefinitionError, match=message):
        StaticPartitionsDefinition(["a...b"])
    with pytest.raises(ParameterCheckError, match="a sequence of str and not one str, got: 'ab'"):
        StaticPartitionsDefinition("ab")
    with pytest.raises(ParameterCheckError, match="partition_keys"):
        StaticPartitionsDefinition([1])  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    "definition",
    [
        StaticPartitionsDefinition(["monday", "tuesday"]),
        DynamicPartitionsDefinition(lambda _now: ["monday", "tuesday"]),
        DynamicPartitionsDefinition(name="days"),
    ],
    ids=["static", "function", "name"],
)
def test_an_unknown_key_is_refused_with_the_nearest(definition: PartitionsDefinition) -> None:
    store = Store(days=["monday", "tuesday"])
    definition.validate_partition_key("monday", dynamic_partitions_store=store)
    message = 'a partition with key `mondey`. Did you mean "monday"?'
    with pytest.raises(DagsterUnknownPartitionError, match=message.replace("?", r"\?")):
        definition.validate_partition_key("mondey", dynamic_partitions_store=store)


def test_dynamic_keys_that_the_instance_keeps() -> None:
    definition = DynamicPartitionsDefinition(name="d")
    store = Store(d=["b", "a"])
    assert definition.has_partition_key("a", dynamic_partitions_store=store)
    assert not definition.has_partition_key("z", dynamic_partitions_store=store)
    assert store.listed == 0
    assert definition.get_partition_keys(dynamic_partitions_store=store) == ["b", "a"]
    assert definition.get_last_partition_key(dynamic_partitions_store=store) == "a"
    assert str(definition) == 'Dynamic partitions: "d"'
    assert repr(definition) == "DynamicPartitionsDefinition(partition_fn=None, name='d')"
    assert definition == DynamicPartitionsDefinition(name="d")
    assert hash(definition) == hash(DynamicPartitionsDefinition(name="d"))
    assert definition != DynamicPartitionsDefinition(name="e")


def test_dynamic_keys_of_a_function() -> None:
    definition = DynamicPartitionsDefinition(lambda now: ["a", "b"] if now is None else ["c"])
    assert definition.get_partition_keys() == ["a", "b"]
    assert definition.has_partition_key("b")
    assert str(definition) == "'a', 'b'"
    twice = DynamicPartitionsDefinition(lambda _now: ["a", "a"])
    with pytest.raises(DagsterInvalidDefinitionError, match="must be unique"):
        twice.get_partition_keys()


def test_refused_dynamic_definitions() -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match="Must provide either"):
        DynamicPartitionsDefinition()
    with pytest.raises(DagsterInvalidDefinitionError, match="Must provide either"):
        DynamicPartitionsDefinition(name="")
    with pytest.raises(DagsterInvalidDefinitionError, match="Cannot provide both"):
        DynamicPartitionsDefinition(lambda _now: [], "d")
    with pytest.raises(ParameterCheckError, match="name"):
        DynamicPartitionsDefinition(name=1)  # pyright: ignore[reportArgumentType]
    with pytest.raises(CheckError, match="The instance is not available to load partitions of"):
        DynamicPartitionsDefinition(name="d").get_partition_keys()
