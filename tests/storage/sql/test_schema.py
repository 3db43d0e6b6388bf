"""Making, checking and upgrading the tables of a database, on every kind of it."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
import sqlalchemy.dialects.mysql
import sqlalchemy.dialects.postgresql
import sqlalchemy.dialects.sqlite
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from dagster._core.storage.sql import ddl, schema, tables
from dagster._core.storage.sql.database import Database, open_server, open_sqlite
from dagster._core.storage.sql.migrations import schema_001
from dagster._core.storage.sql.schema import (
    GROUPS,
    HISTORY,
    METADATA_OF_GROUP,
    History,
    SchemaVersionError,
    check_version,
    ensure_schema,
    is_outdated,
    migrating,
    read_versions,
    upgrade,
)
from tests.storage.services import MYSQL, POSTGRESQL, own_schema

KINDS = ("sqlite", POSTGRESQL, MYSQL)
CURRENT = dict(HISTORY.heads)


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'dir' / 'a%20b.db'}"
        return
    with own_schema(request.param) as found:
        yield found.render_as_string(hide_password=False)


def opened(url: str) -> Database:
    return open_sqlite(url.removeprefix("sqlite:///")) if url.startswith("sqlite") else open_server(url)


@pytest.fixture
def empty(url: str) -> Iterator[Database]:
    database = opened(url)
    yield database
    database.dispose()


def names_of_tables(database: Database) -> set[str]:
    return set(sa.inspect(database.engine).get_table_names())


def history_with(folder: Path, **steps: str) -> History:
    """The history with a second revision of the runs, whose steps are given."""
    shutil.copytree(HISTORY.location, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for group, text in steps.items():
        body = "\n".join(f"    {line}" for line in text.strip().splitlines())
        (folder / "versions" / f"{group}_002.py").write_text(
            "import os, signal\nimport sqlalchemy as sa\nfrom alembic import op\n"
            "from dagster._core.storage.sql import ddl\n"
            f'revision = "{group}_002"\ndown_revision = "{group}_001"\n'
            "branch_labels = depends_on = None\n"
            "new = sa.Table('runs', sa.MetaData(), sa.Column('id', sa.BigInteger), "
            "sa.Column('job_key', sa.String(20)), sa.Column('colour', sa.String(20)), "
            "sa.Column('size', sa.BigInteger))\n"
            "sa.Index('idx_runs_colour', new.c.colour)\n"
            f"def upgrade():\n    c = op.get_bind()\n{body}\n"
        )
    return History({**HISTORY.heads, **{group: f"{group}_002" for group in steps}}, str(folder))


def columns(database: Database, table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(database.engine).get_columns(table)}


# The first schema


def test_the_history_ends_in_the_tables_of_the_code() -> None:
    """Until the first release: copy tables.py to migrations/schema_001.py. Afterwards: write a revision."""
    for name in ("RUN_METADATA", "EVENT_METADATA", "SCHEDULE_METADATA"):
        assert texts_of(getattr(schema_001, name)) == texts_of(getattr(tables, name))


def texts_of(metadata: sa.MetaData) -> dict[str, list[str]]:
    return {
        f"{dialect.name} {table.name}": ddl._statements_of(table, dialect)
        for dialect in (
            sa.dialects.sqlite.dialect(),
            sa.dialects.postgresql.dialect(),
            sa.dialects.mysql.dialect(),
        )
        for table in metadata.sorted_tables
    }


def test_the_heads_are_those_of_the_scripts() -> None:
    config = Config()
    config.set_main_option("script_location", HISTORY.location)
    script = ScriptDirectory.from_config(config)
    assert set(script.get_heads()) == set(HISTORY.heads.values())
    for group, head in HISTORY.heads.items():
        assert script.get_revision(f"{group}@head").revision == head


def test_the_first_revisions_make_the_same_tables(empty: Database) -> None:
    empty.write(lambda connection: ddl.create_missing(connection, schema.VERSION_METADATA, "x"))
    empty.write(lambda connection: schema._run_revisions(connection, GROUPS, HISTORY))
    assert read_versions(empty) == CURRENT
    assert check_version(empty, GROUPS) == ()
    for metadata in METADATA_OF_GROUP.values():
        owned = {*metadata.tables}

        def ours(name, type_, owned=owned):
            return type_ != "table" or name in owned

        with empty.engine.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"include_name": lambda n, t, _: ours(n, t)}
            )
            assert compare_metadata(context, metadata) == []


# Opening


def test_a_new_database_gets_the_tables_of_the_groups_asked_for(empty: Database) -> None:
    ensure_schema(empty, ["schedules"])
    assert names_of_tables(empty) == {"dagwerk_version", "instigators", "ticks"}
    assert read_versions(empty) == {"schedules": "schedules_001"}
    ensure_schema(empty, GROUPS)
    assert read_versions(empty) == CURRENT
    every = {name for metadata in METADATA_OF_GROUP.values() for name in metadata.tables}
    assert names_of_tables(empty) == {"dagwerk_version", *every}


def test_opening_costs_one_query_and_then_none(empty: Database, url: str) -> None:
    ensure_schema(empty, GROUPS)
    again = opened(url)
    said: list[str] = []
    sa.event.listen(again.engine, "before_cursor_execute", lambda *args: said.append(args[2]))
    ensure_schema(again, GROUPS)
    queries = [text for text in said if not text.startswith(("BEGIN", "SAVEPOINT", "RELEASE"))]
    assert len(queries) == 1
    said.clear()
    ensure_schema(again, ["runs"])
    assert said == []
    again.dispose()


def test_tables_are_not_made_unasked(empty: Database) -> None:
    with pytest.raises(
        SchemaVersionError,
        match=r"has no tables for runs and events, and `should_autocreate_tables` is false. Run "
        "`dagster instance migrate` to make them.",
    ):
        ensure_schema(empty, ["runs", "events"], autocreate=False)
    assert names_of_tables(empty) == set()
    upgrade(empty, ["runs", "events"])
    ensure_schema(empty, ["runs", "events"], autocreate=False)


def open_at_once(url: str, ready, answers) -> None:
    try:
        database = opened(url)
        ready.wait()
        ensure_schema(database, GROUPS)
        assert check_version(database, GROUPS) == ()
        answers.put("")
    except BaseException as error:
        answers.put(f"{type(error).__name__}: {error}")


@pytest.mark.slow
def test_32_processes_open_a_new_database_at_once(url: str) -> None:
    spawn = multiprocessing.get_context("fork")
    ready, answers = spawn.Barrier(32), spawn.Queue()
    processes = [spawn.Process(target=open_at_once, args=(url, ready, answers)) for _ in range(32)]
    for process in processes:
        process.start()
    assert [answers.get(timeout=120) for _ in processes] == [""] * 32
    for process in processes:
        process.join()
    database = opened(url)
    assert read_versions(database) == CURRENT
    database.dispose()


def test_a_table_of_somebody_else_is_left_alone(empty: Database) -> None:
    empty.write(
        lambda connection: connection.exec_driver_sql("CREATE TABLE runs (id BIGINT, run_id BIGINT)")
    )
    with pytest.raises(
        ddl.ForeignTableError,
        match=r'a table "runs" that Dagwerk did not make .it has no column "run_key"',
    ):
        ensure_schema(empty, GROUPS)
    assert columns(empty, "runs") == {"id", "run_id"}
    ensure_schema(empty, ["schedules"])


@pytest.mark.parametrize("statements", range(12))
def test_a_creation_that_was_killed_is_completed(empty: Database, monkeypatch, statements: int) -> None:
    """On MySQL every table stays that was made before; elsewhere none does."""
    left = [statements]
    real = sa.Connection.exec_driver_sql

    def until_killed(self, statement, *args, **kwargs):
        if statement.lstrip().startswith("CREATE"):
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
        return real(self, statement, *args, **kwargs)

    monkeypatch.setattr(sa.Connection, "exec_driver_sql", until_killed)
    with pytest.raises(KeyboardInterrupt):
        ensure_schema(empty, ["runs"])
    monkeypatch.undo()
    ensure_schema(empty, ["runs"])
    found = {index["name"] for index in sa.inspect(empty.engine).get_indexes("runs")}
    assert {index.name for index in tables.runs.indexes} <= found
    assert read_versions(empty) == {"runs": "runs_001"}


def test_texts_of_any_language_in_a_latin_database() -> None:
    with own_schema(MYSQL) as url:
        database = open_server(url)
        database.write(
            lambda connection: connection.exec_driver_sql("ALTER DATABASE CHARACTER SET latin1")
        )
        ensure_schema(database, GROUPS)
        found = database.read(
            lambda connection: (
                connection.exec_driver_sql(
                    "SELECT DISTINCT table_collation FROM information_schema.tables "
                    "WHERE table_schema = database() AND table_name <> 'dagwerk_version'"
                )
                .scalars()
                .all()
            )
        )
        assert all(name.startswith("utf8mb4") for name in found)
        database.dispose()


# Versions


ADD_COLOUR = "ddl.add_column(c, new, 'colour')\nddl.create_indexes(c, new)"


def test_an_older_schema_says_what_to_do(empty: Database, tmp_path: Path) -> None:
    ensure_schema(empty, GROUPS)
    history = history_with(tmp_path / "next", runs=ADD_COLOUR)
    again = Database(empty.engine, "the one")
    with pytest.raises(SchemaVersionError) as caught:
        ensure_schema(again, GROUPS, history=history)
    assert str(caught.value) == (
        "The database the one has schema runs_001, made by an older version of dagwerk; this version needs "
        "runs_002. Stop what uses it and run `dagster instance migrate`."
    )
    ensure_schema(again, ["events"], history=history)
    assert is_outdated(again, ["runs"], history)
    assert not is_outdated(again, ["events"], history)


def test_a_newer_schema_is_refused(empty: Database, tmp_path: Path) -> None:
    history = history_with(tmp_path / "next", runs=ADD_COLOUR, events="pass")
    ensure_schema(empty, GROUPS)
    upgrade(empty, GROUPS, history)
    again = Database(empty.engine, "the one")
    for action in (ensure_schema, upgrade):
        with pytest.raises(SchemaVersionError) as caught:
            action(again, GROUPS)
        assert str(caught.value) == (
            "The database the one was brought to schema runs_002, events_002 by a newer version of dagwerk; "
            "this version knows runs_001, events_001 at most. Upgrade dagwerk, or give this version another "
            "database."
        )


def test_a_version_of_something_else_is_refused(empty: Database) -> None:
    ensure_schema(empty, ["runs"])
    empty.write(lambda connection: schema.stamp(connection, "7e2f3204cf8e"))
    with pytest.raises(
        SchemaVersionError, match=r'a version that is not one of Dagwerk: "7e2f3204cf8e"'
    ):
        check_version(empty, ["runs"])


def test_upgrading(empty: Database, url: str, tmp_path: Path) -> None:
    ensure_schema(empty, GROUPS)
    history = history_with(tmp_path / "with % and space", runs=ADD_COLOUR)
    said: list[str] = []
    upgrade(empty, GROUPS, history, said.append)
    assert said == [f"Migrating {empty.description}: runs_001 → runs_002"]
    assert "colour" in columns(empty, "runs")
    assert read_versions(empty) == {**CURRENT, "runs": "runs_002"}
    ensure_schema(empty, GROUPS, history=history)
    upgrade(empty, GROUPS, history, said.append)
    assert len(said) == 1


def test_upgrading_a_storage_that_is_open(empty: Database, tmp_path: Path) -> None:
    ensure_schema(empty, GROUPS)
    history = history_with(tmp_path / "next", runs=ADD_COLOUR)
    again = Database(empty.engine, "the one")
    with migrating():
        ensure_schema(again, GROUPS, history=history)
    with pytest.raises(SchemaVersionError, match=r"older"):
        ensure_schema(again, GROUPS, history=history)
    upgrade(again, GROUPS, history)
    ensure_schema(again, GROUPS, history=history)


def test_steps_can_be_repeated(empty: Database) -> None:
    ensure_schema(empty, ["runs"])
    new = sa.Table(
        "runs",
        sa.MetaData(),
        sa.Column("id", sa.BigInteger),
        sa.Column("colour", sa.String(20), nullable=True),
    )
    sa.Index("idx_runs_colour", new.c.colour)
    for _ in range(2):
        empty.write(lambda connection: ddl.add_column(connection, new, "colour"))
        empty.write(lambda connection: ddl.create_indexes(connection, new, ["idx_runs_colour"]))
    assert "colour" in columns(empty, "runs")
    for _ in range(2):
        empty.write(lambda connection: ddl.drop_index(connection, new, "idx_runs_colour"))
        empty.write(lambda connection: ddl.drop_column(connection, "runs", "colour"))
    assert "colour" not in columns(empty, "runs")


def upgrade_until_killed(url: str, history: History) -> None:
    upgrade(opened(url), GROUPS, history)


@pytest.mark.slow
def test_a_migration_that_was_killed_can_be_run_again(empty: Database, url: str, tmp_path: Path) -> None:
    """kill -9 between two steps of a revision; then again, without the kill."""
    ensure_schema(empty, GROUPS)
    flag = tmp_path / "killed"
    history = history_with(
        tmp_path / "next",
        runs=f"""
ddl.add_column(c, new, 'colour')
if not os.path.exists({str(flag)!r}):
    open({str(flag)!r}, "w").close()
    os.kill(os.getpid(), signal.SIGKILL)
ddl.create_indexes(c, new)
ddl.add_column(c, new, 'size')
""",
    )
    process = multiprocessing.get_context("spawn").Process(
        target=upgrade_until_killed, args=(url, History(dict(history.heads), history.location))
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert os.path.exists(flag)
    assert read_versions(empty) == CURRENT
    upgrade(empty, GROUPS, history)
    assert read_versions(empty) == {**CURRENT, "runs": "runs_002"}
    assert {"colour", "size"} <= columns(empty, "runs")
    assert "idx_runs_colour" in {index["name"] for index in sa.inspect(empty.engine).get_indexes("runs")}
