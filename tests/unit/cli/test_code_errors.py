"""Code that cannot be loaded: the user's own traceback where it is theirs, then one sentence."""

from __future__ import annotations

import pytest

CASES = {
    "missing_module": (
        "import no_such_library\n",
        "ModuleNotFoundError: No module named 'no_such_library'",
        'cannot be imported. No module "no_such_library" was found in',
    ),
    "syntax": (
        "def f(:\n",
        "    def f(:\n          ^\nSyntaxError: invalid syntax",
        "is not valid Python.",
    ),
    "raising": (
        "def connect():\n    raise RuntimeError('nobody answers')\nconnect()\n",
        "line 2, in connect\n    raise RuntimeError('nobody answers')\nRuntimeError: nobody answers",
        "raised while it was imported.",
    ),
    "definition": (
        "from dagster import job, op\n@op\ndef a(x: int): ...\n@job\ndef j():\n    a(1, 2)\n",
        "line 6, in j\n    a(1, 2)\n",
        "does not define valid jobs.",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_traceback_of_the_user_then_one_sentence(run, write, case):
    code, traceback, sentence = CASES[case]
    write(f"{case}_code.py", code)
    result = run("job", "execute", "-f", f"{case}_code.py")
    assert result.exit_code == 1
    assert traceback in result.stderr
    last = result.stderr.splitlines()[-1]
    assert last.startswith("Error: The file ")
    assert sentence in last
    assert "dagster/_" not in result.stderr.replace(last, "")
    assert "importlib" not in result.stderr


def test_sys_exit(run, write):
    write("exiting_code.py", "import sys\nsys.exit(0)\n")
    result = run("job", "execute", "-f", "exiting_code.py")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: The file ")
    assert "ended the program (sys.exit)" in result.stderr


def test_job_of_a_repository_that_cannot_be_built(run, write):
    write(
        "lazy_code.py",
        """
        from dagster import job, op, repository

        @op
        def a(): ...

        @job
        def good(): a()

        def make_bad():
            raise KeyError("settings")

        @repository
        def repo():
            return {"jobs": {"good": good, "bad": make_bad}}
        """,
    )
    assert run("job", "execute", "-f", "lazy_code.py", "-j", "good").exit_code == 0
    result = run("job", "execute", "-f", "lazy_code.py", "-j", "bad")
    assert result.exit_code == 1
    assert "in make_bad" in result.stderr
    assert "KeyError: 'settings'" in result.stderr
    assert result.stderr.splitlines()[-1].endswith("raised while it was built.")
