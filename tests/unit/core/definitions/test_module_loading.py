from __future__ import annotations

import sys
import textwrap
from types import ModuleType

import pytest

from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.module_loading import (
    load_definitions_from_current_module,
    load_definitions_from_module,
    load_definitions_from_modules,
    load_definitions_from_package_name,
)
from dagster._core.errors import DagsterInvalidDefinitionError


@job
def here():
    pass


@job
def there():
    pass


def module(name, **attributes):
    made = ModuleType(name)
    vars(made).update(attributes)
    return made


def test_jobs_of_modules():
    defs = load_definitions_from_modules(
        [module("a", here=here, x=1), module("b", here=here, there=there)]
    )
    assert [j.name for j in defs.jobs] == ["here", "there"]


def test_resources_go_along():
    defs = load_definitions_from_module(module("a", here=here), resources={"db": 1})
    assert defs.resources == {"db": 1}


def test_two_of_one_name_are_refused():
    other = there.graph.to_job(name="here")
    defs = load_definitions_from_modules([module("a", here=here), module("b", here=other)])
    with pytest.raises(DagsterInvalidDefinitionError, match=r"duplicate job"):
        defs.get_repository_def()


def test_the_current_module():
    assert [j.name for j in load_definitions_from_current_module().jobs] == ["here", "there"]


def test_a_package(tmp_path, monkeypatch):
    package = tmp_path / "jobs_of_a_package"
    (package / "sub").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text("raise SystemExit('not to be imported')")
    (package / "sub" / "__init__.py").write_text("")
    for path in (package / "one.py", package / "sub" / "two.py"):
        path.write_text(
            textwrap.dedent(f"""
                from dagster._core.definitions.job.decorator import job

                @job
                def {path.stem}_job():
                    pass
            """)
        )
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        defs = load_definitions_from_package_name("jobs_of_a_package")
        assert sorted(j.name for j in defs.jobs) == ["one_job", "two_job"]
    finally:
        for name in [n for n in sys.modules if n.startswith("jobs_of_a_package")]:
            del sys.modules[name]
