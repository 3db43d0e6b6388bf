"""The options that say where the user's code is, and which job of it is meant."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from dagster._cli.refusal import Refusal

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from dagster._workspace.discovery import LoadedCode, LoadedJob
    from dagster._workspace.target import CodeTarget

Decorated = Callable[..., Any]

_KINDS = ("python_file", "module_name", "package_name")


def target_options(*, several: bool = False) -> Callable[[Decorated], Decorated]:
    """Add the options that say where the code is.

    Args:
        several: Whether files and modules may be given more than once.
    """

    def decorate(function: Decorated) -> Decorated:
        options = (
            click.option(
                "-f",
                "--python-file",
                type=click.Path(),
                multiple=several,
                envvar="DAGSTER_PYTHON_FILE",
                help="A Python file with jobs as variables.",
            ),
            click.option(
                "-m",
                "--module-name",
                metavar="NAME",
                multiple=several,
                envvar="DAGSTER_MODULE_NAME",
                help="A Python module with jobs as variables, named with dots.",
            ),
            click.option(
                "--package-name",
                metavar="NAME",
                multiple=several,
                envvar="DAGSTER_PACKAGE_NAME",
                help="A Python package with jobs as variables.",
            ),
            click.option(
                "-a",
                "--attribute",
                metavar="NAME",
                envvar="DAGSTER_ATTRIBUTE",
                help="The variable to use: a job, graph, repository or Definitions, or a function without "
                "parameters that returns one.",
            ),
            click.option(
                "-d",
                "--working-directory",
                metavar="PATH",
                type=click.Path(),
                envvar="DAGSTER_WORKING_DIRECTORY",
                help="Where the code's own imports are looked for. Default: the file's directory and the "
                "current one.",
            ),
            click.option(
                "--empty-working-directory",
                is_flag=True,
                help="Do not look for imports in the current directory.",
            ),
        )
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def repository_option(function: Decorated) -> Decorated:
    """Add ``-r``."""
    return click.option(
        "-r", "--repository", metavar="NAME", help="The repository, if the code has several."
    )(function)


def job_option(function: Decorated) -> Decorated:
    """Add ``-j``."""
    return click.option(
        "-j",
        "--job",
        metavar="NAME",
        shell_complete=_complete_names,
        help="The job, if the code has several.",
    )(function)


def pipeline_option(function: Decorated) -> Decorated:
    """Add ``-p``."""
    return click.option(
        "-p",
        "--pipeline",
        metavar="NAME",
        shell_complete=_complete_names,
        help="The pipeline or job, if the code has several.",
    )(function)


class TargetCommand(click.Command):
    """A command that takes a target. Knows the options that people forget."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; say which option a stray file name may belong to."""
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as exc:
            if "unexpected extra argument" in exc.message:
                raise click.UsageError(exc.message + _stray_hint(given, exc.message), ctx) from None
            raise


def _stray_hint(given: list[str], message: str) -> str:
    stray = [arg for arg in given if arg in message]
    for arg in stray:
        if arg.endswith(".py"):
            return f". A Python file is given with -f: -f {arg}"
        if arg.endswith((".yaml", ".yml")):
            return ". Each config file takes a -c of its own; a pattern is put in quotes: -c '*.yaml'"
    return ""


def targets_of(params: Mapping[str, Any]) -> list[CodeTarget]:
    """Return the targets that options name, or those of ``pyproject.toml``."""
    from dagster._workspace.pyproject import load_pyproject_targets
    from dagster._workspace.target import CodeTarget

    given: dict[str, list[str]] = {}
    for kind in _KINDS:
        value = params.get(kind)
        values: list[str] = [value] if isinstance(value, str) else list(value or ())
        if values:
            given[kind] = values
    shared: dict[str, Any] = {
        "attribute": params.get("attribute"),
        "working_directory": params.get("working_directory"),
        "extends_path": not params.get("empty_working_directory"),
    }
    if len(given) > 1:
        raise Refusal(
            "expected one of -f/--python-file, -m/--module-name and --package-name, got: "
            + ", ".join(f"{_flag(kind)} {values[0]}" for kind, values in given.items())
            + "."
        )
    if given:
        ((kind, values),) = given.items()
        return [CodeTarget(**{kind: value}, **shared) for value in values]
    targets = load_pyproject_targets(os.getcwd())
    if not targets:
        raise Refusal(
            "Say where your code is: -f FILE.py, -m MODULE or --package-name PACKAGE. Or put this into the "
            'pyproject.toml of the current directory:\n\n    [tool.dagster]\n    module_name = "MODULE"'
        )
    if shared["attribute"] is not None:
        targets = [_with_attribute(target, shared["attribute"]) for target in targets]
    return targets


def _flag(kind: str) -> str:
    return f"--{kind.replace('_', '-')}"


def _with_attribute(target: CodeTarget, attribute: str) -> CodeTarget:
    from dagster._workspace.target import CodeTarget

    fields = {name: getattr(target, name) for name in CodeTarget.__struct_fields__}
    return CodeTarget(**{**fields, "attribute": attribute})


def load_code_of(params: Mapping[str, Any]) -> list[LoadedCode]:
    """Import what options name and return what it defines, for each target."""
    from dagster._workspace.discovery import load_code

    return [load_code(target) for target in targets_of(params)]


def load_job_of(
    params: Mapping[str, Any], name: str | None, *, word: str = "job", option: str = "-j"
) -> LoadedJob:
    """Import what options name and return the job that is meant.

    Args:
        params: The options.
        name: The job's name; None for the only one.
        word: What it is called in messages.
        option: The option for its name.
    """
    loaded = load_code_of(params)
    if len(loaded) > 1 and name is not None:
        # Of several targets, the first that has the name.
        for code in loaded[:-1]:
            if any(name in repository.jobs for repository in code.repositories):
                return code.job_named(name, params.get("repository"), word=word, option=option)
        return loaded[-1].job_named(name, params.get("repository"), word=word, option=option)
    return loaded[0].job_named(name, params.get("repository"), word=word, option=option)


def _complete_names(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the names of jobs for the shell. Whatever goes wrong, the shell must not see it."""
    import contextlib
    import io

    from click.shell_completion import CompletionItem

    items: list[CompletionItem] = []
    silent = io.StringIO()
    with (
        contextlib.suppress(Exception, SystemExit),
        contextlib.redirect_stdout(silent),
        contextlib.redirect_stderr(silent),
    ):
        for code in load_code_of(ctx.params):
            for repository in code.repositories:
                for job in repository.jobs.values():
                    if job.name.startswith(incomplete):
                        summary = (
                            (getattr(job.definition, "description", None) or "").strip().split("\n")[0]
                        )
                        items.append(CompletionItem(job.name, help=summary))
    return items
