"""MkDocs hook: the page of the command line is made from the commands themselves.

It says ``<!-- commands -->`` where each command is to stand, with its help and its options.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import click

from dagster._cli.main import cli

MARK = "<!-- commands -->"


def commands_of(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """Give a command and all below it, each with what one types."""
    yield path, command
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from commands_of(child, f"{path} {name}")


def section(path: str, command: click.Command) -> str:
    """Return the markdown of one command."""
    parts = [f"{'##' if isinstance(command, click.Group) else '###'} {path}"]
    # Click keeps a paragraph as it is after a backspace: here it is a block of code.
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        as_it_is = paragraph.startswith("\b\n")
        parts.append(f"```text\n{paragraph[2:]}\n```" if as_it_is else paragraph)
    rows = [option_row(option) for option in command.params if isinstance(option, click.Option)]
    if rows and not isinstance(command, click.Group):
        parts.append("\n".join(["| option | |", "|---|---|", *rows]))
    return "\n\n".join(parts)


def option_row(option: click.Option) -> str:
    """Return the row of an option in the table."""
    names = ", ".join(f"`{name}`" for name in option.opts)
    value = "" if option.is_flag else f" `{option.metavar or option.type.name.upper()}`"
    variable = f" Variable: `{option.envvar}`." if option.envvar else ""
    text = " ".join(f"{option.help or ''}{variable}".split())
    return f"| {names}{value} | {text.replace('|', chr(92) + '|').replace('*', chr(92) + '*')} |"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace the mark by the commands."""
    if MARK not in markdown:
        return markdown
    sections = [section(path, command) for path, command in commands_of(cli, "dagster")]
    return markdown.replace(MARK, "\n\n".join(sections))
