from __future__ import annotations

import pickle
import re
import sys

import pytest

from dagster._core.errors import DagsterImportError, DagsterUserCodeLoadError
from dagster._workspace.importing import import_target
from dagster._workspace.target import CodeTarget


def load_file(path, **options):
    return import_target(CodeTarget(python_file=str(path), **options)).module


class TestFiles:
    def test_imports_beside_the_file_and_in_the_current_directory(self, write):
        write("jobs/beside_me.py", "here = 'beside'\n")
        write("top_package/__init__.py", "there = 'current'\n")
        path = write("jobs/uses_both.py", "from beside_me import here\nfrom top_package import there\n")
        module = load_file(path)
        assert (module.here, module.there) == ("beside", "current")

    def test_a_working_directory_takes_their_place(self, write, tmp_path):
        write("lib/in_lib.py", "x = 1\n")
        path = write("jobs/uses_lib.py", "import in_lib\n")
        assert load_file(path, working_directory="lib").in_lib.x == 1
        assert str(tmp_path / "jobs") not in sys.path

    def test_current_directory_can_be_left_out(self, write):
        write("only_here.py", "")
        path = write("jobs/wants_here.py", "import only_here\n")
        with pytest.raises(DagsterImportError, match='No module "only_here" was found'):
            load_file(path, extends_path=False)

    def test_two_files_with_one_stem(self, write):
        first = load_file(write("one/pipeline_code.py", "class Row: pass\nx = 1\n"))
        second = load_file(write("two/pipeline_code.py", "class Row: pass\nx = 2\n"))
        assert (first.x, second.x) == (1, 2)
        for module in (first, second):
            row = module.Row()
            assert type(pickle.loads(pickle.dumps(row))) is module.Row

    @pytest.mark.parametrize("stem", ["json", "types", "dagster", "not-a-name"])
    def test_stems_that_are_taken(self, write, stem):
        before = sys.modules.get(stem)
        module = load_file(write(f"jobs/{stem}.py", "import json\nmine = json.dumps(1)\n"))
        assert module.mine == "1"
        assert before is None or sys.modules[stem] is before

    def test_dataclasses_find_their_module(self, write):
        path = write(
            "with_dataclass.py",
            """
            from __future__ import annotations
            from dataclasses import dataclass

            @dataclass
            class Row:
                n: int
            """,
        )
        assert load_file(path).Row(1).n == 1

    def test_a_file_that_fails_leaves_no_module(self, write):
        path = write("half_done.py", "raise ValueError('stop')\n")
        with pytest.raises(DagsterUserCodeLoadError):
            load_file(path)
        assert "half_done" not in sys.modules
        path.write_text("x = 1\n", encoding="utf-8")
        assert load_file(path).x == 1

    def test_the_own_file_of_a_package_is_loaded_as_the_package(self, write):
        write("a_package/part.py", "x = 1\n")
        path = write("a_package/__init__.py", "from .part import x\n")
        module = load_file(path)
        assert module.__name__ == "a_package"
        assert module.x == 1

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("jobz.py", 'There is no file "jobz.py" in {tmp}. Did you mean "jobs.py"?'),
            (
                "nowhere/jobs.py",
                'There is no file "nowhere/jobs.py": there is no directory {tmp}/nowhere.',
            ),
            ("folder", '"folder" is a directory. Name a Python file in it.'),
            (
                "package",
                '"package" is a package, not a file. Name it with --package-name or -m instead.',
            ),
        ],
    )
    def test_files_that_are_not_there(self, write, tmp_path, name, message):
        write("jobs.py")
        write("folder/x.txt")
        write("package/__init__.py")
        with pytest.raises(DagsterImportError, match=re.escape(message.format(tmp=tmp_path))):
            load_file(name)

    def test_relative_import_in_a_package(self, write, tmp_path):
        write("shop/__init__.py")
        write("shop/sub/__init__.py")
        path = write("shop/sub/jobs.py", "from . import other\n")
        with pytest.raises(
            DagsterImportError, match=f"use -m shop.sub.jobs -d {re.escape(str(tmp_path))}"
        ):
            load_file(path)

    def test_relative_import_outside_of_a_package(self, write):
        path = write("lonely.py", "from . import other\n")
        with pytest.raises(DagsterImportError, match="lies in no package"):
            load_file(path)


class TestErrorsOfTheCode:
    @pytest.mark.parametrize(
        ("code", "error", "message", "cause"),
        [
            (
                "import no_such_lib\n",
                DagsterImportError,
                'No module "no_such_lib" was found',
                ImportError,
            ),
            ("from sys import nope\n", DagsterImportError, "cannot be imported", ImportError),
            ("1 +\n", DagsterUserCodeLoadError, "is not valid Python", SyntaxError),
            ("1 / 0\n", DagsterUserCodeLoadError, "raised while it was imported", ZeroDivisionError),
            ("raise SystemExit(2)\n", DagsterUserCodeLoadError, "ended the program", SystemExit),
            (
                "from dagster import GraphDefinition\nGraphDefinition('a b')\n",
                DagsterUserCodeLoadError,
                "does not define valid jobs",
                Exception,
            ),
        ],
    )
    @pytest.mark.parametrize("by_file", [True, False])
    def test_what_it_raises_is_the_cause(self, write, code, error, message, cause, by_file):
        write("faulty_code.py", code)
        target = (
            CodeTarget(python_file="faulty_code.py")
            if by_file
            else CodeTarget(module_name="faulty_code")
        )
        with pytest.raises(error, match=message) as caught:
            import_target(target)
        assert isinstance(caught.value.__cause__, cause)

    def test_interrupts_pass(self, write):
        write("interrupted_code.py", "raise KeyboardInterrupt\n")
        with pytest.raises(KeyboardInterrupt):
            import_target(CodeTarget(python_file="interrupted_code.py"))


class TestModules:
    def test_from_the_current_directory_and_from_another(self, write):
        write("here_module.py", "x = 1\n")
        write("lib/there_module.py", "x = 2\n")
        assert import_target(CodeTarget(module_name="here_module")).module.x == 1
        target = CodeTarget(module_name="there_module", working_directory="lib")
        assert import_target(target).module.x == 2

    def test_package(self, write):
        write("some_package/__init__.py", "x = 1\n")
        assert import_target(CodeTarget(package_name="some_package")).module.x == 1
        write("some_module.py")
        with pytest.raises(DagsterImportError, match=r"is a module, not a package\. Name it with -m"):
            import_target(CodeTarget(package_name="some_module"))

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("shop.jbs", 'no module "jbs" in the package "shop". Did you mean "jobs"?'),
            ("sohp.jobs", 'no module "sohp" in {tmp} or the Python environment. Did you mean "shop"?'),
            ("shop.jobs.flights", '"shop.jobs" is a module, not a package.'),
            ("shop/jobs", '"shop/jobs" is not the name of a module.'),
            ("jobs.py", "a file is named with -f."),
            ("", '"" is not the name of a module.'),
        ],
    )
    def test_modules_that_are_not_there(self, write, tmp_path, name, message):
        write("shop/__init__.py")
        write("shop/jobs.py")
        with pytest.raises(DagsterImportError, match=re.escape(message.format(tmp=tmp_path))):
            import_target(CodeTarget(module_name=name))

    def test_pointers_lead_back(self, write):
        write("pointed.py", "x = 5\n")
        by_file = import_target(CodeTarget(python_file="pointed.py"))
        by_name = import_target(CodeTarget(module_name="pointed"))
        assert by_file.pointer("x").load_target() == 5
        assert by_name.pointer("x").load_target() == 5
