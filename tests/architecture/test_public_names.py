"""The public names: exact, all of them there, and the same for type checkers."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

import dagster
from dagster._names import PUBLIC, SUBMODULES
from tests.architecture.sources import ROOT


def test_all_is_exact() -> None:
    assert dagster.__all__ == sorted(PUBLIC)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_name_resolves_to_its_module(name: str) -> None:
    module_name, _, attribute = PUBLIC[name].partition(":")
    assert getattr(dagster, name) is getattr(import_module(module_name), attribute or name)


@pytest.mark.parametrize("name", sorted(SUBMODULES))
def test_submodule_is_an_attribute(name: str) -> None:
    assert getattr(dagster, name) is import_module(f"dagster.{name}")


def test_dir_lists_every_name() -> None:
    assert set(PUBLIC) | set(SUBMODULES) <= set(dir(dagster))


def test_star_import_gives_exactly_the_public_names() -> None:
    namespace: dict[str, object] = {}
    exec("from dagster import *", namespace)
    namespace.pop("__builtins__")
    assert sorted(namespace) == sorted(PUBLIC)


def test_mistyped_name_is_answered_with_the_nearest() -> None:
    message = r'unknown name in dagster "DagsterEror"\. Did you mean "DagsterError"'
    with pytest.raises(AttributeError, match=message):
        dagster.DagsterEror  # pyright: ignore[reportAttributeAccessIssue]


def test_probe_for_a_dunder_is_answered_as_python_does() -> None:
    assert not hasattr(dagster, "__wrapped__")


def test_stub_is_fresh() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/make_stub.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
