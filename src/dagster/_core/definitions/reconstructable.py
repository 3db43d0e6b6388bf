"""Reconstructable jobs: jobs that another process can load, because they know where they came from."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import dagster._check as check
from dagster._core.definitions.code_pointer import (
    CodePointer,
    CustomPointer,
    FileCodePointer,
    ModuleCodePointer,
    call_user_function,
)
from dagster._core.definitions.definitions_object import Definitions, LazyDefinitions
from dagster._core.definitions.graph.definition import GraphDefinition
from dagster._core.definitions.job.base import IJob
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.definitions.repository.contents import is_pipeline
from dagster._core.definitions.repository.definition import RepositoryDefinition
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.records.origin import JobPythonOrigin
from dagster._text import expected
from dagster._wire.codec import SerializationError, deserialize_value, serialize_value
from dagster._wire.record import Record, SlotRecord

_WHAT_TO_DO = "Use a function or decorated function defined at module scope instead, or use build_reconstructable_job."
_LOADABLE = "a JobDefinition, GraphDefinition, PipelineDefinition, Definitions or RepositoryDefinition"


class ReconstructableRepository(Record, frozen=True):
    """The way to load a repository.

    Args:
        pointer: Where its definition, or a function that returns it, is. May also be that of one job.
    """

    pointer: CodePointer

    def get_definition(self) -> RepositoryDefinition:
        """Load the repository.

        Raises:
            DagsterInvariantViolationError: If there is something else.
        """
        found = load_definition(self.pointer)
        if isinstance(found, Definitions):
            return found.get_repository_def()
        if not isinstance(found, RepositoryDefinition):
            raise DagsterInvariantViolationError(
                expected(self.pointer.describe(), "a RepositoryDefinition or Definitions", found)
            )
        return found

    def get_reconstructable_job(self, name: str) -> ReconstructableJob:
        """Return the way to load one of its jobs."""
        return ReconstructableJob(self, name)

    @staticmethod
    def for_file(
        file: str, fn_name: str, working_directory: str | None = None
    ) -> ReconstructableRepository:
        """Return the way to load an attribute of a file."""
        return ReconstructableRepository(
            FileCodePointer(file, fn_name, working_directory or os.getcwd())
        )

    @staticmethod
    def for_module(
        module: str, fn_name: str, working_directory: str | None = None
    ) -> ReconstructableRepository:
        """Return the way to load an attribute of a module."""
        return ReconstructableRepository(
            ModuleCodePointer(module, fn_name, working_directory or os.getcwd())
        )


class ReconstructableJob(SlotRecord, IJob):
    """A job that another process can load. Crosses processes as JSON, or pickled.

    Users make it with :func:`reconstructable` or :func:`build_reconstructable_job`.

    Args:
        repository: Where it is.
        job_name: Its name there.
        op_selection: Clauses that select a part of its ops. Default: all.
        mode: The mode, for pipelines of the older vocabulary. Default: their only one.
    """

    # Besides its fields it has a dict, for what it has loaded.
    wire_fields = ("repository", "job_name", "op_selection", "mode")

    repository: ReconstructableRepository
    job_name: str
    mode: str | None

    def __init__(
        self,
        repository: ReconstructableRepository,
        job_name: str,
        op_selection: Sequence[str] | None = None,
        mode: str | None = None,
    ) -> None:
        check.inst_param(repository, "repository", ReconstructableRepository)
        check.str_param(job_name, "job_name")
        clauses = check.opt_inst_param(op_selection, "op_selection", Sequence)
        set_field = object.__setattr__
        set_field(self, "repository", repository)
        set_field(self, "job_name", job_name)
        set_field(self, "_op_selection", None if clauses is None else tuple(clauses))
        set_field(self, "mode", check.opt_str_param(mode, "mode"))
        set_field(self, "_target", None)
        set_field(self, "_job_def", None)

    @property
    def op_selection(self) -> Sequence[str] | None:
        return self.__dict__["_op_selection"]

    def for_other_process(self) -> ReconstructableJob:
        return self

    def get_target(self) -> Any:
        """Load what it points to once: a job, or a pipeline of the older vocabulary.

        Raises:
            DagsterInvariantViolationError: If there is none, or something else.
        """
        if self.__dict__["_target"] is None:
            object.__setattr__(self, "_target", self._load_target())
        return self.__dict__["_target"]

    def _load_target(self) -> Any:
        found = load_definition(self.repository.pointer)
        if isinstance(found, Definitions):
            found = found.get_repository_def()
        if isinstance(found, RepositoryDefinition):
            return found.get_pipeline(self.job_name)
        if isinstance(found, GraphDefinition) and not is_pipeline(found):
            return found.to_job()
        return found

    def get_definition(self) -> JobDefinition:
        """Load the job, once.

        Raises:
            DagsterInvariantViolationError: If there is none, or something else.
            DagsterInvalidSubsetError: If its op selection selects nothing.
        """
        job_def = self.__dict__["_job_def"]
        if job_def is None:
            target = self.get_target()
            job_def = target.get_mode_job(self.mode) if is_pipeline(target) else target
            if self.op_selection is not None:
                job_def = job_def.get_subset(op_selection=self.op_selection)
            object.__setattr__(self, "_job_def", job_def)
        return job_def

    def get_subset(self, *, op_selection: Sequence[str] | None = None) -> ReconstructableJob:
        changed = ReconstructableJob(self.repository, self.job_name, op_selection, self.mode)
        object.__setattr__(changed, "_target", self.__dict__["_target"])
        return changed

    def with_mode(self, mode: str | None) -> ReconstructableJob:
        """Return the pipeline in another mode."""
        changed = ReconstructableJob(self.repository, self.job_name, self.op_selection, mode)
        object.__setattr__(changed, "_target", self.__dict__["_target"])
        return changed

    def get_python_origin(self) -> JobPythonOrigin:
        """Return where another process finds it, as it is stored with its runs.

        The whole job, without the selection: that is stored with the run too.
        """
        whole = ReconstructableJob(self.repository, self.job_name, None, self.mode)
        return JobPythonOrigin(self.job_name, serialize_value(whole), sys.executable)

    def get_module(self) -> str | None:
        """Return the name of the module that it is loaded from; None if it is a file."""
        pointer = self.repository.pointer
        if isinstance(pointer, CustomPointer):
            pointer = pointer.reconstructor_pointer
        return getattr(pointer, "module", None)

    def describe(self) -> str:
        """Return what it is and where, for messages."""
        return f"job '{self.job_name}' from {self.repository.pointer.describe()}"


def load_definition(pointer: CodePointer) -> Any:
    """Load what a pointer points to; a function is called without arguments.

    Returns:
        A job, graph, pipeline, repository or Definitions.

    Raises:
        DagsterInvariantViolationError: If it is none of these.
    """
    target = pointer.load_target()
    if isinstance(target, LazyDefinitions):
        return target()
    if not _is_definition(target) and callable(target):
        _check_needs_no_arguments(target, pointer)
        target = call_user_function(target, pointer.describe())
    if isinstance(target, LazyDefinitions):
        return target()
    if not _is_definition(target):
        raise DagsterInvariantViolationError(
            f"Loadable attributes must be {_LOADABLE}, or a function that returns one; "
            + expected(pointer.describe(), "one of these", target)
        )
    return target


def load_job_from_origin(origin: JobPythonOrigin) -> ReconstructableJob:
    """Return the job that a stored run is of.

    Args:
        origin: What :meth:`ReconstructableJob.get_python_origin` returned.

    Raises:
        DeserializationError: If another version wrote it in a way that this one cannot read.
    """
    return deserialize_value(origin.job_code, ReconstructableJob)


def _is_definition(value: Any) -> bool:
    kinds = (JobDefinition, GraphDefinition, RepositoryDefinition, Definitions)
    return isinstance(value, kinds) or is_pipeline(value)


def _check_needs_no_arguments(function: Any, pointer: CodePointer) -> None:
    import inspect

    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return
    needed = [
        p.name
        for p in parameters
        if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    if needed:
        raise DagsterInvariantViolationError(
            f"Error invoking function at {pointer.describe()} with no arguments. Reconstructable target must "
            f"be callable with no arguments, but this one needs {', '.join(needed)}: use "
            "build_reconstructable_job, which takes them."
        )


def reconstructable(target: Any) -> ReconstructableJob:
    """Make a job that another process can load, from a function that returns it or a decorated one.

    From the "Executing pipelines" document. Executors of several processes need it: a child process
    loads the module, or the script, and finds the job there by name. What the other process needs to
    know (module or file, name, working directory) is taken from the target.

    Args:
        target: A function at module scope that returns a job, graph or pipeline and takes no arguments;
            a function decorated with ``@job``, ``@graph`` or ``@pipeline``; or a job under a name at
            module scope of the caller.

    Returns:
        The reconstructable job.

    Raises:
        DagsterInvariantViolationError: If the target is something else, a lambda, defined inside of a
            function or class, or defined in an interactive session.

    Examples:
        >>> def make_job():
        ...     return my_graph.to_job(resource_defs=...)
        >>> with execute_job(reconstructable(make_job), instance=instance) as result:
        ...     ...
    """
    if not callable(target) and not _is_definition(target):
        raise DagsterInvariantViolationError(
            "Reconstructable target should be a function or definition produced by a decorated function, "
            f"got {type(target)}."
        )
    if isinstance(target, (RepositoryDefinition, Definitions, LazyDefinitions)):
        raise DagsterInvariantViolationError(
            f"Reconstructable target should be one job, got a {type(target).__name__}. Use "
            "ReconstructableRepository.for_module(...).get_reconstructable_job(name)."
        )
    pointer = _pointer_to(target, sys._getframe(1).f_globals)  # noqa: SLF001 - the caller's module
    found = load_definition(pointer)
    if isinstance(found, (RepositoryDefinition, Definitions)):
        raise DagsterInvariantViolationError(
            f"{pointer.describe()} returns a {type(found).__name__}, not one job. Use "
            "ReconstructableRepository.for_module(...).get_reconstructable_job(name)."
        )
    return ReconstructableJob(ReconstructableRepository(pointer), found.name)


def _pointer_to(target: Any, caller: Mapping[str, Any]) -> CodePointer:
    """Return the pointer to an object at module scope."""
    name = getattr(target, "__name__", None)
    module_name = getattr(target, "__module__", None)
    if name == "<lambda>":
        raise DagsterInvariantViolationError(
            f"Reconstructable target can not be a lambda. {_WHAT_TO_DO}"
        )
    qualname = getattr(target, "__qualname__", name)
    if name is not None and qualname != name:
        raise DagsterInvariantViolationError(
            f'Reconstructable target "{name}" has a different __qualname__ "{qualname}" indicating it is '
            f"not defined at module scope. {_WHAT_TO_DO}"
        )
    if name is None or not _stands_at(target, sys.modules.get(str(module_name)), name):
        # A job without a function of its own, as to_job makes it: it may still have a name.
        name = next((n for n, value in caller.items() if value is target), None)
        module_name = caller.get("__name__")
        if name is None:
            raise DagsterInvariantViolationError(
                "Reconstructable target was not a function returning a job definition, or a job definition "
                f"produced by a decorated function, and has no name at module scope of {module_name}. If "
                "your job was constructed using GraphDefinition.to_job, give it a name there, or wrap the "
                "call in a function at module scope, i.e. not within any other function."
            )
    if module_name != "__main__":
        return ModuleCodePointer(str(module_name), name, os.getcwd())
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    if spec is not None:  # started by `python -m`
        return ModuleCodePointer(spec.name, name, os.getcwd())
    file = getattr(main, "__file__", None)
    if not file or not os.path.isfile(file):
        raise DagsterInvariantViolationError(
            "reconstructable() can not reconstruct jobs defined in interactive environments like <stdin>, "
            "IPython, or Jupyter notebooks, which other processes cannot load. Use a regular python module "
            "or script instead, or use build_reconstructable_job."
        )
    return FileCodePointer(os.path.abspath(file), name, os.getcwd())


def _stands_at(target: Any, module: Any, name: str) -> bool:
    """Return whether a module has the target under a name; a module that is unknown may have it."""
    if module is None or (module.__name__ == "__main__" and not hasattr(module, "__file__")):
        return True
    return getattr(module, name, None) is target


def build_reconstructable_job(
    reconstructor_module_name: str,
    reconstructor_function_name: str,
    reconstructable_args: tuple[Any, ...] | None = None,
    reconstructable_kwargs: Mapping[str, Any] | None = None,
    reconstructor_working_directory: str | None = None,
) -> ReconstructableJob:
    """Make a job that another process can load, from a function that takes arguments.

    For jobs that :func:`reconstructable` cannot describe: made in loops, from files, in notebooks.

    Args:
        reconstructor_module_name: The dotted name of the function's module.
        reconstructor_function_name: The function, which returns a job.
        reconstructable_args: Its positional arguments. They cross processes as JSON: text, numbers,
            bools, None, lists and dicts of these.
        reconstructable_kwargs: Its arguments by name, as above.
        reconstructor_working_directory: A directory in which modules are looked for. Default: the
            working directory.

    Raises:
        DagsterInvariantViolationError: If the arguments cannot be JSON, or the function is not there or
            does not return a job.
    """
    check.str_param(reconstructor_module_name, "reconstructor_module_name")
    check.str_param(reconstructor_function_name, "reconstructor_function_name")
    check.opt_str_param(reconstructor_working_directory, "reconstructor_working_directory")
    args = check.opt_sequence_param(reconstructable_args, "reconstructable_args")
    kwargs = check.opt_mapping_param(reconstructable_kwargs, "reconstructable_kwargs", key_type=str)
    pointer = CustomPointer(
        ModuleCodePointer(
            reconstructor_module_name,
            reconstructor_function_name,
            reconstructor_working_directory or os.getcwd(),
        ),
        list(args),
        [[name, value] for name, value in kwargs.items()],
    )
    try:
        serialize_value(pointer)
    except SerializationError as exc:
        raise DagsterInvariantViolationError(
            f"Arguments of {reconstructor_function_name} must be values that JSON can hold, as they cross "
            f"processes: {exc}"
        ) from exc
    found = load_definition(pointer)
    if isinstance(found, (RepositoryDefinition, Definitions)):
        raise DagsterInvariantViolationError(
            f"{pointer.describe()} returns a {type(found).__name__}; it must return one job."
        )
    return ReconstructableJob(ReconstructableRepository(pointer), found.name)
