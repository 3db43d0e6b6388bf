"""``instance_for_test``: a persistent instance in a temporary directory, for tests."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.instance.home import DAGSTER_HOME_VARIABLE
from dagster._core.instance.instance import DagsterInstance
from dagster._core.instance.ref import InstanceRef


@contextmanager
def instance_for_test(
    overrides: Mapping[str, Any] | None = None,
    set_dagster_home: bool = True,
    temp_dir: str | None = None,
    synchronous_run_coordinator: bool = False,
    synchronous_run_launcher: bool = False,
) -> Iterator[DagsterInstance]:
    """Give a persistent instance for the time of a ``with`` statement.

    From the API reference. Runs are launched at once and not queued, unless the overrides say otherwise.

    Args:
        overrides: Config, as in ``dagster.yaml``.
        set_dagster_home: Whether ``DAGSTER_HOME`` names its directory meanwhile. Default: True.
        temp_dir: Its directory. Default: a new one, which is removed at the end.
        synchronous_run_coordinator: Whether submitted runs are launched at once. It is so in any case.
        synchronous_run_launcher: Not in this version, which has no launcher: False.
    """
    import tempfile

    if synchronous_run_launcher:
        raise DagsterInvariantViolationError(
            "expected synchronous_run_launcher to be False: there is no launcher in this version. Run jobs "
            "with execute_in_process(instance=…) or execute_job."
        )
    config = dict(overrides or {})
    if "run_queue" not in config:
        config.setdefault(
            "run_coordinator",
            {"module": "dagster._core.run_coordinator", "class": "DefaultRunCoordinator"},
        )
    directory = nullcontext(temp_dir) if temp_dir is not None else tempfile.TemporaryDirectory()
    with directory as path:
        ref = InstanceRef.from_dir(path, overrides=config)
        environment = _environment(path) if set_dagster_home else nullcontext()
        with DagsterInstance.from_ref(ref) as instance, environment:
            yield instance


@contextmanager
def _environment(home: str) -> Iterator[None]:
    before = os.environ.get(DAGSTER_HOME_VARIABLE)
    os.environ[DAGSTER_HOME_VARIABLE] = home
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(DAGSTER_HOME_VARIABLE, None)
        else:
            os.environ[DAGSTER_HOME_VARIABLE] = before
