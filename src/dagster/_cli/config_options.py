"""The options that give a run its config, tags and selection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from dagster._cli.refusal import Refusal

Decorated = Callable[..., Any]


def config_options(function: Decorated) -> Decorated:
    """Add ``-c``, ``--config-json`` and ``--tags`` to a command."""
    for option in (
        click.option("--tags", metavar="JSON", help="Tags of the run, as a JSON object."),
        click.option(
            "--config-json",
            metavar="JSON",
            help="Run config as a JSON object. It is merged over the config files.",
        ),
        click.option(
            "-c",
            "--config",
            "config",
            type=click.Path(),
            multiple=True,
            help="A YAML file of run config, or a quoted pattern: -c 'config/*.yaml'. May be given several "
            "times; the files are merged, and where they differ, the later one wins.",
        ),
    ):
        function = option(function)
    return function


def read_run_config(files: Sequence[str], config_json: str | None) -> dict[str, Any]:
    """Return the run config of files and of a JSON text, merged."""
    from dagster._config.yaml_files import config_from_files, merge_dicts

    config = dict(config_from_files(list(files))) if files else {}
    if config_json is not None:
        config = merge_dicts(config, read_json_object(config_json, "--config-json"))
    return config


def read_tags(text: str | None) -> dict[str, Any]:
    """Return the tags that ``--tags`` gives."""
    return {} if text is None else read_json_object(text, "--tags")


def read_json_object(text: str, option: str) -> dict[str, Any]:
    """Return the JSON object that is an option's value.

    Raises:
        Refusal: With the position and a pointer to it, if it is no JSON; or if it is no object.
    """
    import json

    try:
        value = json.loads(text)
    except json.JSONDecodeError as exc:
        line = text.split("\n")[exc.lineno - 1]
        start = max(0, exc.colno - 60)
        shown = line[start : start + 100]
        hint = ""
        if '"' not in text:
            hint = (
                "\nA shell takes double quotes away: put the whole in single quotes, "
                f"""{option} '{{"key": "value"}}'."""
            )
        raise Refusal(
            f"{option} is not valid JSON: {exc.msg} at line {exc.lineno}, column {exc.colno}.\n"
            f"    {shown}\n    {' ' * (exc.colno - 1 - start)}^{hint}"
        ) from None
    if not isinstance(value, dict):
        from dagster._text import expected

        raise Refusal(
            f"""{expected(option, "a JSON object", value)}. For instance: '{{"key": "value"}}'."""
        )
    return value


def read_selection(text: str | None, option: str) -> list[str] | None:
    """Return the clauses of a comma separated selection; None if none is given."""
    if text is None:
        return None
    from dagster._core.definitions.selection import split_clauses

    clauses = split_clauses(text)
    if not clauses:
        short = option.partition("/")[0]
        raise Refusal(
            f'The selection {option} is empty. Name at least one, for instance {short} "load+".'
        )
    return clauses
