"""``python -m dagster``: the command line."""

from __future__ import annotations

from dagster._cli.main import main

if __name__ == "__main__":
    main()
