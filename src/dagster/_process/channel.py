"""Messages between a process and its workers: bytes with a length before them, over a socket."""

from __future__ import annotations

import select
import socket
import struct
from collections.abc import Iterable, Iterator

_LENGTH = struct.Struct("!I")
#: Below what makes the allocator ask the system for memory, and give it back, each time.
_CHUNK_BYTES = 64 * 1024
#: The system waits for some 24 days at most, in milliseconds.
_LONGEST_POLL = 2**31 - 1


class ChannelClosed(Exception):
    """The other end of the channel is gone."""


class Channel:
    """One end of a connection over which messages travel whole and in order.

    Args:
        sock: A connected stream socket. The channel owns it.
    """

    __slots__ = ("_buffer", "_socket", "is_open")

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._buffer = bytearray()
        #: Whether more can come from the other end.
        self.is_open = True

    def fileno(self) -> int:
        """Return the descriptor, for ``select``."""
        return self._socket.fileno()

    def send(self, *messages: bytes) -> None:
        """Send messages; wait if the other end is slow to read.

        Raises:
            ChannelClosed: If the other end is gone.
        """
        try:
            self._socket.sendall(b"".join([_LENGTH.pack(len(m)) + m for m in messages]))
        except OSError as exc:
            raise ChannelClosed(str(exc)) from exc

    def receive(self) -> bytes | None:
        """Wait for the next message and return it; None if the other end is gone."""
        while True:
            message = self._next()
            if message is not None:
                return message
            if not self._fill():
                return None

    @property
    def has_message(self) -> bool:
        """Whether a whole message has been read and not been taken."""
        buffer = self._buffer
        if len(buffer) < _LENGTH.size:
            return False
        return len(buffer) >= _LENGTH.size + _LENGTH.unpack_from(buffer)[0]

    def read_available(self) -> Iterator[bytes]:
        """Read once, which waits only if nothing is there, and yield each message that is whole.

        ``is_open`` is False when the other end is gone.
        """
        if not self.has_message:
            self._fill()
        while (message := self._next()) is not None:
            yield message

    def _fill(self) -> bool:
        try:
            data = self._socket.recv(_CHUNK_BYTES)
        except ConnectionError:
            data = b""
        if not data:
            self.is_open = False
            return False
        self._buffer += data
        return True

    def _next(self) -> bytes | None:
        buffer = self._buffer
        if len(buffer) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(buffer)
        end = _LENGTH.size + length
        if len(buffer) < end:
            return None
        message = bytes(buffer[_LENGTH.size : end])
        del buffer[:end]
        return message

    def close(self) -> None:
        """Close this end."""
        self.is_open = False
        self._socket.close()


def channel_pair() -> tuple[Channel, socket.socket]:
    """Return a channel and the socket of its other end, for another process."""
    ours, theirs = socket.socketpair()
    return Channel(ours), theirs


def wait_readable(channels: Iterable[Channel], seconds: float | None) -> list[Channel]:
    """Wait until there is something to read from a channel, or its other end is gone.

    Args:
        channels: The channels.
        seconds: How long; None for as long as it takes.

    Returns:
        Those of which this is so; none if time is up, or after more than three weeks.
    """
    channels = list(channels)
    # Whoever took only a part of what there was stopped in the middle of it.
    left = [channel for channel in channels if channel.has_message]
    if left:
        return left
    poll = select.poll()
    by_descriptor: dict[int, Channel] = {}
    for channel in channels:
        descriptor = channel.fileno()
        by_descriptor[descriptor] = channel
        poll.register(descriptor, select.POLLIN)
    # Rounded up: who waits for a time must not wake before it and ask again at once, a thousand times.
    milliseconds = None if seconds is None else int(min(max(0, seconds * 1000 + 0.999), _LONGEST_POLL))
    return [by_descriptor[descriptor] for descriptor, _ in poll.poll(milliseconds)]
