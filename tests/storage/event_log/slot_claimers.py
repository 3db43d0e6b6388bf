"""A process that takes and gives back slots, and writes down when it held one. Run by a test.

Arguments: the URL of the database, the pool, the name of this process, how often, a file to write to.
"""

from __future__ import annotations

import sys
import time

from dagster._core.storage.event_log import concurrency
from dagster._core.storage.sql.database import Database, open_server, open_sqlite


def open_database(url: str) -> Database:
    return open_sqlite(url.removeprefix("sqlite:///")) if url.startswith("sqlite") else open_server(url)


def main(url: str, pool: str, name: str, times: int, path: str) -> None:
    database = open_database(url)
    with open(path, "w", encoding="utf-8") as file:
        for number in range(times):
            step = f"step {number}"
            while True:
                status = concurrency.claim_concurrency_slot(
                    database, pool, name, step, number % 3, now=time.time(), owner=name
                )
                if status.is_claimed:
                    break
                time.sleep(0.001)
            begin = time.monotonic()
            held = concurrency.get_concurrency_info(database, pool, now=time.time())
            end = time.monotonic()
            assert status.token is not None
            print(status.token, begin, end, held.active_slot_count, file=file)
            if number % 2:
                assert concurrency.release_concurrency_slot(database, pool, name, step, status.token)
            else:
                concurrency.free_concurrency_slot_for_step(database, name, step)
    database.dispose()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5])
