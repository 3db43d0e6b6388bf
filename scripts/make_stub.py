"""Write ``src/dagster/__init__.pyi`` from the table of public names, for type checkers and editors."""

from __future__ import annotations

import sys
from pathlib import Path

from dagster._names import PUBLIC, SUBMODULES

STUB = Path(__file__).resolve().parent.parent / "src" / "dagster" / "__init__.pyi"
HEAD = "# Written by scripts/make_stub.py from dagster._names: change the table, then `make stub`.\n\n"


def import_line(name: str, target: str) -> str:
    """Return the line that re-exports one public name."""
    module, _, attribute = target.partition(":")
    return f"from {module} import {attribute or name} as {name}\n"


def stub_text() -> str:
    """Return the text of the stub."""
    imports = sorted(import_line(name, target) for name, target in PUBLIC.items())
    modules = [
        f"from dagster import {name} as {name}\n" for name in sorted(SUBMODULES) if name.startswith("_")
    ]
    exported = "".join(f'    "{name}",\n' for name in sorted(PUBLIC))
    return f"{HEAD}{''.join(imports)}{''.join(modules)}\n__version__: str\n__all__ = [\n{exported}]\n"


def main() -> int:
    """Write the stub, or with ``--check`` say whether it is fresh."""
    text = stub_text()
    if "--check" in sys.argv[1:]:
        fresh = STUB.exists() and STUB.read_text(encoding="utf-8") == text
        print("fresh" if fresh else "stale: run `make stub`")
        return 0 if fresh else 1
    STUB.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
