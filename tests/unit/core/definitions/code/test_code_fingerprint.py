from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.unit.core.definitions.code.projects import read

BASE = """
    import json
    from tools import clean

    RATE = 0.5

    def scale(x, by=2):
        return x * by * RATE

    class Model:
        depth = 3

        def fit(self, x):
            return x + self.depth

    def train(rows):
        model = Model()
        return json.dumps([model.fit(scale(row)) for row in clean(rows)])
"""
TOOLS = """
    LIMIT = 10

    def clean(rows):
        return [row for row in rows if keep(row)]

    def keep(row):
        return row < LIMIT

    def unrelated():
        return 1
"""
PROJECT = {"work.py": BASE, "tools.py": TOOLS}


def changed(tmp_path: Path, before: dict[str, str], after: dict[str, str]) -> set[str]:
    """The parts that differ, after making sure that the digests say the same; empty if they are equal."""
    old, new = read(tmp_path, before), read(tmp_path, after)
    assert old.problems == new.problems == ()
    parts = {name for name in old.parts | new.parts if old.parts.get(name) != new.parts.get(name)}
    assert bool(parts) == (old.digest != new.digest)
    return parts


@pytest.mark.parametrize(
    ("file", "old", "new", "part"),
    [
        ("work.py", "json.dumps([", "json.dumps([1 + ", "function train (work.py)"),
        ("work.py", "by=2", "by=3", "function scale (work.py)"),
        ("work.py", "x * by", "x + by", "function scale (work.py)"),
        ("work.py", "RATE = 0.5", "RATE = 0.25", "constant RATE (work.py)"),
        ("work.py", "x + self.depth", "x - self.depth", "function Model.fit (work.py)"),
        ("work.py", "depth = 3", "depth = 4", "class Model (work.py)"),
        ("tools.py", "row < LIMIT", "row <= LIMIT", "function keep (tools.py)"),
        ("tools.py", "LIMIT = 10", "LIMIT = 11", "constant LIMIT (tools.py)"),
        ("tools.py", "for row in rows", "for row in rows[1:]", "function clean (tools.py)"),
    ],
)
def test_a_change_is_found_and_named(tmp_path: Path, file: str, old: str, new: str, part: str) -> None:
    assert old in PROJECT[file]
    after = {**PROJECT, file: PROJECT[file].replace(old, new)}
    assert changed(tmp_path, PROJECT, after) == {part}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("work.py", "def train(rows):", "# a comment\n\n    def train(\n        rows,\n    ):"),
        ("work.py", "def train(rows):\n", 'def train(rows):\n        """Says what it does."""\n'),
        ("work.py", "class Model:\n", 'class Model:\n        """Says what it is."""\n\n'),
        ("work.py", "def fit(self, x):\n", 'def fit(self, x):\n            "Fits."\n'),
        ("tools.py", "def unrelated():\n        return 1", "def unrelated():\n        return 2"),
        ("tools.py", "LIMIT = 10\n", "LIMIT = 10\n    OTHER = 11\n\n\n"),
        ("work.py", "import json", "import json\n    import sys"),
    ],
)
def test_what_does_not_count(tmp_path: Path, file: str, old: str, new: str) -> None:
    assert old in PROJECT[file]
    after = {**PROJECT, file: PROJECT[file].replace(old, new)}
    assert read(tmp_path, PROJECT).digest == read(tmp_path, after).digest


def test_functions_may_change_places(tmp_path: Path) -> None:
    rows, keep = TOOLS.index("    def clean"), TOOLS.index("    def keep")
    rest = TOOLS.index("    def unrelated")
    moved = TOOLS[:rows] + TOOLS[keep:rest] + TOOLS[rows:keep] + TOOLS[rest:]
    assert read(tmp_path, PROJECT).digest == read(tmp_path, {**PROJECT, "tools.py": moved}).digest
    methods = """
    class Model:
        {}
        {}
    def train(x):
        return Model()
    """
    one, other = "def a(self): return 1", "def b(self): return 2"
    assert read(tmp_path, methods.format(one, other)) == read(tmp_path, methods.format(other, one))


def test_a_file_may_be_renamed(tmp_path: Path) -> None:
    renamed = {"job.py": BASE.replace("from tools", "from cleaning"), "cleaning.py": TOOLS}
    old, new = read(tmp_path, PROJECT), read(tmp_path, renamed, "job:train")
    assert old.digest == new.digest
    assert next(iter(new.parts)) == "function train (job.py)"


CASES = {
    "a closure": """
        def make(n):
            def train(x):
                return x + n
            return train
        train = make(VALUE)
    """,
    "a partial": """
        from functools import partial
        def add(x, n):
            return x + n
        adder = partial(add, n=VALUE)
        def train(x):
            return adder(x)
    """,
    "a lambda": "train = lambda x: x + VALUE",
    "a nested function": """
        def train(x):
            def inner(y):
                return y + VALUE
            return inner(x)
    """,
    "a nested class": """
        def train(x):
            class Inner:
                "doc"
                n = VALUE
            return Inner
    """,
    "a keyword-only default": "def train(x, *, n=VALUE): return x",
    "a decorated function": """
        import functools
        def twice(fn):
            @functools.wraps(fn)
            def wrapper(x):
                return fn(fn(x))
            return wrapper
        @twice
        def train(x):
            return x + VALUE
    """,
    "a decorator": """
        import functools
        def twice(fn):
            @functools.wraps(fn)
            def wrapper(x):
                return fn(fn(x)) + VALUE
            return wrapper
        @twice
        def train(x):
            return x
    """,
    "a cached helper": """
        import functools
        @functools.lru_cache
        def helper(x):
            return x + VALUE
        def train(x):
            return helper(x)
    """,
    "a context manager": """
        import contextlib
        @contextlib.contextmanager
        def helper():
            yield VALUE
        def train(x):
            with helper() as y:
                return y
    """,
    "a single dispatch": """
        import functools
        @functools.singledispatch
        def helper(x):
            return x
        @helper.register
        def _(x: int):
            return VALUE
        def train(x):
            return helper(x)
    """,
    "an inherited method": """
        class Base:
            def fit(self, x):
                return x + VALUE
        class Model(Base):
            pass
        def train(x):
            return Model().fit(x)
    """,
    "a property": """
        class Model:
            @property
            def n(self):
                return VALUE
        def train(x):
            return Model().n
    """,
    "a cached property": """
        import functools
        class Model:
            @functools.cached_property
            def n(self):
                return VALUE
        def train(x):
            return Model().n
    """,
    "a static method": """
        class Model:
            @staticmethod
            def n():
                return VALUE
        def train(x):
            return Model.n()
    """,
    "a metaclass": """
        class Meta(type):
            def make(cls):
                return VALUE
        class Model(metaclass=Meta):
            pass
        def train(x):
            return Model.make()
    """,
    "a dataclass": """
        import dataclasses
        @dataclasses.dataclass
        class Model:
            n: int = VALUE
        def train(x):
            return Model().n
    """,
    "a default factory": """
        import dataclasses
        @dataclasses.dataclass
        class Model:
            n: list = dataclasses.field(default_factory=lambda: [VALUE])
        def train(x):
            return Model().n
    """,
    "a pydantic model": """
        from pydantic import BaseModel, Field
        class Model(BaseModel):
            n: int = Field(VALUE, gt=-1)
        def train(x):
            return Model().n
    """,
    "a pydantic validator": """
        from pydantic import BaseModel, field_validator
        class Model(BaseModel):
            n: int = 0
            @field_validator("n")
            @classmethod
            def check(cls, n):
                return n + VALUE
        def train(x):
            return Model(n=x)
    """,
    "a named tuple": """
        from typing import NamedTuple
        class Model(NamedTuple):
            n: int = VALUE
        def train(x):
            return Model()
    """,
    "a struct": """
        import msgspec
        class Model(msgspec.Struct):
            n: int = VALUE
        def train(x):
            return Model()
    """,
    "an enum": """
        import enum
        class Color(enum.Enum):
            RED = VALUE
        def train(x):
            return Color.RED
    """,
    "an enum's member": """
        import enum
        class Color(enum.Enum):
            RED = 1
            BLUE = 2
        CHOSEN = Color(VALUE)
        def train(x):
            return CHOSEN
    """,
    "an object of a class": """
        class Model:
            def __init__(self, n):
                self.n = n
        MODEL = Model(VALUE)
        def train(x):
            return MODEL.n
    """,
    "the class of an object": """
        class Model:
            def fit(self, x):
                return x + VALUE
        MODEL = Model()
        def train(x):
            return MODEL.fit(x)
    """,
    "a bound method": """
        class Model:
            def fit(self, x):
                return x + VALUE
        fit = Model().fit
        def train(x):
            return fit(x)
    """,
    "functions in a table": """
        def one(x):
            return x + VALUE
        TABLE = {"one": one}
        def train(x):
            return TABLE["one"](x)
    """,
    "a set of texts": """
        NAMES = {"a", "b", "c", "dVALUE"}
        def train(x):
            return x in NAMES and x in {"p", "q", "VALUE"}
    """,
    "an array": """
        import numpy
        TABLE = numpy.array([1, VALUE])
        def train(x):
            return TABLE[x]
    """,
    "a data frame": """
        import pandas
        TABLE = pandas.DataFrame({"a": [1, VALUE]})
        def train(x):
            return TABLE
    """,
    "a pattern": """
        import re
        PATTERN = re.compile("aVALUE+")
        def train(x):
            return PATTERN.match(x)
    """,
    "a time": """
        import datetime
        DAY = datetime.date(2024, 1, VALUE)
        def train(x):
            return DAY
    """,
    "a class in an annotation": """
        from __future__ import annotations
        class Model:
            def fit(self):
                return VALUE
        def train(model: list[Model] | None):
            return model[0].fit()
    """,
    "a recursive function": """
        def train(x):
            return x and train(x - VALUE)
    """,
    "functions of each other": """
        def odd(x):
            return x and train(x - VALUE)
        def train(x):
            return x and odd(x - 1)
    """,
    "a generator": """
        def train(x):
            yield from (row + VALUE for row in x)
    """,
    "a coroutine": """
        async def helper():
            return VALUE
        async def train(x):
            async with x as y:
                return await helper()
    """,
    "an exception": """
        def train(x):
            try:
                return x[VALUE]
            except (KeyError, ValueError):
                raise RuntimeError("no") from None
            finally:
                print(x)
    """,
    "made by exec": """
        namespace = {}
        exec("def train(x): return x + VALUE", namespace)
        train = namespace["train"]
    """,
    "an op that is called": """
        from dagster import op
        @op
        def inner(x):
            return x + VALUE
        def train(x):
            return inner(x)
    """,
}


@pytest.mark.parametrize("name", CASES)
def test_each_kind_of_code(tmp_path: Path, name: str) -> None:
    text = CASES[name]
    one = read(tmp_path, text.replace("VALUE", "1"))
    again = read(tmp_path / "elsewhere", "\n\n# moved\n" + textwrap.dedent(text).replace("VALUE", "1"))
    other = read(tmp_path, text.replace("VALUE", "2"))
    assert one.problems == ()
    assert one.digest == again.digest
    assert one.digest != other.digest


IMPORTS = {
    "import helpers": "import helpers\ndef train(x):\n        return helpers.add(x)",
    "import in the function": "def train(x):\n        import helpers\n        return helpers.add(x)",
    "from in the function": "def train(x):\n        from helpers import add\n        return add(x)",
    "another name": "import helpers as h\ndef train(x):\n        return h.add(x)",
    "a module in a closure": """
    import helpers
    def make(module):
        def train(x):
            return module.add(x)
        return train
    train = make(helpers)
    """,
    "a module of a module": "import helpers, middle\ndef train(x):\n        return middle.helpers.add(x)",
}


@pytest.mark.parametrize("name", IMPORTS)
def test_each_way_to_import(tmp_path: Path, name: str) -> None:
    def at(number: int) -> dict[str, str]:
        return {
            "work.py": IMPORTS[name],
            "helpers.py": f"def add(x):\n    return x + {number}\n\ndef other():\n    return {number}\n",
            "middle.py": "import helpers\n",
        }

    assert changed(tmp_path, at(1), at(2)) == {"function add (helpers.py)"}


def test_relative_imports_in_packages(tmp_path: Path) -> None:
    def at(number: int) -> dict[str, str]:
        return {
            "pack/__init__.py": "",
            "pack/steps.py": (
                "def train(x):\n    from .deep.tools import add\n    from . import more\n"
                "    import pack.deep.tools\n    return add(x) + more.one() + pack.deep.tools.two()\n"
            ),
            "pack/more.py": f"def one():\n    return {number}\n",
            "pack/deep/__init__.py": "",
            "pack/deep/tools.py": f"def add(x):\n    return x + {number}\ndef two():\n    return {number}\n",
        }

    old = read(tmp_path, at(1), "pack.steps:train")
    new = read(tmp_path, at(2), "pack.steps:train")
    differing = {name for name in new.parts if old.parts[name] != new.parts[name]}
    assert differing == {"function add (tools.py)", "function one (more.py)", "function two (tools.py)"}


def test_an_installed_project_is_read_too(tmp_path: Path) -> None:
    """What stands in site-packages is a library's, but not for a function of the same package."""

    def at(number: int) -> dict[str, str]:
        return {
            "site-packages/shop/__init__.py": "",
            "site-packages/shop/steps.py": "from shop.tools import add\ndef train(x):\n    return add(x)\n",
            "site-packages/shop/tools.py": f"import other\ndef add(x):\n    return other.f(x) + {number}\n",
            "site-packages/other.py": f"def f(x):\n    return x + {number}\n",
        }

    def digest(number: int) -> dict[str, str]:
        folder = tmp_path / "site-packages"
        sys.path.insert(0, str(folder))
        try:
            return dict(read(tmp_path, at(number), "shop.steps:train").parts)
        finally:
            sys.path.remove(str(folder))

    old, new = digest(1), digest(2)
    assert {name for name in new if old[name] != new[name]} == {"function add (tools.py)"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def train(x):\n    return eval(x)", "calls eval"),
        ("def train(x):\n    exec(x)", "calls exec"),
        ("def train(x):\n    return globals()[x]", "calls globals"),
        ("def train(x):\n    return __import__(x)", "calls __import__"),
        ("import importlib\ndef train(x):\n    return importlib.import_module(x)", "importlib.import_module"),
        ("import helpers\ndef train(x):\n    return getattr(helpers, x)()", "uses getattr"),
        ("import helpers\ndef train(x):\n    return vars(helpers)[x]", "uses vars"),
        ("import sys\ndef train(x):\n    return sys.modules[x]", "uses sys.modules"),
        ("class A:\n    pass\ndef train(x):\n    return A.__subclasses__()", "uses __subclasses__"),
        ("ROWS = iter([1])\ndef train(x):\n    return next(ROWS)", "constant ROWS (work.py) is a list_iterator"),
        ("ROWS = (x for x in [1])\ndef train(x):\n    return ROWS", "stands somewhere in its work"),
        (
            "import sqlite3\nDB = sqlite3.connect(':memory:')\nDB.close()\ndef train(x):\n    return DB",
            "constant DB (work.py) is a sqlite3.Connection, whose state cannot be read",
        ),
        (
            "class Odd:\n    def __reduce__(self): raise ValueError('odd')\nODD = Odd()\ndef train(x): return ODD",
            "(odd)",
        ),
        ("import helpers\nTABLE = [helpers]\ndef train(x):\n    return TABLE", "is the module helpers"),
        (
            "DEEP = []\nfor _ in range(100_000):\n    DEEP = [DEEP]\ndef train(x):\n    return DEEP",
            "too deep to compare",
        ),
        ("BIG = list(range(10)) * 10**6\ndef train(x):\n    return BIG and 'x'", None),
        ("BIG = [[x] for x in range(10**6)]\ndef train(x):\n    return BIG", "holds more than 1,000,000 values"),
        ("def train(x):\n    from broken import add\n    return add(x)", "which cannot be imported here"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told(tmp_path: Path, text: str, reason: str | None) -> None:
    files = {
        "work.py": text,
        "helpers.py": "def add(x): return x",
        "broken.py": "raise ValueError('no')",
    }
    problems = read(tmp_path, files).problems
    assert bool(problems) == (reason is not None)
    if reason is not None:
        assert reason in problems[0]


def test_a_compiled_module_of_the_project_cannot_be_read(tmp_path: Path) -> None:
    import _struct  # a module that is machine code, wherever Python keeps it

    text = (
        "import importlib.machinery, importlib.util, sys\n"
        "loader = importlib.machinery.ExtensionFileLoader('_struct', __file__[:-7] + '_struct.so')\n"
        "spec = importlib.util.spec_from_loader('_struct', loader)\n"
        "fast = importlib.util.module_from_spec(spec)\n"
        "loader.exec_module(fast)\n"
        "def train(x):\n    return fast.pack('i', x)\n"
    )
    if not getattr(_struct, "__file__", None):
        pytest.skip("this Python has no module of its own in machine code")
    folder = tmp_path / "project"
    folder.mkdir()
    # Written by the project's own loading, since a second copy of a module of Python is not entered.
    files = {"work.py": text}
    binary = Path(_struct.__file__).read_bytes()
    (tmp_path / "_struct.so").write_bytes(binary)
    files["work.py"] = text.replace("__file__[:-7]", repr(str(tmp_path) + os.sep))
    assert "which is compiled" in read(folder, files).problems[0]


def test_a_mutable_that_holds_itself(tmp_path: Path) -> None:
    text = "LOOP = [1]\nLOOP.append(LOOP)\ndef train(x):\n    return LOOP\n"
    first = read(tmp_path, text)
    assert first.problems == ()
    assert first == read(tmp_path, text)
    assert first.digest != read(tmp_path, text.replace("append(LOOP)", "append([LOOP])")).digest


def test_types_of_constants_are_told_apart(tmp_path: Path) -> None:
    def digest(value: str) -> str:
        return read(tmp_path, f"N = {value}\ndef train(x):\n    return x is {value} or N").digest

    values = ["1", "1.0", "True", "'1'", "b'1'", "None", "...", "0.0", "-0.0", "1j", "()"]
    with pytest.warns(SyntaxWarning):
        found = {digest(value) for value in values}
    assert len(found) == len(values)


PROGRAM = """
import sys
from work import train
from dagster._core.definitions.code.fingerprint import CodeReader
from dagster._core.definitions.code.ownership import Ownership

found = CodeReader(Ownership(Ownership.package_of(train))).fingerprint([("", train)])
assert not found.problems, found.problems
print(found.digest, sorted(found.parts.items()))
"""


def test_the_same_in_every_process(tmp_path: Path) -> None:
    """Whatever the seed of hashes, and whether the code comes from source or from its cache."""
    names = ["a decorated function", "a set of texts", "a single dispatch", "a nested class", "an enum", "a pydantic model"]  # fmt: skip
    for number, name in enumerate(names):
        (tmp_path / f"part{number}.py").write_text(textwrap.dedent(CASES[name]).replace("VALUE", "1"))
    lines = [f"import part{number}" for number in range(len(names))]
    lines.append("SETS = [{'a', 'b'}, frozenset({'c', 'd', ('e', 1)}), {print, len}]")
    calls = ", ".join(f"part{number}.train(x)" for number in range(len(names)))
    lines.append(f"def train(x):\n    return {calls}, SETS, x in {{'k', 'l', 'm', 'n'}}")
    (tmp_path / "work.py").write_text("\n".join(lines))
    source = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    found = set()
    for seed in ("0", "1", "2", "12345"):
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": source}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        found.add(done.stdout)
    assert len(found) == 1
