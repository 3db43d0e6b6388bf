"""Any texts, and any question: what storages answer is what a list of runs would answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dagster._core.records.run import DagsterRun, DagsterRunStatus, RunsFilter
from dagster._core.records.tags import BACKFILL_ID_TAG
from dagster._core.storage.runs import RunStorage, SqlRunStorage, run_query
from dagster._core.storage.runs.run_rows import stored_timestamp, time_of, timestamp_of
from dagster._core.storage.runs.run_tags import _common_part
from dagster._core.storage.sql.database import Database
from dagster._core.storage.sql.keys import exact_unless_key, is_text_itself, key_of

DAY = datetime(2020, 1, 1, tzinfo=UTC)
ANY_TEXT = st.one_of(
    st.text(st.characters(), max_size=20),
    st.text(st.sampled_from("ab\x00\ud800é😀 %_'\\"), max_size=6),
    st.builds(
        lambda text, times: text * times, st.text(st.characters(), min_size=1), st.integers(1, 400)
    ),
)


@pytest.fixture
def storage(database: Database) -> Iterator[RunStorage]:
    storage = SqlRunStorage.from_database(database)
    yield storage
    storage.wipe()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(ANY_TEXT, min_size=1, max_size=5, unique=True), prefix=ANY_TEXT)
@example(texts=["a\x00", "a ", "a"], prefix="a\x00")
@example(texts=["x" * 254, "x" * 255, "x" * 300], prefix="x" * 230)
def test_any_text_is_stored_and_found(storage: RunStorage, texts: list[str], prefix: str) -> None:
    storage.wipe()
    runs = [DagsterRun(text, text, tags={"k": text, text: "v"}) for text in texts]
    for run in runs:
        storage.add_run(run)
    assert storage.get_runs(ascending=True) == runs
    assert storage.get_run_ids() == texts[::-1]
    for text, run in zip(texts, runs, strict=True):
        assert storage.get_runs(RunsFilter(run_ids=[text])) == [run]
        assert storage.get_runs(RunsFilter(job_name=text)) == [run]
        assert storage.get_runs(RunsFilter(tags={text: run.tags[text]})) == [run]
    values = {run.tags["k"] for run in runs}
    assert storage.get_run_tags(["k"]) == [("k", values)]
    wanted = {value for value in values if value.startswith(prefix)}
    assert storage.get_run_tags(["k"], value_prefix=prefix) == ([("k", wanted)] if wanted else [])
    assert storage.get_run_tag_keys() == sorted({"k", *texts})


RUN = st.fixed_dictionaries(
    {
        "job_name": st.sampled_from("jk"),
        "status": st.sampled_from(list(DagsterRunStatus)[:3]),
        "tags": st.dictionaries(st.sampled_from(["a", "b", BACKFILL_ID_TAG]), st.sampled_from("xyz")),
        "job_snapshot_id": st.sampled_from(["s", "t", None]),
    }
)
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "run_ids": st.lists(st.sampled_from([str(number) for number in range(14)])),
        "job_name": st.sampled_from("jkl"),
        "statuses": st.lists(st.sampled_from(list(DagsterRunStatus)[:4]), max_size=4),
        "tags": st.dictionaries(
            st.sampled_from(["a", "b", "c"]),
            st.one_of(st.sampled_from("xyz"), st.lists(st.sampled_from("xyz"), max_size=3)),
        ),
        "snapshot_id": st.sampled_from("stu"),
        "created_after": st.integers(0, 12).map(lambda day: DAY + timedelta(days=day)),
        "created_before": st.integers(0, 12).map(lambda day: DAY + timedelta(days=day)),
        "exclude_subruns": st.booleans(),
    },
)


def _matches(number: int, run: DagsterRun, filters: RunsFilter) -> bool:
    created = DAY + timedelta(days=number)
    return (
        (filters.run_ids is None or run.run_id in filters.run_ids)
        and filters.job_name in (None, run.job_name)
        and (not filters.statuses or run.status in filters.statuses)
        and all(
            run.tags.get(key) in ([values] if isinstance(values, str) else values)
            for key, values in filters.tags.items()
        )
        and filters.snapshot_id in (None, run.job_snapshot_id)
        and (filters.created_after is None or created > filters.created_after)
        and (filters.created_before is None or created < filters.created_before)
        and not (filters.exclude_subruns and BACKFILL_ID_TAG in run.tags)
    )


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    given_runs=st.lists(RUN, max_size=12),
    questions=st.lists(FILTERS, min_size=4, max_size=12),
    limit=st.one_of(st.none(), st.integers(0, 5)),
    cursor=st.one_of(st.none(), st.integers(0, 14)),
    ascending=st.booleans(),
    rare=st.sampled_from([1, 3, 200]),
)
def test_any_question_is_answered_as_a_list_would(
    storage: RunStorage,
    monkeypatch: pytest.MonkeyPatch,
    given_runs: list[dict[str, Any]],
    questions: list[dict[str, Any]],
    limit: int | None,
    cursor: int | None,
    ascending: bool,
    rare: int,
) -> None:
    storage.wipe()
    # There are few runs here: whether they are looked up or walked to is not to depend on it.
    monkeypatch.setattr(run_query, "_RARE", rare)
    runs = [DagsterRun(run_id=str(number), **fields) for number, fields in enumerate(given_runs)]
    for number, run in enumerate(runs):
        storage.add_historical_run(run, DAY + timedelta(days=number))
    for question in questions:
        filters = RunsFilter(**question)
        found = [run for number, run in enumerate(runs) if _matches(number, run, filters)]
        assert storage.get_runs_count(filters) == len(found)
        if cursor is not None:
            found = [
                run
                for run in found
                if cursor < len(runs)
                and (int(run.run_id) > cursor if ascending else int(run.run_id) < cursor)
            ]
        wanted = (found if ascending else found[::-1])[:limit]
        at = None if cursor is None else str(cursor)
        assert list(storage.get_runs(filters, at, limit, ascending=ascending)) == wanted


@given(texts=st.lists(ANY_TEXT, min_size=2, max_size=2, unique=True))
def test_keys_tell_texts_apart(texts: list[str]) -> None:
    one, other = map(key_of, texts)
    assert one != other
    for text, key in zip(texts, (one, other), strict=True):
        assert len(key.encode("utf-8")) <= 255
        assert "\x00" not in key
        assert is_text_itself(key) == (key == text)
        assert exact_unless_key(text, key) in (None, text)


@given(text=ANY_TEXT, size=st.integers(0, 400))
def test_all_texts_with_a_prefix_have_keys_with_its_common_part(text: str, size: int) -> None:
    prefix = text[:size]
    assert key_of(text).startswith(_common_part(prefix))
    assert prefix.startswith(_common_part(prefix))


@given(timestamp=st.floats(0, 4e9))
def test_a_stored_time_comes_back_as_itself(timestamp: float) -> None:
    stored = stored_timestamp(timestamp)
    assert timestamp_of(time_of(stored)) == stored
