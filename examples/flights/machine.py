"""The machine that the model is tested on: it may be down at first, as in the 'Re-execution' document."""

from __future__ import annotations

from pathlib import Path


def reach(down_until: str | None) -> None:
    """Reach the machine.

    Args:
        down_until: A file. The machine is down as long as it is not there; who finds it down makes the file,
            so that it is up for whoever comes next, in this process or another. None: it is always up.

    Raises:
        ConnectionError: The machine is down.
    """
    if down_until is None:
        return
    file = Path(down_until).resolve()
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(
                "The test machine was down, and is up since. Without this file it is down again.\n"
            )
    except FileExistsError:
        return
    raise ConnectionError("the test machine is down; the next attempt will find it up")
