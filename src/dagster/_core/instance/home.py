"""``DAGSTER_HOME``: the directory of the instance that everybody means who names none."""

from __future__ import annotations

import os

from dagster._core.errors import DagsterHomeNotSetError, DagsterInvariantViolationError

DAGSTER_HOME_VARIABLE = "DAGSTER_HOME"
DAGSTER_CONFIG_YAML_FILENAME = "dagster.yaml"

_WHAT = (
    "Dagster requires this environment variable to be set to an existing directory in your filesystem."
)


def dagster_home() -> str:
    """Return the directory that ``DAGSTER_HOME`` names.

    Raises:
        DagsterHomeNotSetError: If it is not set.
        DagsterInvariantViolationError: If it is no absolute path of a directory.
    """
    given = os.environ.get(DAGSTER_HOME_VARIABLE)
    if not given:
        raise DagsterHomeNotSetError(
            f"The environment variable $DAGSTER_HOME is not set.\n{_WHAT} This directory is used to store "
            "metadata across sessions, or load the dagster.yaml file which can configure storing metadata "
            "in an external database.\nFor example, run this in your shell or put it in its configuration:\n"
            '\texport DAGSTER_HOME=~/dagster_home\nIn PowerShell:\n\t$env:DAGSTER_HOME = "$HOME\\dagster_home"\n'
            "Alternatively, DagsterInstance.ephemeral() can be used for a transient instance."
        )
    path = os.path.expanduser(given)
    if not os.path.isabs(path):
        raise DagsterInvariantViolationError(
            f'$DAGSTER_HOME "{given}" must be an absolute path. {_WHAT} Did you mean '
            f'"{os.path.abspath(path)}"?'
        )
    if os.path.exists(path) and not os.path.isdir(path):
        raise DagsterInvariantViolationError(
            f'$DAGSTER_HOME "{given}" is not a directory or does not exist: there is a file. {_WHAT}'
        )
    if not os.path.isdir(path):
        raise DagsterInvariantViolationError(
            f'$DAGSTER_HOME "{given}" is not a directory or does not exist. {_WHAT} '
            f'Make it with: mkdir -p "{path}"'
        )
    return path
