"""Runs that go on at once in one process, on PostgreSQL: how many connections they take.

The server is the one that ``DAGSTER_TEST_POSTGRESQL_URL`` names, by default that of this machine. What is
written is in a schema of its own, which is dropped.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import uuid

import sqlalchemy as sa

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, instance_for_test

DEFAULT = "postgresql+psycopg://root@127.0.0.1:5432/test"


def write(instance: DagsterInstance, number: int, events: int) -> None:
    """Write a run."""
    run = instance.add_run(
        DagsterRun(job_name="job", run_id=f"run-{number}", status=DagsterRunStatus.STARTED)
    )
    for event in range(events):
        instance.report_engine_event(f"event {event}", run)
    instance.report_run_failed(run)


def measure(url: sa.URL, schema: str, engine: sa.Engine, runs: int, events: int) -> dict[str, float]:
    """Return what came of so many runs."""
    name = f"bench {schema}"
    own = url.update_query_dict({"options": f"-csearch_path={schema}", "application_name": name})
    counting = sa.text("SELECT count(*) FROM pg_stat_activity WHERE application_name = :name")
    storage = {"postgres": {"postgres_url": own.render_as_string(hide_password=False)}}
    most = 0
    with instance_for_test({"storage": storage}) as instance, engine.connect() as connection:
        writers = [
            threading.Thread(target=write, args=(instance, number, events)) for number in range(runs)
        ]
        start = time.perf_counter()
        for writer in writers:
            writer.start()
        while any(writer.is_alive() for writer in writers):
            most = max(most, connection.execute(counting, {"name": name}).scalar_one())
        seconds = time.perf_counter() - start
        stored = sum(len(instance.all_logs(f"run-{number}")) for number in range(runs))
    assert stored == runs * (events + 1), stored
    return {"connections": most, "seconds per event": seconds / stored}


if __name__ == "__main__":
    server = sa.make_url(os.environ.get("DAGSTER_TEST_POSTGRESQL_URL", DEFAULT))
    of_its_own = f"bench_{uuid.uuid4().hex}"
    administrator = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with administrator.connect() as opened:
        opened.exec_driver_sql(f'CREATE SCHEMA "{of_its_own}"')
    try:
        measures = measure(server, of_its_own, administrator, int(sys.argv[1]), int(sys.argv[2]))
    finally:
        with administrator.connect() as opened:
            opened.exec_driver_sql(f'DROP SCHEMA "{of_its_own}" CASCADE')
        administrator.dispose()
    print(json.dumps(measures))
