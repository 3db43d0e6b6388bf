from __future__ import annotations

import pytest

from dagster._core.errors import DagsterInvariantViolationError, DagsterUserCodeLoadError
from dagster._workspace.discovery import OWN_REPOSITORY, load_code
from dagster._workspace.target import CodeTarget

HEAD = """\
from dagster import Definitions, definitions, graph, job, op, repository

@op
def a():
    return 1

"""


@pytest.fixture
def load(write):
    def load_text(text: str, attribute: str | None = None, name: str = "found_code.py"):
        write(name, HEAD + text)
        return load_code(CodeTarget(python_file=name, attribute=attribute))

    return load_text


def names(code) -> dict[str, list[str]]:
    return {repository.name: list(repository.jobs) for repository in code.repositories}


TWO_JOBS = "@job\ndef one(): a()\n@job\ndef two(): a()\n"


class TestWhatIsFound:
    def test_jobs(self, load):
        assert names(load(TWO_JOBS + "again = one\n")) == {OWN_REPOSITORY: ["one", "two"]}

    def test_graphs_only_if_there_are_no_jobs(self, load):
        graph = "@graph\ndef g(): a()\n"
        assert names(load(graph)) == {OWN_REPOSITORY: ["g"]}
        assert names(load(graph + "@job\ndef j(): g()\n", name="with_job.py")) == {OWN_REPOSITORY: ["j"]}

    def test_definitions(self, load):
        code = load(TWO_JOBS + "defs = Definitions(jobs=[one])\nsame = defs\n")
        assert names(code) == {OWN_REPOSITORY: ["one"]}
        with pytest.raises(
            DagsterInvariantViolationError, match='stands in the module as "two", but not in'
        ):
            code.job_named("two")

    def test_definitions_that_are_made_when_asked_for(self, load):
        text = TWO_JOBS + "@definitions\ndef defs():\n    return Definitions(jobs=[two])\n"
        assert names(load(text)) == {OWN_REPOSITORY: ["two"]}

    def test_repositories(self, load):
        code = load(
            TWO_JOBS
            + "@repository\ndef r(): return [one]\n@repository\ndef s():\n    'Two.'\n    return [one, two]\n"
        )
        assert names(code) == {"r": ["one"], "s": ["one", "two"]}
        assert code.repositories[1].description == "Two."

    def test_jobs_of_a_repository_are_built_when_they_are_asked_for(self, load):
        code = load(
            TWO_JOBS
            + "@repository\ndef r(): return {'jobs': {'one': lambda: one, 'bad': lambda: 1 / 0}}\n"
        )
        assert names(code) == {"r": ["one", "bad"]}
        assert code.job_named("one").definition.name == "one"
        with pytest.raises(DagsterUserCodeLoadError, match="raised while it was built") as caught:
            _ = code.job_named("bad").definition
        assert isinstance(caught.value.user_exception, ZeroDivisionError)

    @pytest.mark.parametrize("attribute", ["one", "r", "make", "Holder.inside"])
    def test_attribute(self, load, attribute):
        text = (
            TWO_JOBS
            + "@repository\ndef r(): return [one]\ndef make(n=1): return one\nclass Holder:\n    inside = one\n"
        )
        code = load(text, attribute)
        assert code.job_named(None).name == "one"

    def test_jobs_are_found_again_by_another_process(self, load):
        code = load(TWO_JOBS + "@repository\ndef r(): return [one, two]\n")
        job = code.job_named("two").as_job(["a"])
        assert job.is_reconstructable
        assert job.get_definition().name == "two"
        assert job.get_definition().is_subset


class TestChoosing:
    def test_the_only_one(self, load):
        assert load("@job\ndef j(): a()\n").job_named(None).name == "j"

    def test_in_several_repositories(self, load):
        code = load(
            "@job\ndef j(): a()\n@job(name='j')\ndef k(): a()\n"
            "@repository\ndef r(): return [j]\n@repository\ndef s(): return [k]\n@repository\ndef t(): return [j]\n"
        )
        with pytest.raises(DagsterInvariantViolationError, match='say which one with -r: "r", "s", "t"'):
            code.job_named("j")
        assert code.job_named("j", "s").definition is not code.job_named("j", "r").definition
        with pytest.raises(DagsterInvariantViolationError, match='unknown repository "u"'):
            code.job_named("j", "u")

    def test_one_job_in_several_repositories(self, load):
        code = load(
            "@job\ndef j(): a()\n@repository\ndef r(): return [j]\n@repository\ndef s(): return [j]\n"
        )
        assert code.job_named(None).name == "j"

    def test_messages(self, load):
        code = load(TWO_JOBS)
        with pytest.raises(
            DagsterInvariantViolationError,
            match=r'There are 2 pipelines in file "found_code.py"; say which one with -p: "one", "two".',
        ):
            code.job_named(None, word="pipeline", option="-p")
        with pytest.raises(DagsterInvariantViolationError, match=r'unknown job "tow".'):
            code.job_named("tow")

    def test_an_empty_repository(self, load):
        code = load("@repository\ndef r(): return []\n")
        with pytest.raises(DagsterInvariantViolationError, match="There is no job in"):
            code.job_named(None)


@pytest.mark.parametrize(
    ("text", "attribute", "message"),
    [
        ("", None, 'only ops: "a". Call them in a function that is decorated with @job.'),
        ("del a\ndef make_job(): ...\n", None, 'say which with -a: "make_job"'),
        ("del a, job, op, graph, repository, definitions, Definitions\n", None, "Define a variable of the module"),
        ("x = Definitions()\ny = Definitions()\n", None, "more than one Definitions object in .*: \"x\", \"y\""),
        ("@job(name='j')\ndef x(): a()\n@job(name='j')\ndef y(): a()\n", None, 'Two jobs in .* have the name "j"'),
        (TWO_JOBS, "tow", 'There is no attribute "tow" in file "found_code.py".'),
        (TWO_JOBS, "jab", r'"jab" in file "found_code\.py"\.$'),  # not the decorator, which it imports
        (TWO_JOBS, "one.nope", 'There is no attribute "one.nope"'),
        ("", "a", "got: OpDefinition"),
        ("x = 3\n", "x", "Expected attribute \"x\" of file .* got: 3"),
        ("def f(x): ...\n", "f", 'got: a function with the parameters "x"'),
        ("def f(): return 3\n", "f", "got: 3"),
    ],
)  # fmt: skip
def test_refusals(load, text, attribute, message):
    with pytest.raises(DagsterInvariantViolationError, match=message):
        load(text, attribute)


def test_functions_and_definitions_that_raise(load):
    with pytest.raises(
        DagsterUserCodeLoadError, match=r'The attribute "f" of file .* raised while it was built'
    ):
        load("def f(): return 1 / 0\n", "f")
    text = "@job\ndef j(): a()\n@definitions\ndef defs(): raise KeyError('x')\n"
    with pytest.raises(DagsterUserCodeLoadError, match="raised while it was built"):
        load(text, name="other_code.py")
