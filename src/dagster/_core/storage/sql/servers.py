"""The databases on servers that this process has open, each once."""

from __future__ import annotations

import os
import threading
from weakref import WeakValueDictionary

import sqlalchemy as sa

from dagster._core.storage.sql.database import Database, open_server
from dagster._core.storage.sql.server_engine import PasswordSource

_OPEN: WeakValueDictionary[tuple[int, str, str], Database] = WeakValueDictionary()
_LOCK = threading.Lock()


def server_database(url: sa.URL, password: PasswordSource | None = None) -> Database:
    """Return the database of a URL: the same for all storages of this process that are on it.

    So the process has two connections at most, also where its storages are configured one by one; unless
    ``max_overflow`` of ``optimize_for_webserver`` allows for more.

    Args:
        url: ``postgresql+psycopg://…`` or ``mysql+pymysql://…``.
        password: What gives each connection its password; without it, that is the URL's. Storages that get it
            in another way do not share their connections.
    """
    way_in = "" if password is None else password.name
    key = (os.getpid(), url.render_as_string(hide_password=False), way_in)
    with _LOCK:
        found = _OPEN.get(key)
        if found is None:
            found = _OPEN[key] = open_server(url, password=password)
        return found
