"""Logs of runs in a SQLite file each. Writing goes straight to SQLite, since it is the way of every event."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from dagster._core.events.entry_codec import decode_entry, encode_entry
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.records.path_names import safe_part
from dagster._core.storage.event_log.type_groups import group_index
from dagster._core.storage.sql.database import (
    SQLITE_BUSY_SECONDS,
    Database,
    DatabaseFullError,
    DatabaseUnavailableError,
    is_sqlite_full,
    open_sqlite,
    set_wal,
)
from dagster._core.storage.sql.keys import key_of
from dagster._core.storage.sql.tables import event_logs
from dagster._process.forks import forget_in_forks

T = TypeVar("T")

#: How many runs' files a process keeps open. Each takes at most six descriptors.
MAX_OPEN: Final = 24
#: The name of the database beside them.
INDEX_NAME: Final = "index"
_SUFFIX: Final = ".db"
#: What SQLite keeps beside a database.
_COMPANIONS: Final = ("-wal", "-shm", "-journal")


def _statements() -> tuple[str, str]:
    # A log is read from its beginning or its end, or for a few types; more indexes would cost every event.
    table = event_logs.to_metadata(sa.MetaData())
    for constraint in list(table.constraints):
        if not isinstance(constraint, sa.PrimaryKeyConstraint):
            table.constraints.remove(constraint)
    statements = (
        CreateTable(table, if_not_exists=True),
        CreateIndex(group_index(), if_not_exists=True),
    )
    made, indexed = (str(statement.compile(dialect=sqlite.dialect())) for statement in statements)
    return made, indexed


_CREATE: Final = _statements()
_INSERT: Final = (
    "INSERT INTO event_logs (run_key, event_type, timestamp, step_key, body) VALUES (?, ?, ?, ?, ?)"
)


def _row_of(entry: EventLogEntry, run_key: str) -> tuple[Any, ...]:
    event, step_key = entry.dagster_event, entry.step_key
    return (
        run_key,
        None if event is None else event.event_type_value[:64],
        entry.timestamp,
        None if step_key is None else key_of(step_key),
        encode_entry(entry),
    )


class RunLog:
    """The log of one run.

    Args:
        run_id: The run.
        path: The file.
    """

    def __init__(self, run_id: str, path: str) -> None:
        self.run_id = run_id
        self.run_key = key_of(run_id)
        self.path = path
        #: Which file of that name it is, once it is open.
        self.inode: int | None = None
        #: Up to this event it is known that the index has everything it takes over; -1 for not known.
        self.indexed_to = -1
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._database: Database | None = None

    @property
    def database(self) -> Database:
        """The file as a database, to be read."""
        with self._lock:
            if self._database is None:
                self._open()
                self._database = open_sqlite(self.path)
            return self._database

    def append(self, entries: Sequence[EventLogEntry]) -> int:
        """Append entries in one transaction; return the id of the first. The others' follow it.

        Raises:
            DatabaseUnavailableError: If the file cannot be written.
        """
        rows = [_row_of(entry, self.run_key) for entry in entries]
        with self._lock:
            return _told(self.path, lambda: self._append(rows))

    def _append(self, rows: Sequence[tuple[Any, ...]]) -> int:
        connection = self._connection or self._open()
        connection.execute("BEGIN IMMEDIATE")
        try:
            if len(rows) == 1:
                last = connection.execute(_INSERT, rows[0]).lastrowid
            else:
                connection.executemany(_INSERT, rows)
                last = connection.execute("SELECT last_insert_rowid()").fetchone()[0]
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        assert last is not None  # an insert was done
        return last - len(rows) + 1

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            self._connection = _told(self.path, lambda: _open_file(self.path))
            self.inode = os.stat(self.path).st_ino
        return self._connection

    def newest_id(self) -> int:
        """Return the id of the newest entry, or 0."""
        query = sa.select(sa.func.max(event_logs.c.id))
        return self.database.read(lambda connection: connection.execute(query).scalar()) or 0

    def close(self) -> None:
        """Close the file. It is opened again when it is needed."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            if self._database is not None:
                self._database.dispose()
                self._database = None


def _open_file(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=SQLITE_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        # A new file need not survive a power failure before the first events in it do.
        connection.execute("PRAGMA synchronous=OFF")
        set_wal(connection)
        found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'event_logs'").fetchone()
        if found is None:
            connection.execute("BEGIN IMMEDIATE")
            for statement in _CREATE:
                connection.execute(statement)
            connection.execute("COMMIT")
        connection.execute("PRAGMA synchronous=NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def _told(path: str, attempt: Callable[[], T]) -> T:
    """Return what a function gives; tell what is wrong with the file if it cannot."""
    try:
        return attempt()
    except sqlite3.Error as exc:
        if is_sqlite_full(str(exc), path):
            raise DatabaseFullError(
                f"There is no space left where the event log {path} is kept ({exc}). What was stored before "
                "is intact, the last events were not stored. Make space and try again."
            ) from exc
        raise DatabaseUnavailableError(
            f"The event log {path} cannot be opened or written: {exc}. What was stored before is intact, the "
            "last events were not stored."
        ) from exc


class RunLogs:
    """The logs of all runs in a directory. Those that were used last are open.

    Args:
        base_dir: The directory.
        max_open: How many are open at most.
    """

    def __init__(self, base_dir: str, max_open: int = MAX_OPEN) -> None:
        self.base_dir = os.path.abspath(base_dir)
        self._max_open = max_open
        self._lock = threading.Lock()
        self._open: OrderedDict[str, RunLog] = OrderedDict()
        self._inherited: list[RunLog] = []
        forget_in_forks(self)

    def forget_parent(self) -> None:
        """Leave the files to the parent: SQLite forbids a forked process to touch, and to close, them."""
        self._lock = threading.Lock()
        self._inherited += self._open.values()
        self._open = OrderedDict()

    def path_of(self, run_id: str) -> str:
        """Return the path of a run's file, which lies in the directory whatever the id."""
        name = safe_part(run_id)
        if name.lower() == INDEX_NAME:
            name = f"%{name}"  # no id gives such a name: a percent sign is always escaped
        return os.path.join(self.base_dir, name + _SUFFIX)

    def log_of(self, run_id: str) -> RunLog:
        """Return the log of a run. Its file is made when it is first written."""
        with self._lock:
            log = self._open.get(run_id)
            surplus: list[RunLog] = []
            if log is not None and log.inode is not None and _inode(log.path) != log.inode:
                surplus.append(log)  # another process has deleted it
                log = None
            if log is None:
                log = self._open[run_id] = RunLog(run_id, self.path_of(run_id))
            self._open.move_to_end(run_id)
            while len(self._open) > self._max_open:
                surplus.append(self._open.popitem(last=False)[1])
        for other in surplus:
            other.close()
        return log

    def existing_log_of(self, run_id: str) -> RunLog | None:
        """Return the log of a run, or None if it has none."""
        return self.log_of(run_id) if os.path.exists(self.path_of(run_id)) else None

    def files(self) -> Iterator[tuple[str, float]]:
        """Return the path of each run's file, and when it was last written, in seconds since the epoch."""
        try:
            names = set(os.listdir(self.base_dir))
        except FileNotFoundError:
            return
        for name in sorted(names):
            if name.endswith(_SUFFIX) and name != INDEX_NAME + _SUFFIX:
                path = os.path.join(self.base_dir, name)
                times = [_changed(path)]
                if f"{name}-wal" in names:
                    times.append(_changed(f"{path}-wal"))
                known = [time for time in times if time is not None]
                if known:
                    yield path, max(known)

    def run_ids(self) -> Iterator[str]:
        """Return the ids of the runs that have a log."""
        for path, _changed in self.files():
            run_id = self.run_id_of(path)
            if run_id is not None:
                yield run_id

    def run_id_of(self, path: str) -> str | None:
        """Return the id of the run whose log a file is, or None if there is nothing in it."""
        name = os.path.basename(path)[: -len(_SUFFIX)]
        if "%" not in name:
            return name
        row = _first_row(path, "SELECT body FROM event_logs ORDER BY id LIMIT 1")
        return None if row is None else decode_entry(row[0]).run_id

    def newest_timestamp(self, run_id: str) -> float | None:
        """Return the time of the newest entry of a run, or None if it has no log."""
        path = self.path_of(run_id)
        if not os.path.exists(path):
            return None
        row = _first_row(path, "SELECT timestamp FROM event_logs ORDER BY id DESC LIMIT 1")
        return None if row is None else row[0]

    def delete(self, run_id: str) -> None:
        """Delete the log of a run."""
        with self._lock:
            log = self._open.pop(run_id, None)
        if log is not None:
            log.close()
        _unlink(self.path_of(run_id))

    def delete_all(self) -> None:
        """Delete the logs of all runs."""
        self.close()
        for path, _changed in list(self.files()):
            _unlink(path)

    def close(self) -> None:
        """Close all files."""
        with self._lock:
            logs = list(self._open.values())
            self._open.clear()
        for log in logs:
            log.close()


def _first_row(path: str, statement: str) -> Any:
    """Return the first row that a statement finds in a file. For a look at each of many files."""
    connection = sqlite3.connect(path, timeout=SQLITE_BUSY_SECONDS)
    try:
        return connection.execute(statement).fetchone()
    except sqlite3.OperationalError as exc:
        if "no such table" in str(exc):  # made, and never written
            return None
        raise
    finally:
        connection.close()


def _inode(path: str) -> int | None:
    try:
        return os.stat(path).st_ino
    except FileNotFoundError:
        return None


def _changed(path: str) -> float | None:
    try:
        return os.stat(path).st_mtime
    except FileNotFoundError:  # deleted meanwhile, or put into the database it belonged to
        return None


def _unlink(path: str) -> None:
    for suffix in ("", *_COMPANIONS):
        try:
            os.unlink(path + suffix)
        except FileNotFoundError:
            continue
