"""Every code block of the README and of the documentation runs.

On a page, ``python`` blocks run in order and share one namespace. A block with ``title="name.py"`` is also
written to the page's directory, whatever its language, so that a command below can use it. In ``bash``
blocks the lines that begin with ``dagster`` or ``python`` are run there. A comment in front of a block changes that::

    <!-- fresh -->           start a new namespace
    <!-- fails -->           the commands of this block end with an exit code other than zero
    <!-- not run: reason --> leave this block alone
    <!-- run: 3f2a9c1b -->   from here on, this id on the page stands for that of the newest run in DAGSTER_HOME
"""

from __future__ import annotations

import linecache
import os
import re
import shlex
import subprocess
import sys
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from dagster import DagsterInstance, instance_for_test, job
from tests.architecture.sources import ROOT

FENCE = re.compile(
    r"(?:^<!--\s*(?P<mark>fresh|fails|not run:[^\n]*?|run:[ ]*[0-9a-f]{8})\s*-->\s*\n+)?"
    r"^(?P<indent>[ ]*)```[ ]?(?P<language>[a-z]+)(?P<options>[^\n]*)\n(?P<body>.*?)^(?P=indent)```[ ]*$",
    re.MULTILINE | re.DOTALL,
)
PAGES = sorted(
    [path for path in (ROOT / "README.md",) if path.exists()] + [*(ROOT / "docs").rglob("*.md")]
)


@job
def sail() -> None: ...


@dataclass(frozen=True)
class Block:
    language: str
    body: str
    line: int
    title: str | None
    mark: str


def blocks_of(text: str) -> Iterator[Block]:
    for match in FENCE.finditer(text):
        indent = match["indent"]
        body = re.sub(rf"^{indent}", "", match["body"], flags=re.MULTILINE) if indent else match["body"]
        title = re.search(r'title="([^"]+)"', match["options"])
        line = text.count("\n", 0, match.start("body")) + 1
        yield Block(match["language"], body, line, title and title[1], match["mark"] or "")


def run_python(block: Block, module: types.ModuleType, page: Path) -> None:
    # The source must be found by `inspect`, as it is for a user's file.
    name = f"{page.relative_to(ROOT)}:{block.line}"
    linecache.cache[name] = (len(block.body), None, block.body.splitlines(keepends=True), name)
    padded = "\n" * (block.line - 1) + block.body
    exec(compile(padded, str(page), "exec"), module.__dict__)


def load_newest_run() -> str:
    with DagsterInstance.get() as instance:
        return instance.get_runs(limit=1)[0].run_id


def run_commands(block: Block, directory: Path, run_ids: Mapping[str, str] | None = None) -> None:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    text = block.body.replace("\\\n", " ")
    for written, run_id in (run_ids or {}).items():
        text = text.replace(written, run_id)
    for line in text.splitlines():
        command = line.removeprefix("$ ").strip()
        if not command.startswith(("dagster ", "python ")):
            continue
        done = subprocess.run(
            shlex.split(command, comments=True),
            cwd=directory,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) == (block.mark == "fails"), (
            f"{command}\n{done.stdout}{done.stderr}"
        )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    # A page may set it; the next one begins without.
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.delenv("DAGSTER_HOME")
    name = "page_" + re.sub(r"\W", "_", str(page.relative_to(ROOT)))
    module = types.ModuleType(name)
    run_ids: dict[str, str] = {}
    for block in blocks_of(page.read_text(encoding="utf-8")):
        if block.mark.startswith("not run"):
            continue
        if block.title and re.fullmatch(r"[\w./-]+", block.title):
            target = tmp_path / block.title
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.body, encoding="utf-8")
        if block.language == "python":
            if block.mark == "fresh":
                module = types.ModuleType(name)
            monkeypatch.setitem(sys.modules, name, module)
            run_python(block, module, page)
        elif block.language in {"bash", "sh", "shell", "console"}:
            if block.mark.startswith("run:"):
                run_ids[block.mark.removeprefix("run:").strip()] = load_newest_run()
            run_commands(block, tmp_path, run_ids)


def test_blocks_are_found() -> None:
    text = (
        'a\n\n```python title="x.py"\na = 1\n```\n\n<!-- fails -->\n```bash\ndagster job\n```\n'
        "    ```python\n    b = 2\n    ```\n<!-- not run: needs a cluster -->\n\n```text\nout\n```\n"
        "<!-- run: 3f2a9c1b -->\n```bash\ndagster run show 3f2a9c1b\n```\n"
    )
    found = list(blocks_of(text))
    assert [(b.language, b.title, b.mark) for b in found] == [
        ("python", "x.py", ""),
        ("bash", None, "fails"),
        ("python", None, ""),
        ("text", None, "not run: needs a cluster"),
        ("bash", None, "run: 3f2a9c1b"),
    ]
    assert found[0].line == 4
    assert found[2].body == "b = 2\n"


def test_a_block_that_raises_fails(tmp_path: Path) -> None:
    page = ROOT / "docs" / "nowhere.md"
    with pytest.raises(ZeroDivisionError):
        run_python(Block("python", "1 / 0\n", 1, None, ""), types.ModuleType("page"), page)


def test_a_command_that_fails_is_seen(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="python -c"):
        run_commands(Block("bash", "$ python -c 'raise SystemExit(3)'\n", 1, None, ""), tmp_path)
    run_commands(Block("bash", "python -c 'raise SystemExit(3)'\n", 1, None, "fails"), tmp_path)


def test_ids_on_a_page_stand_for_those_of_runs(tmp_path: Path) -> None:
    block = Block("bash", 'python -c \'raise SystemExit("3f2a9c1b" != "the id")\'\n', 1, None, "")
    run_commands(block, tmp_path, {"3f2a9c1b": "the id"})
    with pytest.raises(AssertionError, match="another id"):
        run_commands(block, tmp_path, {"3f2a9c1b": "another id"})


def test_the_newest_run_is_found() -> None:
    with instance_for_test() as instance:
        for _ in range(2):
            newest = instance.create_run_for_job(sail)
        assert load_newest_run() == newest.run_id
