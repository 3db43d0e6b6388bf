"""The loggers of a run."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dagster._core.definitions.console_loggers import default_system_loggers
from dagster._core.definitions.job.resolved_config import ResolvedRunConfig, mapped_config
from dagster._core.events.log_manager import DagsterLogManager, Sink

if TYPE_CHECKING:
    from dagster._core.definitions.job.definition import JobDefinition
    from dagster._core.records.run import DagsterRun


def loggers_of(
    job_def: JobDefinition, config: ResolvedRunConfig, instance: Any, run_id: str
) -> list[logging.Logger]:
    """Return the loggers that run config asks for; the console if it asks for none.

    Raises:
        DagsterInvalidConfigError: If what a ``configured`` logger makes is invalid.
    """
    loggers: list[logging.Logger] = []
    for name, logger_config in config.loggers.items():
        definition = job_def.loggers[name]
        checked = mapped_config(definition, logger_config, f'logger "{name}"')
        loggers.append(definition.build_logger(checked, job_def, run_id))
    if not loggers:
        for definition, logger_config in default_system_loggers(instance):
            loggers.append(definition.build_logger(logger_config, job_def, run_id))
    return loggers


def log_manager_of(
    job_def: JobDefinition,
    config: ResolvedRunConfig,
    run: DagsterRun,
    instance: Any,
    sink: Sink,
    loggers: Sequence[logging.Logger] | None = None,
) -> DagsterLogManager:
    """Return the log manager of a run in this process.

    Args:
        job_def: The job.
        config: The validated run config.
        run: The run.
        instance: The instance.
        sink: Takes each entry of the event log.
        loggers: Where messages go. Default: what run config asks for.
    """
    return DagsterLogManager.create(
        loggers if loggers is not None else loggers_of(job_def, config, instance, run.run_id),
        run_id=run.run_id,
        job_name=run.job_name,
        sink=sink,
        managed_loggers=instance.managed_python_loggers,
        handlers=instance.get_handlers(),
        level=instance.python_log_level or 0,
        run_tags=run.tags,
    )
