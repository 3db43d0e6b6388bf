"""The two sides: our environment, and one made for upstream."""

from __future__ import annotations

import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UPSTREAM_VERSION = "1.13.27"


@dataclass(frozen=True)
class Side:
    """One implementation and the environment in which it is installed."""

    name: str
    scripts: Path

    @property
    def python(self) -> Path:
        """The interpreter of the environment."""
        return self.scripts / "python"

    @property
    def command(self) -> Path:
        """The `dagster` command of the environment."""
        return self.scripts / "dagster"


def ours() -> Side:
    """Return the environment that runs the bench, in which we are installed."""
    return Side("dagwerk", Path(sys.executable).parent)


def upstream() -> Side:
    """Return upstream's environment, made when it is missing."""
    directory = ROOT / ".venv-bench-dagster"
    side = Side(f"dagster {UPSTREAM_VERSION}", directory / "bin")
    stamp = directory / f".installed-{UPSTREAM_VERSION}"
    if not stamp.exists():
        print(f"installing {side.name} into {directory.name} …", flush=True)
        venv.create(directory, with_pip=True, clear=True)
        packages = [f"dagster=={UPSTREAM_VERSION}"]
        subprocess.run([side.python, "-m", "pip", "install", "--quiet", *packages], check=True)
        stamp.touch()
    return side


def versions(side: Side) -> str:
    """Return the versions of what a side's numbers depend on."""
    program = (
        "import importlib.metadata as m, sys; "
        "names = [d.metadata['Name'].lower() for d in m.distributions()]; "
        "wanted = [n for n in ('dagwerk', 'dagster', 'msgspec', 'pydantic', 'sqlalchemy') if n in names]; "
        "print(', '.join(f'{n} {m.version(n)}' for n in wanted))"
    )
    done = subprocess.run([side.python, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.strip()
