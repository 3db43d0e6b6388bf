"""Keys of dynamic partitions."""

from __future__ import annotations

import threading

import pytest

from dagster._check import ParameterCheckError
from dagster._core.errors import DagsterInvalidInvocationError
from dagster._core.storage.event_log import dynamic_partitions as dynamic
from dagster._core.storage.sql.database import Database
from tests.storage.event_log.asset_log import NASTY, NOW


def add(database: Database, name: str, keys: list[str]) -> None:
    dynamic.add_dynamic_partitions(database, name, keys, NOW)


def test_keys_stay_in_the_order_in_which_they_were_added(database: Database) -> None:
    add(database, "d", ["b", "a", "b"])
    add(database, "d", ["c", "a"])
    add(database, "other", ["z"])
    add(database, "d", [])
    assert dynamic.get_dynamic_partitions(database, "d") == ["b", "a", "c"]
    assert dynamic.get_dynamic_partitions(database, "none") == []
    dynamic.delete_dynamic_partition(database, "d", "a")
    dynamic.delete_dynamic_partition(database, "d", "a")
    assert dynamic.get_dynamic_partitions(database, "d") == ["b", "c"]
    add(database, "d", ["a"])
    assert dynamic.get_dynamic_partitions(database, "d") == ["b", "c", "a"]
    assert dynamic.get_dynamic_partitions(database, "other") == ["z"]


def test_which_keys_there_are(database: Database) -> None:
    add(database, "d", ["a", "b"])
    assert dynamic.has_dynamic_partition(database, "d", "a")
    assert not dynamic.has_dynamic_partition(database, "d", "A")
    assert not dynamic.has_dynamic_partition(database, "other", "a")
    assert dynamic.get_existing_dynamic_partitions(database, "d", ["b", "x"]) == {"b"}
    assert dynamic.get_existing_dynamic_partitions(database, "d", []) == set()


def test_thousands_at_once(database: Database) -> None:
    keys = [f"key {number}" for number in range(5000)]
    add(database, "d", keys)
    add(database, "d", [*keys, "one more"])
    assert dynamic.get_dynamic_partitions(database, "d") == [*keys, "one more"]
    assert dynamic.get_existing_dynamic_partitions(database, "d", keys) == set(keys)


def test_pages(database: Database) -> None:
    keys = [str(number) for number in range(7)]
    add(database, "d", keys)
    for ascending, expected in ((True, keys), (False, keys[::-1])):
        seen: list[str] = []
        cursor, more = None, True
        while more:
            page = dynamic.get_paginated_dynamic_partitions(database, "d", 3, ascending, cursor)
            seen += page.results
            cursor, more = page.cursor, page.has_more
        assert seen == expected
        end = dynamic.get_paginated_dynamic_partitions(database, "d", 3, ascending, cursor)
        assert (end.results, end.cursor, end.has_more) == ([], cursor, False)
    empty = dynamic.get_paginated_dynamic_partitions(database, "new", 3, True)
    add(database, "new", ["x"])
    page = dynamic.get_paginated_dynamic_partitions(database, "new", 3, True, empty.cursor)
    assert page.results == ["x"]
    with pytest.raises(ParameterCheckError, match="cursor"):
        dynamic.get_paginated_dynamic_partitions(database, "d", 3, True, "junk")


def test_any_text_is_a_key_and_a_name(database: Database) -> None:
    add(database, NASTY[-3], list(NASTY))
    assert dynamic.get_dynamic_partitions(database, NASTY[-3]) == list(NASTY)
    for text in NASTY:
        dynamic.delete_dynamic_partition(database, NASTY[-3], text)
        assert not dynamic.has_dynamic_partition(database, NASTY[-3], text)
    assert dynamic.get_dynamic_partitions(database, NASTY[-3]) == []


def test_refusals(memory_database: Database) -> None:
    with pytest.raises(ParameterCheckError, match="a sequence of str and not one str, got: 'ab'"):
        add(memory_database, "d", "ab")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ParameterCheckError, match="partition_keys"):
        add(memory_database, "d", [1])  # pyright: ignore[reportArgumentType]
    with pytest.raises(DagsterInvalidInvocationError, match="a name that is not empty"):
        add(memory_database, "", ["a"])


def test_adding_at_once_adds_each_key_once(database: Database) -> None:
    keys = [f"{number:03}" for number in range(200)]
    errors: list[BaseException] = []

    def work(worker: int) -> None:
        try:
            add(database, "d", keys[worker * 40 :] + keys[: worker * 40])
        except BaseException as exc:
            errors.append(exc)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(dynamic.get_dynamic_partitions(database, "d")) == keys
