"""Dagwerk: define and run data pipelines.

The names of the interface are in one table, ``dagster._names.PUBLIC``, and each is imported when it is
first asked for (PEP 562): ``import dagster`` costs nothing, and a program pays for what it uses. Type
checkers and editors read ``__init__.pyi``, which ``scripts/make_stub.py`` writes from the same table.
"""

from __future__ import annotations

from dagster._names import PUBLIC, SUBMODULES
from dagster.version import __version__ as __version__

__all__ = [*sorted(PUBLIC)]  # noqa: PLE0604 # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name in PUBLIC:
        module_name, _, attribute = PUBLIC[name].partition(":")
        value: object = getattr(import_module(module_name), attribute or name)
    elif name in SUBMODULES:
        value = import_module(f"dagster.{name}")
    elif name.startswith("__"):  # probes of tools: they expect a quick no
        raise AttributeError(f"module 'dagster' has no attribute {name!r}")
    else:
        from dagster._text import unknown

        raise AttributeError(unknown("name in dagster", name, PUBLIC))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *PUBLIC, *SUBMODULES})
