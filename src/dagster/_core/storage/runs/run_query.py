"""Looking for runs. A page is a walk along an index: what is looked at is what is shown, or little more.

A question is taken apart into *parts* that no run is in twice (a status, a value of a tag, a bucket each),
so that each part can be read in order from one index and cut at the limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.records.run import DagsterRun, RunRecord, RunsFilter
from dagster._core.records.run_bucket import JobBucket, RunPartitionData, TagBucket
from dagster._core.records.tags import PARTITION_NAME_TAG, ROOT_RUN_ID_TAG
from dagster._core.storage.runs.run_rows import chunks, read_run, time_of, timestamp_of
from dagster._core.storage.sql.keys import is_text_itself, key_of
from dagster._core.storage.sql.tables import run_tags, runs
from dagster._text import unknown

#: What runs can be ordered by. Each is the head of an index that ends in ``id``.
ORDERS: dict[str, sa.Column[Any]] = {
    "id": runs.c.id,
    "run_id": runs.c.run_key,
    "job_name": runs.c.job_key,
    "status": runs.c.status,
    "create_timestamp": runs.c.create_timestamp,
    "update_timestamp": runs.c.update_timestamp,
    "start_time": runs.c.start_timestamp,
    "end_time": runs.c.end_timestamp,
}
#: More values than this are looked for together, and sorted.
_SPLIT = 16
#: How many parts are one statement.
_UNION = 50
#: As much of a text as its key has for certain.
_PREFIX_BYTES = 200
#: What fewer runs than this meet is looked up run by run.
_RARE = 200

_RUN = (runs.c.body, runs.c.status)
_RECORD = (
    *_RUN,
    runs.c.id.label("storage_id"),
    runs.c.create_timestamp,
    runs.c.update_timestamp,
    runs.c.start_timestamp,
    runs.c.end_timestamp,
)

Query = sa.Select[*tuple[Any, ...]]
Tag = tuple[str, tuple[str, ...]]


class _Part(NamedTuple):
    """Conditions that must all hold, as keys."""

    run_keys: tuple[str, ...] | None = None
    numbers: tuple[int, ...] | None = None
    job_key: str | None = None
    statuses: tuple[str, ...] = ()
    tags: tuple[Tag, ...] = ()
    snapshot_key: str | None = None
    #: For each time that is asked for, its bounds.
    windows: tuple[tuple[Any, ...], ...] = ()
    without_subruns: bool = False
    #: Whether the walk is along the runs with the first of the tags.
    along_tag: bool = True
    limit: int | None = None
    bucket: int | None = None


class _Order(NamedTuple):
    """An order, and the place in it after which rows are wanted."""

    column: Any
    ascending: bool
    after: tuple[Any, int] | None = None


# Answers


def fetch_runs(
    connection: Connection,
    filters: RunsFilter | None,
    cursor: str | None,
    limit: int | None,
    bucket_by: JobBucket | TagBucket | None,
    ascending: bool,
) -> list[DagsterRun]:
    """Return runs; see ``RunStorage.get_runs``."""
    rows = _fetch(connection, _RUN, filters, limit, None, ascending, cursor, bucket_by)
    return [read_run(row.body, row.status) for row in rows]


def fetch_records(
    connection: Connection,
    filters: RunsFilter | None,
    limit: int | None,
    order_by: str | None,
    ascending: bool,
    cursor: str | None,
    bucket_by: JobBucket | TagBucket | None,
) -> list[RunRecord]:
    """Return run records; see ``RunStorage.get_run_records``."""
    rows = _fetch(connection, _RECORD, filters, limit, order_by, ascending, cursor, bucket_by)
    return [
        RunRecord(
            storage_id=row.storage_id,
            dagster_run=read_run(row.body, row.status),
            create_timestamp=time_of(row.create_timestamp),
            update_timestamp=time_of(row.update_timestamp),
            start_time=row.start_timestamp,
            end_time=row.end_timestamp,
        )
        for row in rows
    ]


def fetch_ids(
    connection: Connection, filters: RunsFilter | None, cursor: str | None, limit: int | None
) -> list[str]:
    """Return the ids of runs; see ``RunStorage.get_run_ids``."""
    keys: list[str] = [
        row.run_key
        for row in _fetch(connection, (runs.c.run_key,), filters, limit, None, False, cursor, None)
    ]
    shortened = [key for key in keys if not is_text_itself(key)]
    texts: dict[str, str] = {}
    for chunk in chunks(shortened):
        query = sa.select(runs.c.run_key, *_RUN).where(runs.c.run_key.in_(chunk))
        for row in connection.execute(query):
            texts[row.run_key] = read_run(row.body, row.status).run_id
    return [texts.get(key, key) for key in keys]


def can_find_prefix(prefix: str) -> bool:
    """Whether the keys of all ids that start with a text start with it too; see ``key_of``."""
    return prefix.isprintable() and len(prefix.encode("utf-8", "surrogatepass")) <= _PREFIX_BYTES


def fetch_ids_with_prefix(connection: Connection, prefix: str, limit: int) -> list[str]:
    """Return the ids of runs that start with a text: a walk along the index of the ids."""
    query = (
        sa.select(runs.c.run_key, *_RUN)
        .where(runs.c.run_key >= prefix, runs.c.run_key < f"{prefix}\U0010ffff")
        .order_by(runs.c.run_key)
        .limit(limit)
    )
    return [
        row.run_key if is_text_itself(row.run_key) else read_run(row.body, row.status).run_id
        for row in connection.execute(query)
    ]


def count_runs(connection: Connection, filters: RunsFilter | None) -> int:
    """Return how many runs match."""
    total = 0
    for part in _parts(connection, filters, None, None):
        query = _from_part(part, (sa.func.count(),))
        total += connection.execute(query).scalar_one()
    return total


def fetch_group(connection: Connection, run_id: str) -> tuple[str, list[DagsterRun]] | None:
    """Return a run's group; see ``RunStorage.get_run_group``."""
    own = sa.select(runs.c.root_run_key, *_RUN).where(runs.c.run_key == key_of(run_id))
    row = connection.execute(own).first()
    if row is None:
        return None
    run = read_run(row.body, row.status)
    root_run_id = run.root_run_id or run.tags.get(ROOT_RUN_ID_TAG) or run_id
    root_key = key_of(root_run_id)
    query = (
        sa.select(*_RUN)
        .where(sa.or_(runs.c.run_key == root_key, runs.c.root_run_key == root_key))
        .order_by(runs.c.id)
    )
    return root_run_id, [read_run(row.body, row.status) for row in connection.execute(query)]


def fetch_partition_data(connection: Connection, filters: RunsFilter) -> list[RunPartitionData]:
    """Return the newest run of each partition; see ``RunStorage.get_run_partition_data``."""
    partition_key = key_of(PARTITION_NAME_TAG)
    newest: dict[str, int] = {}
    for part in _parts(connection, filters, None, None):
        found = _from_part(part, (_number_of(part).label("id"),)).subquery()
        query = (
            sa.select(run_tags.c.value_key, sa.func.max(run_tags.c.run_row))
            .join(found, found.c.id == run_tags.c.run_row)
            .where(run_tags.c.tag_key == partition_key)
            .group_by(run_tags.c.value_key)
        )
        for value_key, number in connection.execute(query):
            newest[value_key] = max(number, newest.get(value_key, 0))
    result: list[tuple[int, RunPartitionData]] = []
    for chunk in chunks(sorted(newest.values())):
        for row in connection.execute(sa.select(*_RECORD).where(runs.c.id.in_(chunk))):
            run = read_run(row.body, row.status)
            data = RunPartitionData(
                run_id=run.run_id,
                partition=run.tags[PARTITION_NAME_TAG],
                status=run.status,
                start_time=row.start_timestamp,
                end_time=row.end_timestamp,
            )
            result.append((row.storage_id, data))
    return [data for _, data in sorted(result, key=lambda item: item[0])]


# The way to them


def _fetch(
    connection: Connection,
    columns: Sequence[Any],
    filters: RunsFilter | None,
    limit: int | None,
    order_by: str | None,
    ascending: bool,
    cursor: str | None,
    bucket_by: JobBucket | TagBucket | None,
) -> Sequence[Any]:
    column = ORDERS.get(order_by or "id")
    if column is None:
        raise DagsterInvariantViolationError(unknown("order of runs", str(order_by), ORDERS))
    order = _Order(column, ascending)
    if cursor is not None:
        query = sa.select(column, runs.c.id).where(runs.c.run_key == key_of(cursor))
        place = connection.execute(query).first()
        if place is None:
            return []
        order = order._replace(after=(place[0], place[1]))
    pages: list[Sequence[Any]] = []
    heaps: dict[int, list[Sequence[Any]]] = {}
    for group in _statements(_parts(connection, filters, limit, bucket_by)):
        query = _page(group, columns, order, limit, connection.dialect.name)
        bucket = group[0].bucket if group[0].run_keys is not None else None
        heap = pages if bucket is None else heaps.setdefault(bucket, [])
        heap.append(connection.execute(query).all())
    if bucket_by is not None:
        pages += [_merged(heap, bucket_by.bucket_limit, ascending) for heap in heaps.values()]
    return _merged(pages, limit, ascending)


def _statements(parts: Sequence[_Part]) -> Iterable[Sequence[_Part]]:
    """Return parts in groups that are one statement each; one that names many runs stands alone."""
    naming = [part for part in parts if part.run_keys is not None]
    yield from chunks([part for part in parts if part.run_keys is None], _UNION)
    for part in naming:
        yield (part,)


def _merged(pages: Sequence[Sequence[Any]], limit: int | None, ascending: bool) -> Sequence[Any]:
    """Return the rows of several pages in order. The last two values of a row are its place."""
    if len(pages) == 1:
        rows = pages[0]
    else:
        rows = [row for page in pages for row in page]
        rows.sort(key=lambda row: (row[-2] is not None, row[-2], row[-1]), reverse=not ascending)
    return rows if limit is None else rows[:limit]


def _parts(
    connection: Connection,
    filters: RunsFilter | None,
    limit: int | None,
    bucket_by: JobBucket | TagBucket | None,
) -> list[_Part]:
    """Return what to look for, taken apart."""
    filters = filters or RunsFilter()
    part = _whole(filters, limit)
    if not all(values for _, values in part.tags):
        return []
    parts = [part] if bucket_by is None else list(_bucketed(part, bucket_by))
    if filters.run_ids is not None:
        keys = list(dict.fromkeys(key_of(run_id) for run_id in filters.run_ids))
        return [p._replace(run_keys=tuple(chunk)) for p in parts for chunk in chunks(keys)]
    ready: list[_Part] = []
    for p in parts:
        p = _narrowed(connection, p)
        if p.numbers == ():
            continue
        ready.extend([p] if p.bucket is not None else _split(p))
    return ready


def _whole(filters: RunsFilter, limit: int | None) -> _Part:
    windows = (
        _window(runs.c.update_timestamp, filters.updated_after, filters.updated_before),
        _window(runs.c.create_timestamp, filters.created_after, filters.created_before),
    )
    return _Part(
        job_key=None if filters.job_name is None else key_of(filters.job_name),
        statuses=tuple(dict.fromkeys(status.value for status in filters.statuses)),
        tags=tuple(_tag(key, values) for key, values in filters.tags.items()),
        snapshot_key=None if filters.snapshot_id is None else key_of(filters.snapshot_id),
        windows=tuple(window for window in windows if window),
        without_subruns=bool(filters.exclude_subruns),
        limit=limit,
    )


def _window(column: Any, after: datetime | None, before: datetime | None) -> tuple[Any, ...]:
    bounds: list[Any] = []
    if after is not None:
        bounds.append(column > timestamp_of(after))
    if before is not None:
        bounds.append(column < timestamp_of(before))
    return tuple(bounds)


def _tag(key: str, values: str | Sequence[str]) -> Tag:
    several = (values,) if isinstance(values, str) else values
    return key_of(key), tuple(dict.fromkeys(key_of(value) for value in several))


def _bucketed(part: _Part, bucket_by: JobBucket | TagBucket) -> Iterable[_Part]:
    limits = [limit for limit in (part.limit, bucket_by.bucket_limit) if limit is not None]
    part = part._replace(limit=min(limits, default=None))
    if isinstance(bucket_by, JobBucket):
        for number, job_name in enumerate(dict.fromkeys(bucket_by.job_names)):
            if part.job_key in (None, key_of(job_name)):
                yield part._replace(job_key=key_of(job_name), bucket=number)
    else:
        for number, value in enumerate(dict.fromkeys(bucket_by.tag_values)):
            tags = (_tag(bucket_by.tag_key, value), *part.tags)
            yield part._replace(tags=tags, bucket=number)


def _narrowed(connection: Connection, part: _Part) -> _Part:
    """Look which condition the fewest runs meet.

    When they are few, only these are looked at: a walk along another condition's index, or in the order
    that is asked for, could pass all runs. Otherwise the walk is along the condition whose newest runs
    reach back the farthest.
    """
    probes = list(_probes(part))
    if len(probes) < 2 and not part.windows:
        return part
    oldest: int | None = None
    rarest: Tag | None = part.tags[0] if part.tags else None
    for tag, probe, in_order in probes:
        numbers = connection.execute(probe.limit(_RARE)).scalars().all()
        if len(numbers) < _RARE:
            return part._replace(numbers=tuple(numbers))
        if in_order and (oldest is None or numbers[-1] < oldest):
            oldest, rarest = numbers[-1], tag
    if rarest is None:
        return part._replace(along_tag=False)
    return part._replace(tags=(rarest, *(tag for tag in part.tags if tag is not rarest)))


def _probes(part: _Part) -> Iterable[tuple[Tag | None, Any, bool]]:
    """Return a question for the numbers of the runs that meet each condition which has an index.

    Returns:
        The tag, if it is one; the question; whether it gives the newest runs.
    """
    for tag in part.tags:
        query = sa.select(run_tags.c.run_row).where(*_has_tag(tag))
        in_order = len(tag[1]) == 1
        yield tag, query.order_by(run_tags.c.run_row.desc()) if in_order else query, in_order
    own = (_job_and_status(part), len(part.statuses) < 2), (_snapshot(part), True)
    for conditions, in_order in own:
        if conditions:
            query = sa.select(runs.c.id).where(*conditions)
            yield None, query.order_by(runs.c.id.desc()) if in_order else query, in_order
    for window in part.windows:
        yield None, sa.select(runs.c.id).where(*window), False


def _job_and_status(part: _Part) -> tuple[Any, ...]:
    conditions: list[Any] = []
    if part.job_key is not None:
        conditions.append(runs.c.job_key == part.job_key)
    if part.statuses:
        conditions.append(_one_of(runs.c.status, part.statuses))
    return tuple(conditions)


def _snapshot(part: _Part) -> tuple[Any, ...]:
    return () if part.snapshot_key is None else (runs.c.snapshot_key == part.snapshot_key,)


def _split(part: _Part) -> Iterable[_Part]:
    """Take apart what one index would give out of order."""
    if part.numbers is not None:
        return [part]
    if part.limit is not None and _along_tag(part):
        key, values = part.tags[0]
        if 1 < len(values) <= _SPLIT:
            return [part._replace(tags=((key, (value,)), *part.tags[1:])) for value in values]
    elif part.limit is not None and 1 < len(part.statuses) <= _SPLIT:
        return [part._replace(statuses=(status,)) for status in part.statuses]
    return [part]


def _page(
    parts: Sequence[_Part], columns: Sequence[Any], order: _Order, limit: int | None, dialect: str
) -> Query:
    """Return the question that reads a page: the numbers first, then only the rows that are shown."""
    numbers = [_ordered_numbers(part, order, dialect) for part in parts]
    if len(numbers) == 1:
        page = numbers[0].subquery()
    else:
        page = sa.union_all(*(sa.select(number.subquery()) for number in numbers)).subquery()
    query = sa.select(*columns, order.column.label("sort_value"), runs.c.id.label("sort_number"))
    return (
        query.join(page, page.c.id == runs.c.id)
        .order_by(*_sorting(order, order.column, runs.c.id, dialect))
        .limit(limit)
    )


def _ordered_numbers(part: _Part, order: _Order, dialect: str) -> Query:
    number = _number_of(part)
    by_number = order.column is runs.c.id
    column = number if by_number else order.column
    query = _from_part(part, (number.label("id"),), with_runs=not by_number)
    if order.after is not None:
        query = query.where(_comes_after(order, column, number))
    if part.limit is None:
        return query
    return query.order_by(*_sorting(order, column, number, dialect)).limit(part.limit)


def _number_of(part: _Part) -> Any:
    return run_tags.c.run_row if _along_tag(part) else runs.c.id


def _along_tag(part: _Part) -> bool:
    named = part.run_keys is not None or part.numbers is not None
    return bool(part.tags) and part.along_tag and not named


def _from_part(part: _Part, columns: Sequence[Any], with_runs: bool = False) -> Query:
    """Return a question for columns of the rows of a part.

    Along a tag, runs are only looked at where that is needed.
    """
    query = sa.select(*columns)
    tags = part.tags
    number = _number_of(part)
    conditions = [*_job_and_status(part), *_snapshot(part)]
    conditions += [bound for window in part.windows for bound in window]
    if part.without_subruns:
        conditions.append(runs.c.is_subrun == 0)
    if part.run_keys is not None:
        conditions.append(runs.c.run_key.in_(part.run_keys))
    if part.numbers is not None:
        conditions.append(runs.c.id.in_(part.numbers))
    if not _along_tag(part):
        query = query.select_from(runs)
    else:
        query = query.where(*_has_tag(tags[0]))
        tags = tags[1:]
        if with_runs or conditions:
            query = query.select_from(run_tags.join(runs, runs.c.id == number))
        else:
            query = query.select_from(run_tags)
    for tag in tags:
        other = run_tags.alias()
        has_tag = sa.exists().where(other.c.run_row == number, *_has_tag(tag, other))
        query = query.where(has_tag.correlate(number.table))
    return query.where(*conditions)


def _has_tag(tag: Tag, table: Any = run_tags) -> tuple[Any, Any]:
    key, values = tag
    return table.c.tag_key == key, _one_of(table.c.value_key, values)


def _one_of(column: Any, values: tuple[str, ...]) -> Any:
    return column == values[0] if len(values) == 1 else column.in_(values)


def _comes_after(order: _Order, column: Any, number: Any) -> Any:
    value, at = order.after or (None, 0)
    beyond = number > at if order.ascending else number < at
    if order.column is runs.c.id:
        return beyond
    if value is None:  # the first of all
        behind = sa.and_(column.is_(None), beyond)
        return sa.or_(behind, column.is_not(None)) if order.ascending else behind
    if order.ascending:
        return sa.and_(column >= value, sa.or_(column > value, beyond))
    condition = sa.and_(column <= value, sa.or_(column < value, beyond))
    return sa.or_(condition, column.is_(None)) if column.nullable else condition


def _sorting(order: _Order, column: Any, number: Any, dialect: str) -> tuple[Any, ...]:
    by_number = order.column is runs.c.id
    if by_number:
        return (number.asc() if order.ascending else number.desc(),)
    first = column.asc() if order.ascending else column.desc()
    if column.nullable and dialect == "postgresql":
        first = first.nulls_first() if order.ascending else first.nulls_last()
    return first, number.asc() if order.ascending else number.desc()
