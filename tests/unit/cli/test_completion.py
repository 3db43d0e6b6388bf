from __future__ import annotations

from click.shell_completion import ShellComplete

from dagster._cli.main import cli


def names(*args: str, incomplete: str = "") -> list[str]:
    completion = ShellComplete(cli, {}, "dagster", "_DAGSTER_COMPLETE")
    return [item.value for item in completion.get_completions(list(args), incomplete)]


CODE = """
    print("the shell must not see this")
    from dagster import job, op

    @op
    def a(): ...

    @job
    def flights(): a()

    @job
    def fuel(): a()
"""


def test_commands():
    assert names(incomplete="j") == ["job"]
    assert names("job") == ["execute", "list", "print", "scaffold_config"]


def test_names_of_jobs(write, capfd):
    write("completed.py", CODE)
    assert names("job", "execute", "-f", "completed.py", "-j") == ["flights", "fuel"]
    assert names("pipeline", "print", "-f", "completed.py", "-p", incomplete="fu") == ["fuel"]
    assert capfd.readouterr() == ("", "")


def test_code_that_cannot_be_loaded_completes_to_nothing(write):
    write("broken.py", "raise SystemExit(1)\n")
    assert names("job", "execute", "-f", "broken.py", "-j") == []
    assert names("job", "execute", "-f", "missing.py", "-j") == []
    assert names("job", "execute", "-j") == []
