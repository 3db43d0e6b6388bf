"""Storages on PostgreSQL whose passwords are tokens for a short time: on a server that asks for passwords."""

from __future__ import annotations

import logging
import subprocess
import sys
import traceback
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import dagster._time as _time
from dagster import DagsterInstance
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.sql.database import Database, DatabaseUnavailableError
from dagster_postgres import DagsterPostgresStorage, PostgresRunStorage, PostgresScheduleStorage
from dagster_postgres.auth import TokenPassword
from tests.storage.cloud_stand_ins import Cloud, put_azure
from tests.storage.postgres_server import PostgresServer, own_server

pytestmark = pytest.mark.slow

FIRST = "first-token-%2F:@/?&"  # as tokens are: with what a URL would take apart
SECOND = "second-token-%2F:@/?&"
AZURE = {"azure_wif": {}}


class Administrator:
    """Gives the account its password, and sees its connections."""

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)

    def do(self, statement: str) -> Any:
        with self._engine.connect() as connection:
            result = connection.execute(sa.text(statement))
            return result.scalars().all() if result.returns_rows else None

    def set_password(self, password: str) -> None:
        self.do(f"ALTER ROLE dagster PASSWORD '{password}'")

    def cut(self) -> None:
        self.do("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'dagster'")


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with own_server(passwords=True) as found:
        administrator = Administrator(found.url)
        administrator.do("CREATE ROLE dagster LOGIN")
        administrator.do("CREATE DATABASE dagster OWNER dagster")
        yield found


@pytest.fixture
def administrator(server: PostgresServer) -> Administrator:
    found = Administrator(server.url)
    found.set_password(FIRST)
    return found


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    found = put_azure(monkeypatch)
    found.token = FIRST
    return found


@pytest.fixture
def url(server: PostgresServer) -> str:
    url = sa.make_url(server.url).set(username="dagster", database="dagster")
    # A database that an error still holds is not opened again: each test has its own.
    return url.update_query_dict({"application_name": uuid.uuid4().hex}).render_as_string(False)


def database_of(storage: Any) -> Database:
    return storage._database


def ask(storage: Any) -> Any:
    return database_of(storage).read(
        lambda connection: connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
    )


def test_the_server_asks_for_passwords(administrator: Administrator, url: str) -> None:
    with pytest.raises(DatabaseUnavailableError, match=r"cannot be opened: .*no password supplied"):
        DagsterPostgresStorage(url)


def test_a_new_connection_has_a_renewed_token(
    administrator: Administrator, cloud: Cloud, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TokenPassword, "renewed", None)  # nothing is refused here
    started = _time.now()
    storage = DagsterPostgresStorage(url, auth_provider=AZURE)
    before = ask(storage)
    monkeypatch.setattr(_time, "now", lambda: started + 3600)
    administrator.set_password(SECOND)
    cloud.token = SECOND
    # What is open stays so, whatever became of the token.
    assert ask(storage) == before
    assert len(cloud.asked) == 1
    administrator.cut()
    assert ask(storage) != before
    assert len(cloud.asked) == 2
    storage.dispose()


def test_a_token_that_is_kept_lets_several_connections_in(
    administrator: Administrator, cloud: Cloud, url: str
) -> None:
    storage = DagsterPostgresStorage(url, auth_provider=AZURE)
    for _ in range(3):
        storage.dispose()
        ask(storage)
    assert len(cloud.asked) == 1
    storage.dispose()


def test_a_kept_token_that_is_refused_is_replaced(
    administrator: Administrator, cloud: Cloud, url: str
) -> None:
    storage = DagsterPostgresStorage(url, auth_provider=AZURE)
    storage.dispose()
    administrator.set_password(SECOND)
    cloud.token = SECOND
    ask(storage)
    assert len(cloud.asked) == 2
    storage.dispose()


def test_a_token_that_is_refused(
    administrator: Administrator, cloud: Cloud, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    cloud.token = "not-the-token"
    with pytest.raises(DatabaseUnavailableError) as caught:
        DagsterPostgresStorage(url, auth_provider=AZURE)
    text = str(caught.value)
    assert text.startswith(f"The database {url} cannot be opened: ")
    assert 'password authentication failed for user "dagster"' in text
    assert text.endswith(
        "The password was a token of auth_provider: azure_wif. Check that sslmode is at least require, its account has "
        "the name of the Entra identity, and the server knows it as a principal."
    )
    assert len(cloud.asked) == 1, "a new token is not asked for again"
    assert isinstance(caught.value.__cause__, sa.exc.OperationalError)
    everything = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert "not-the-token" not in everything


def test_what_is_not_the_tokens_fault_is_not_blamed_on_it(
    administrator: Administrator, cloud: Cloud, url: str
) -> None:
    elsewhere = sa.make_url(url).set(database="no_such_database").render_as_string(False)
    with pytest.raises(DatabaseUnavailableError) as caught:
        DagsterPostgresStorage(elsewhere, auth_provider=AZURE)
    assert "no_such_database" in str(caught.value)
    assert "token" not in str(caught.value)


def test_no_token_is_told_at_once(administrator: Administrator, cloud: Cloud, url: str) -> None:
    cloud.error = RuntimeError("no identity here")
    with pytest.raises(DatabaseUnavailableError, match=r"azure_wif got no token \(RuntimeError: no id"):
        DagsterPostgresStorage(url, auth_provider=AZURE)
    assert len(cloud.asked) == 1


def test_a_password_in_the_url_is_not_used(administrator: Administrator, cloud: Cloud, url: str) -> None:
    with_password = sa.make_url(url).set(password="old").render_as_string(False)
    storage = DagsterPostgresStorage(with_password, auth_provider=AZURE)
    ask(storage)
    assert database_of(storage).description == url
    storage.dispose()


def test_who_gets_in_in_another_way_does_not_share_connections(
    administrator: Administrator, cloud: Cloud, url: str
) -> None:
    runs = PostgresRunStorage(url, auth_provider=AZURE)
    schedules = PostgresScheduleStorage(url, auth_provider={"azure_wif": {}})
    other = PostgresScheduleStorage(url, auth_provider={"azure_wif": {"scope": "other"}})
    assert database_of(runs) is database_of(schedules)
    assert database_of(runs) is not database_of(other)
    # Whoever has no provider is not let in by that of others.
    with pytest.raises(DatabaseUnavailableError, match="no password supplied"):
        PostgresRunStorage(url)
    runs.dispose()
    other.dispose()


def test_limits_of_connections_keep_the_provider(
    administrator: Administrator, cloud: Cloud, url: str
) -> None:
    storage = DagsterPostgresStorage(url, auth_provider=AZURE)
    database_of(storage).limit_connections(statement_timeout=5_000, pool_recycle=-1, max_overflow=3)
    ask(storage)
    limit = database_of(storage).read(
        lambda connection: connection.exec_driver_sql("SHOW statement_timeout").scalar()
    )
    assert limit == "5s"
    storage.dispose()


@pytest.mark.usefixtures("administrator")
def test_an_instance_is_told_of_it_by_dagster_yaml(cloud: Cloud, url: str, tmp_path: Path) -> None:
    parts = sa.make_url(url)
    (tmp_path / "dagster.yaml").write_text(
        "storage:\n  postgres:\n    auth_provider: {azure_wif: {}}\n    postgres_db:\n"
        f"      {{username: dagster, hostname: 127.0.0.1, port: {parts.port}, db_name: dagster,\n"
        f"       params: {{application_name: {parts.query['application_name']}}}}}\n"
    )
    with DagsterInstance.from_config(str(tmp_path)) as instance:
        assert instance.get_runs() == []
        assert FIRST not in instance.info_str()
        assert "azure_wif" in instance.info_str()
    assert len(cloud.asked) == 1


@pytest.mark.parametrize("key", ["run", "event_log", "schedule"])
@pytest.mark.usefixtures("administrator")
def test_storages_that_are_chosen_one_by_one_take_it(
    key: str, cloud: Cloud, url: str, tmp_path: Path
) -> None:
    name = {
        "run": "PostgresRunStorage",
        "event_log": "PostgresEventLogStorage",
        "schedule": "PostgresScheduleStorage",
    }[key]
    (tmp_path / "dagster.yaml").write_text(
        f"{key}_storage:\n  module: dagster_postgres\n  class: {name}\n"
        f"  config: {{postgres_url: '{url}', auth_provider: {{azure_wif: {{}}}}}}\n"
    )
    with DagsterInstance.from_config(str(tmp_path)) as instance:
        assert type(getattr(instance, f"{key}_storage")).__name__ == name
    assert len(cloud.asked) == 1


AZURE_IDENTITY = """
import collections, time

AccessToken = collections.namedtuple("AccessToken", "token expires_on")


class DefaultAzureCredential:
    def get_token(self, *scopes):
        return AccessToken({token!r}, int(time.time()) + 3600)

    def close(self):
        pass
"""
PROGRAM = """
import sys
from dagster import DagsterInstance
from dagster._core.instance.ref import InstanceRef

with DagsterInstance.from_ref(InstanceRef.from_json(sys.argv[1])) as instance:
    print(instance.get_runs_count())
"""


@pytest.mark.usefixtures("administrator")
def test_another_process_asks_for_tokens_itself(url: str, tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text(
        f"storage: {{postgres: {{postgres_url: '{url}', auth_provider: {{azure_wif: {{}}}}}}}}\n"
    )
    (tmp_path / "azure").mkdir()
    (tmp_path / "azure" / "identity.py").write_text(AZURE_IDENTITY.format(token=FIRST))
    reference = InstanceRef.from_dir(str(tmp_path)).to_json()
    assert FIRST not in reference
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, reference],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join([str(tmp_path), *filter(None, sys.path)])},
    )
    assert (done.stdout, done.returncode) == ("0\n", 0), done.stderr
