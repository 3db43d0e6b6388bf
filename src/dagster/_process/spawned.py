"""A worker that is not forked: ``python -m dagster._process.spawned DESCRIPTOR``.

The descriptor is its end of the channel, over which it first gets its setup.
"""

from __future__ import annotations

import os
import socket
import sys
import traceback

import msgspec

from dagster._process.channel import Channel
from dagster._process.worker_setup import WorkerSetup, end_of_process, prepare

#: What a worker sends, as its first and last message, if it cannot be prepared: this, and why.
PREPARATION_FAILED = b"!"
_TEXT_CHARS = 8_000


def main(descriptor: int) -> int:
    """Prepare, work, and return the exit code."""
    # It must not reach the programs that the worker starts: while one has it, it is not closed.
    os.set_inheritable(descriptor, False)
    channel = Channel(socket.socket(fileno=descriptor))
    message = channel.receive()
    if message is None:
        return 0
    try:
        worker = prepare(msgspec.json.decode(message, type=WorkerSetup))
    except BaseException:  # noqa: BLE001 - whoever started this is told, whatever it is
        channel.send(PREPARATION_FAILED + traceback.format_exc()[-_TEXT_CHARS:].encode())
        return 1
    try:
        worker(channel)
    finally:
        end_of_process()
    return 0


if __name__ == "__main__":
    os._exit(main(int(sys.argv[1])))
