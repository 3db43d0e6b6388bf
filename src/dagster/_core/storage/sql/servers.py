"""The databases on servers that this process has open, each once."""

from __future__ import annotations

import os
import threading
from weakref import WeakValueDictionary

import sqlalchemy as sa

from dagster._core.storage.sql.database import Database, open_server

_OPEN: WeakValueDictionary[tuple[int, str], Database] = WeakValueDictionary()
_LOCK = threading.Lock()


def server_database(url: sa.URL) -> Database:
    """Return the database of a URL: the same for all storages of this process that are on it.

    So the process has two connections at most, also where its storages are configured one by one; unless
    ``max_overflow`` of ``optimize_for_webserver`` allows for more.
    """
    key = (os.getpid(), url.render_as_string(hide_password=False))
    with _LOCK:
        found = _OPEN.get(key)
        if found is None:
            found = _OPEN[key] = open_server(url)
        return found
