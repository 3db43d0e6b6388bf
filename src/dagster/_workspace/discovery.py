"""What the user's code defines: repositories, and the jobs, graphs and pipelines in them."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from dagster._core.definitions.code_pointer import CodePointer
from dagster._core.definitions.definitions_object import Definitions, LazyDefinitions
from dagster._core.definitions.graph.definition import GraphDefinition
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.definitions.op.definition import OpDefinition
from dagster._core.definitions.reconstructable import ReconstructableJob, ReconstructableRepository
from dagster._core.definitions.repository.contents import is_pipeline
from dagster._core.definitions.repository.definition import (
    SINGLETON_REPOSITORY_NAME,
    RepositoryDefinition,
)
from dagster._core.errors import (
    DagsterError,
    DagsterInvariantViolationError,
    DagsterUserCodeLoadError,
    user_code_error_boundary,
)
from dagster._text import did_you_mean, listed, shown, unknown
from dagster._workspace.importing import ImportedModule, import_target
from dagster._workspace.target import CodeTarget

#: The name of the repository of definitions that are in none.
OWN_REPOSITORY = SINGLETON_REPOSITORY_NAME


class LoadedJob:
    """A job, pipeline or graph, and how another process finds it.

    Args:
        name: Its name.
        load: Returns the definition. Repositories may build it only then.
        pointer: Where it, or the repository that holds it, is.
    """

    __slots__ = ("_load", "name", "pointer")

    def __init__(self, name: str, load: Callable[[], Any], pointer: CodePointer) -> None:
        self.name = name
        self._load = load
        self.pointer = pointer

    @property
    def definition(self) -> Any:
        """The definition.

        Raises:
            DagsterUserCodeLoadError: If the user's code raises while it is built.
        """
        return _built(self._load, f'"{self.name}" from {self.pointer.describe()}')

    def as_job(
        self, op_selection: Sequence[str] | None = None, mode: str | None = None
    ) -> ReconstructableJob:
        """Return the job as it is run: another process can load it.

        Args:
            op_selection: Clauses that select a part of its ops. Default: all.
            mode: The mode, for pipelines.
        """
        return ReconstructableJob(ReconstructableRepository(self.pointer), self.name, op_selection, mode)


def _built(build: Callable[[], Any], what: str) -> Any:
    try:
        with user_code_error_boundary(
            DagsterUserCodeLoadError, lambda: f"{what} raised while it was built."
        ):
            return build()
    except DagsterUserCodeLoadError:
        raise
    except DagsterError as exc:
        raise DagsterUserCodeLoadError(f"{what} is not valid.", user_exception=exc) from exc


class LoadedRepository:
    """A repository with its jobs by name.

    Args:
        name: Its name; :data:`OWN_REPOSITORY` for definitions that are in none.
        jobs: What can be run in it.
        description: For people.
    """

    __slots__ = ("description", "jobs", "name")

    def __init__(self, name: str, jobs: Iterable[LoadedJob], description: str | None = None) -> None:
        self.name = name
        self.jobs = {job.name: job for job in jobs}
        self.description = description


class LoadedCode:
    """What one target defines.

    Args:
        target: Where it was.
        repositories: The repositories, at least one.
        left_out: Names of jobs that stand in the module beside its repositories, to the names of their
            variables.
    """

    __slots__ = ("left_out", "repositories", "target")

    def __init__(
        self,
        target: CodeTarget,
        repositories: Sequence[LoadedRepository],
        left_out: Mapping[str, str] | None = None,
    ) -> None:
        self.target = target
        self.repositories = list(repositories)
        self.left_out = dict(left_out or {})

    def repository_named(self, name: str) -> LoadedRepository:
        """Return a repository by name.

        Raises:
            DagsterInvariantViolationError: If there is none.
        """
        for repository in self.repositories:
            if repository.name == name:
                return repository
        names = [repository.name for repository in self.repositories]
        raise DagsterInvariantViolationError(
            f"In {self.target.describe()}: {unknown('repository', name, names)}"
        )

    def job_named(
        self,
        name: str | None,
        repository_name: str | None = None,
        *,
        word: str = "job",
        option: str = "-j",
    ) -> LoadedJob:
        """Return a job by name, or the only one.

        Args:
            name: Its name; None for the only one.
            repository_name: Its repository; by default looked for in all.
            word: What it is called in messages.
            option: The command line's option for its name, for messages.

        Raises:
            DagsterInvariantViolationError: If there is none, or several and no name says which.
        """
        repositories = self.repositories
        if repository_name is not None:
            repositories = [self.repository_named(repository_name)]
        where = self.target.describe()
        names = list(dict.fromkeys(job for repository in repositories for job in repository.jobs))
        if not names:
            raise DagsterInvariantViolationError(f"There is no {word} in {where}: it defines none.")
        if name is None:
            if len(names) > 1:
                raise DagsterInvariantViolationError(
                    f"There are {len(names)} {word}s in {where}; say which one with {option}: {listed(names)}."
                )
            name = names[0]
        found = [repository for repository in repositories if name in repository.jobs]
        if not found:
            hint = ""
            if name in self.left_out:
                hint = (
                    f' It stands in the module as "{self.left_out[name]}", but not in its repository or '
                    f"Definitions: add it there, or use -a {self.left_out[name]}."
                )
            raise DagsterInvariantViolationError(f"In {where}: {unknown(word, name, names)}{hint}")
        if len({id(repository.jobs[name].definition) for repository in found}) > 1:
            raise DagsterInvariantViolationError(
                f'There is a {word} "{name}" in several repositories of {where}; say which one with -r: '
                f"{listed(repository.name for repository in found)}."
            )
        return found[0].jobs[name]


def load_code(target: CodeTarget) -> LoadedCode:
    """Import what a target names and return what it defines.

    Args:
        target: A file, module or package, perhaps with an attribute.

    Raises:
        DagsterImportError: If it is not there or cannot be imported.
        DagsterUserCodeLoadError: If its code raises.
        DagsterInvariantViolationError: If it defines nothing that can be run.
    """
    imported = import_target(target)
    if target.attribute is not None:
        return LoadedCode(target, [_repository_of_attribute(imported, target.attribute, target)])
    return _code_of_module(imported, target)


def _code_of_module(imported: ImportedModule, target: CodeTarget) -> LoadedCode:
    values = {name: v for name, v in vars(imported.module).items() if not name.startswith("__")}
    definitions = _distinct({name: v for name, v in values.items() if is_definitions(v)})
    if len(definitions) > 1:
        raise DagsterInvariantViolationError(
            f"There is more than one Definitions object in {target.describe()}: "
            f"{listed(definitions)}. Keep one, or say which with -a."
        )
    holders = definitions or _distinct(
        {name: v for name, v in values.items() if isinstance(v, RepositoryDefinition)}
    )
    runnable = _distinct({name: v for name, v in values.items() if is_job(v)})
    if not holders:
        if not runnable:
            runnable = _distinct({n: v for n, v in values.items() if isinstance(v, GraphDefinition)})
        if not runnable:
            raise DagsterInvariantViolationError(_nothing_found(values, target))
        return LoadedCode(target, [_own_repository(runnable, imported, target)])
    repositories = [repository_of(value, imported.pointer(name)) for name, value in holders.items()]
    taken = {job for repository in repositories for job in repository.jobs}
    left_out = {value.name: name for name, value in runnable.items() if value.name not in taken}
    return LoadedCode(target, repositories, left_out)


def _distinct(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by variable, each object once, under the first variable that holds it."""
    seen: set[int] = set()
    found: dict[str, Any] = {}
    for name, value in values.items():
        if id(value) not in seen:
            seen.add(id(value))
            found[name] = value
    return found


def _own_repository(
    runnable: Mapping[str, Any], imported: ImportedModule, target: CodeTarget
) -> LoadedRepository:
    variables: dict[str, str] = {}
    for variable, value in runnable.items():
        other = variables.setdefault(value.name, variable)
        if other != variable:
            raise DagsterInvariantViolationError(
                f'Two jobs in {target.describe()} have the name "{value.name}": the variables "{other}" '
                f'and "{variable}". Give one another name, or say which with -a.'
            )
    return LoadedRepository(
        OWN_REPOSITORY,
        [
            LoadedJob(value.name, partial(_same, value), imported.pointer(variable))
            for variable, value in runnable.items()
        ],
    )


def _same(value: Any) -> Any:
    return value


def _nothing_found(values: Mapping[str, Any], target: CodeTarget) -> str:
    ops = [value.name for value in values.values() if isinstance(value, OpDefinition)]
    start = f"There is no job, graph, repository or Definitions in {target.describe()}"
    if ops:
        return f"{start}, only ops: {listed(ops)}. Call them in a function that is decorated with @job."
    functions = [
        name
        for name, value in values.items()
        if isinstance(value, types.FunctionType) and not value.__code__.co_argcount
    ]
    if functions:
        return (
            f"{start}. Define one as a variable of the module; or, if a function returns it, say which "
            f"with -a: {listed(functions)}."
        )
    return f"{start}. Define a variable of the module with @job."


# One attribute


def _repository_of_attribute(
    imported: ImportedModule, attribute: str, target: CodeTarget
) -> LoadedRepository:
    value: Any = imported.module
    for part in attribute.split("."):
        if not hasattr(value, part):
            known = [name for name in dir(value) if _is_of_the_user(name, getattr(value, name, None))]
            where = CodeTarget(
                python_file=target.python_file,
                module_name=target.module_name,
                package_name=target.package_name,
            ).describe()
            raise DagsterInvariantViolationError(
                f'There is no attribute "{attribute}" in {where}.{did_you_mean(part, known)}'
            )
        value = getattr(value, part)
    pointer = imported.pointer(attribute)
    if isinstance(value, types.FunctionType):
        value = _call(value, target)
    if is_definitions(value) or isinstance(value, RepositoryDefinition):
        return repository_of(value, pointer)
    if is_job(value) or isinstance(value, GraphDefinition):
        return LoadedRepository(OWN_REPOSITORY, [LoadedJob(value.name, partial(_same, value), pointer)])
    hint = (
        " Call it in a function that is decorated with @job." if isinstance(value, OpDefinition) else ""
    )
    raise DagsterInvariantViolationError(
        f"Expected {target.describe()} to be a job, graph, repository or Definitions, or a function without "
        f"parameters that returns one, got: {shown(value)}.{hint}"
    )


def _is_of_the_user(name: str, value: object) -> bool:
    """Whether an attribute may be meant: not ``op`` or ``job``, which a module imports to define it."""
    imported = isinstance(value, (types.FunctionType, type)) and value.__module__.startswith("dagster.")
    return not name.startswith("__") and not imported


def _call(function: types.FunctionType, target: CodeTarget) -> Any:
    code = function.__code__
    required = code.co_argcount - len(function.__defaults__ or ())
    if required:
        raise DagsterInvariantViolationError(
            f"Expected {target.describe()} to be a job, or a function without parameters that returns one, "
            f"got: a function with the parameters {listed(code.co_varnames[:required])}."
        )
    return _built(function, f"The {target.describe()}")


# What things are


def is_job(value: object) -> bool:
    """Whether a value is a job, or a pipeline of the older vocabulary."""
    return isinstance(value, JobDefinition) or is_pipeline(value)


def is_definitions(value: object) -> bool:
    """Whether a value is a Definitions object, or a function that makes one when it is asked for."""
    return isinstance(value, (Definitions, LazyDefinitions))


def repository_of(value: Any, pointer: CodePointer) -> LoadedRepository:
    """Return the jobs of a repository or Definitions.

    Raises:
        DagsterUserCodeLoadError: If the user's code raises while they are made.
    """
    where = pointer.describe()
    if isinstance(value, LazyDefinitions):
        value = _built(value, where)
    repository: RepositoryDefinition = (
        _built(value.get_repository_def, where) if isinstance(value, Definitions) else value
    )
    return LoadedRepository(
        repository.name,
        [
            LoadedJob(name, partial(repository.get_pipeline, name), pointer)
            for name in repository.pipeline_names
        ],
        repository.description,
    )
