from __future__ import annotations

import pytest

from dagster.version import __version__


@pytest.mark.parametrize("flag", ["-v", "--version"])
def test_version(run, flag):
    assert run(flag).output == f"dagster, version {__version__}\n"


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_lists_the_groups_the_exit_codes_and_the_completion(run, flag):
    output = run(flag).output
    assert "job " in output
    assert "pipeline " in output
    assert "130  interrupted by Ctrl-C" in output
    assert 'eval "$(_DAGSTER_COMPLETE=bash_source dagster)"' in output


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("jobb",), "No such command 'jobb'"),
        (("job", "exec"), "No such command 'exec'"),
        (("job", "execute", "--nope"), "No such option '--nope'"),
        (("job", "execute", "x.py"), "(x.py). A Python file is given with -f: -f x.py"),
        (("job", "execute", "-c", "a.yaml", "b.yaml"), "Each config file takes a -c of its own"),
    ],
)
def test_wrong_usage(run, args, message):
    result = run(*args)
    assert result.exit_code == 2
    assert message in result.stderr


def test_ctrl_c_outside_of_a_run(run, write):
    write("interrupted.py", "raise KeyboardInterrupt\n")
    result = run("job", "list", "-f", "interrupted.py")
    assert result.exit_code == 130
    assert result.stderr == "Interrupted.\n"
