from __future__ import annotations

import os
import pickle
import subprocess
import sys
import textwrap

import pytest

from dagster._check import ParameterCheckError
from dagster._core.definitions.code_pointer import CustomPointer, FileCodePointer, ModuleCodePointer
from dagster._core.definitions.definitions_object import Definitions
from dagster._core.definitions.graph.decorator import graph
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.reconstructable import (
    ReconstructableJob,
    ReconstructableRepository,
    build_reconstructable_job,
    reconstructable,
)
from dagster._core.definitions.repository.decorator import repository
from dagster._core.errors import DagsterInvariantViolationError, DagsterUserCodeLoadError
from dagster._wire.codec import deserialize_value, serialize_value


@op
def one():
    return 1


@op
def two():
    return 2


@job
def plain_job():
    one()
    two()


@job(name="called_otherwise")
def renamed_job():
    one()


@graph
def plain_graph():
    one()


to_job_job = plain_graph.to_job(name="made_by_to_job")
replaced_job = plain_job


def make_job():
    return plain_graph.to_job(name="made")


def make_graph():
    return plain_graph


def make_with(name, suffix="", tags=None):
    return plain_graph.to_job(name=f"{name}{suffix}", tags=tags)


def make_nothing():
    return None


def make_wrong():
    raise ValueError("no job today")


def make_repository():
    return some_repository


@repository
def some_repository():
    return [plain_job, renamed_job]


defs = Definitions(jobs=[plain_job], resources={"shared": 1})


class PipelineLike:
    name = "old_pipeline"
    __name__ = "old_pipeline"
    __qualname__ = "old_pipeline"

    def get_mode_job(self, mode=None):
        return plain_job if mode in (None, "a") else renamed_job


old_pipeline = PipelineLike()


class Factory:
    def method(self):
        return plain_job


def through_json(value):
    return deserialize_value(serialize_value(value))


@pytest.mark.parametrize(
    ("target", "attribute", "name"),
    [
        (plain_job, "plain_job", "plain_job"),
        (renamed_job, "renamed_job", "called_otherwise"),
        (make_job, "make_job", "made"),
        (make_graph, "make_graph", "plain_graph"),
        (plain_graph, "plain_graph", "plain_graph"),
        (to_job_job, "to_job_job", "made_by_to_job"),
        (old_pipeline, "old_pipeline", "old_pipeline"),
    ],
)
def test_what_stands_at_module_scope_is_found_again(target, attribute, name):
    made = reconstructable(target)
    pointer = made.repository.pointer
    assert pointer == ModuleCodePointer(__name__, attribute, os.getcwd())
    assert made.job_name == name
    assert made.is_reconstructable
    assert made.get_module() == __name__
    for copy in (made, through_json(made), pickle.loads(pickle.dumps(made))):
        assert isinstance(copy, ReconstructableJob)
        assert copy == made
        assert copy.get_definition().graph.has_node_named("one")
        assert copy.get_definition() is copy.get_definition()


def test_the_job_itself_is_found():
    assert reconstructable(plain_job).get_definition() is plain_job
    assert (
        reconstructable(renamed_job).describe() == f"job 'called_otherwise' from {__name__}:renamed_job"
    )


def test_a_subset_crosses_processes():
    subset = through_json(reconstructable(plain_job).get_subset(op_selection=["two"]))
    assert subset.op_selection == ("two",)
    assert list(subset.get_definition().graph.node_dict) == ["two"]
    whole = subset.get_subset()
    assert set(whole.get_definition().graph.node_dict) == {"one", "two"}
    assert subset != whole


def test_a_pipeline_has_modes():
    made = reconstructable(old_pipeline)
    assert made.get_target() is old_pipeline
    assert made.get_definition() is plain_job
    other = through_json(made.with_mode("b"))
    assert other.mode == "b"
    assert other.get_definition() is renamed_job


def local_functions():
    @job
    def local_job():
        pass

    def local_function():
        return plain_job

    return [local_job, local_function]


@pytest.mark.parametrize("target", [*local_functions(), Factory().method])
def test_what_is_not_at_module_scope_is_refused(target):
    with pytest.raises(DagsterInvariantViolationError) as caught:
        reconstructable(target)
    message = str(caught.value)
    assert f'"{target.__name__}" has a different __qualname__ "{target.__qualname__}"' in message
    assert "use build_reconstructable_job" in message


def test_a_lambda_is_refused():
    with pytest.raises(
        DagsterInvariantViolationError, match=r"can not be a lambda. Use a function or decorated"
    ):
        reconstructable(lambda: plain_job)


@pytest.mark.parametrize("target", [3, "plain_job", None, [plain_job]])
def test_other_values_are_refused(target):
    with pytest.raises(
        DagsterInvariantViolationError, match=r"should be a function or definition .*, got <class"
    ):
        reconstructable(target)


def test_a_job_without_a_name_at_module_scope_is_refused():
    with pytest.raises(
        DagsterInvariantViolationError, match=r"constructed using GraphDefinition.to_job"
    ):
        reconstructable(plain_graph.to_job())
    with pytest.raises(DagsterInvariantViolationError, match=r"no name at module scope"):
        reconstructable(plain_job.with_hooks(set()))


def test_a_function_that_needs_arguments_is_refused():
    with pytest.raises(
        DagsterInvariantViolationError, match="callable with no arguments, but this one needs name"
    ):
        reconstructable(make_with)


def test_a_function_that_returns_something_else_is_refused():
    with pytest.raises(
        DagsterInvariantViolationError, match="make_nothing to be one of these, got: None"
    ):
        reconstructable(make_nothing)


def test_an_error_of_the_function_is_the_users():
    with pytest.raises(DagsterUserCodeLoadError, match=r"make_wrong: no job today") as caught:
        reconstructable(make_wrong)
    assert isinstance(caught.value.user_exception, ValueError)


@pytest.mark.parametrize("target", [make_repository, some_repository, defs])
def test_a_repository_is_not_one_job(target):
    with pytest.raises(DagsterInvariantViolationError, match=r"get_reconstructable_job\(name\)"):
        reconstructable(target)


@pytest.mark.parametrize("attribute", ["some_repository", "make_repository"])
def test_a_job_of_a_repository(attribute):
    repo = ReconstructableRepository.for_module(__name__, attribute)
    assert repo.get_definition() is some_repository
    made = through_json(repo.get_reconstructable_job("called_otherwise"))
    assert made.get_definition() is renamed_job
    with pytest.raises(DagsterInvariantViolationError, match=r"unknown job"):
        repo.get_reconstructable_job("x").get_definition()


def test_a_job_of_definitions_has_their_resources():
    made = ReconstructableRepository.for_module(__name__, "defs").get_reconstructable_job("plain_job")
    assert "shared" in made.get_definition().resource_defs
    assert made.repository.get_definition() is defs.get_repository_def()


def test_a_job_is_no_repository():
    with pytest.raises(DagsterInvariantViolationError, match=r"RepositoryDefinition or Definitions"):
        ReconstructableRepository.for_module(__name__, "plain_job").get_definition()


def test_a_job_made_with_arguments():
    made = build_reconstructable_job(__name__, "make_with", ("a",), {"suffix": "_b", "tags": {"k": "v"}})
    assert isinstance(made.repository.pointer, CustomPointer)
    assert made.job_name == "a_b"
    assert made.get_module() == __name__
    copy = through_json(made)
    assert copy == made
    assert copy.get_definition().tags == {"k": "v"}
    assert "make_with('a', suffix='_b'" in made.describe()


def test_arguments_must_be_json():
    with pytest.raises(DagsterInvariantViolationError, match=r"must be values that JSON can hold"):
        build_reconstructable_job(__name__, "make_with", (object(),))
    with pytest.raises(ParameterCheckError, match=r"reconstructable_args to be a sequence"):
        build_reconstructable_job(__name__, "make_with", "abc")


def test_a_reconstructor_must_be_there_and_make_a_job():
    with pytest.raises(
        DagsterInvariantViolationError, match=r'make_wit not found.*Did you mean "make_with"'
    ):
        build_reconstructable_job(__name__, "make_wit", ("a",))
    with pytest.raises(DagsterInvariantViolationError, match=r"to be one of these"):
        build_reconstructable_job(__name__, "make_nothing")
    with pytest.raises(DagsterInvariantViolationError, match=r"must return one job"):
        build_reconstructable_job(__name__, "make_repository")
    with pytest.raises(DagsterUserCodeLoadError, match=r"suffx"):
        build_reconstructable_job(__name__, "make_with", ("a",), {"suffx": 1})


SCRIPT = """
    from dagster._core.definitions.job.decorator import job
    from dagster._core.definitions.op.decorator import op
    from dagster._core.definitions.reconstructable import reconstructable
    from dagster._wire.codec import serialize_value

    print("loaded as", __name__)

    @op
    def one():
        return 1

    @job
    def script_job():
        one()

    if __name__ == "__main__":
        made = reconstructable(script_job)
        assert made.get_definition() is script_job
        print(serialize_value(made))
"""


def run(*arguments, cwd, text=None):
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_job_of_a_script_is_found_by_another_process(tmp_path):
    (tmp_path / "some_script.py").write_text(textwrap.dedent(SCRIPT))
    lines = run("some_script.py", cwd=tmp_path)
    assert lines[0] == "loaded as __main__"  # and once only
    made = deserialize_value(lines[1], ReconstructableJob)
    assert made.repository.pointer == FileCodePointer(
        str(tmp_path / "some_script.py"), "script_job", str(tmp_path)
    )
    before = list(sys.path)
    try:
        assert made.get_definition().execute_in_process().output_for_node("one") == 1
    finally:
        sys.path[:] = before
        sys.modules.pop("some_script", None)


def test_a_job_of_a_module_that_is_the_program(tmp_path):
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").write_text("")
    (tmp_path / "pack" / "jobs.py").write_text(textwrap.dedent(SCRIPT))
    lines = run("-m", "pack.jobs", cwd=tmp_path)
    assert lines[0] == "loaded as __main__"
    made = deserialize_value(lines[1], ReconstructableJob)
    assert made.repository.pointer == ModuleCodePointer("pack.jobs", "script_job", str(tmp_path))


def test_an_interactive_session_is_refused(tmp_path):
    text = textwrap.dedent("""
        from dagster._core.definitions.job.decorator import job
        from dagster._core.definitions.reconstructable import reconstructable

        @job
        def here():
            pass

        try:
            reconstructable(here)
        except Exception as error:
            print(type(error).__name__, error)
    """)
    (line,) = run("-", cwd=tmp_path, text=text)
    assert line.startswith(
        "DagsterInvariantViolationError reconstructable() can not reconstruct jobs defined in interactive "
        "environments like <stdin>"
    )
