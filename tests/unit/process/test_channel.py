"""Messages over a socket."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster._process.channel import Channel, ChannelClosed, channel_pair, wait_readable

Pair = tuple[Channel, Channel]


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = channel_pair()
    other = Channel(theirs)
    yield ours, other
    ours.close()
    other.close()


def test_messages_come_whole_and_in_order(pair: Pair) -> None:
    ours, theirs = pair
    for message in (b"one", b"", b"two\n\0", b"\xff" * 1000):
        ours.send(message)
    assert [theirs.receive() for _ in range(4)] == [b"one", b"", b"two\n\0", b"\xff" * 1000]
    theirs.send(b"back")
    assert ours.receive() == b"back"


def test_messages_larger_than_any_buffer(pair: Pair) -> None:
    ours, theirs = pair
    big = os.urandom(1 << 20) * 8
    sender = threading.Thread(target=lambda: [ours.send(m) for m in (big, b"after", big)])
    sender.start()
    assert theirs.receive() == big
    assert theirs.receive() == b"after"
    assert theirs.receive() == big
    sender.join()


@given(st.lists(st.binary(max_size=40), max_size=8), st.lists(st.integers(1, 30), max_size=60))
def test_however_the_bytes_are_cut(messages: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(len(m).to_bytes(4, "big") + m for m in messages)
    ours, theirs = socket.socketpair()
    channel = Channel(ours)
    received: list[bytes] = []
    with theirs:
        while stream:
            size = cuts.pop() if cuts else len(stream)
            theirs.sendall(stream[:size])
            stream = stream[size:]
            received += channel.read_available()
            assert channel.is_open
    received += channel.read_available()
    assert received == messages
    assert not channel.is_open
    channel.close()


def test_what_was_sent_before_the_end_is_received(pair: Pair) -> None:
    ours, theirs = pair
    ours.send(b"last words")
    ours.close()
    assert theirs.receive() == b"last words"
    assert theirs.is_open
    assert theirs.receive() is None
    assert not theirs.is_open
    assert theirs.receive() is None


def test_half_a_message_is_none() -> None:
    ours, theirs = socket.socketpair()
    channel = Channel(ours)
    with theirs:
        theirs.sendall(b"\0\0\0\x09half")
    assert channel.receive() is None
    assert list(channel.read_available()) == []
    channel.close()


def test_sending_to_nobody(pair: Pair) -> None:
    ours, theirs = pair
    theirs.close()
    with pytest.raises(ChannelClosed):
        ours.send(b"x")
    with pytest.raises(ChannelClosed):
        ours.send(b"x")


def test_sending_over_a_descriptor_that_was_closed_by_others(pair: Pair) -> None:
    ours, _ = pair
    descriptor = ours.fileno()
    copy = os.dup(descriptor)
    os.close(descriptor)
    try:
        with pytest.raises(ChannelClosed, match="Bad file descriptor"):
            ours.send(b"x")
        # The number is given to the next file that is opened, which must get none of it.
        assert os.open(os.devnull, os.O_RDWR) == descriptor
        with pytest.raises(ChannelClosed, match="non-socket"):
            ours.send(b"x")
    finally:
        os.dup2(copy, descriptor)
        os.close(copy)


def test_a_connection_that_is_reset() -> None:
    # With something unread at the other end, its end is a reset.
    ours, theirs = channel_pair()
    ours.send(b"unread")
    theirs.close()
    assert list(ours.read_available()) == []
    assert not ours.is_open
    ours.close()


def test_read_available_takes_all_that_is_there(pair: Pair) -> None:
    ours, theirs = pair
    for number in range(100):
        ours.send(b"%d" % number)
    assert list(theirs.read_available()) == [b"%d" % number for number in range(100)]


def test_messages_that_were_read_and_not_taken_are_not_lost(pair: Pair) -> None:
    ours, theirs = pair
    ours.send(b"one")
    ours.send(b"two")
    for message in theirs.read_available():
        assert message == b"one"
        break
    # Nothing more comes over the connection, and still there is something to read.
    assert wait_readable([ours, theirs], None) == [theirs]
    assert list(theirs.read_available()) == [b"two"]
    assert wait_readable([theirs], 0) == []
    ours.send(b"three")
    ours.send(b"four")
    next(theirs.read_available())
    assert theirs.receive() == b"four"


def test_waiting(pair: Pair) -> None:
    ours, theirs = pair
    assert wait_readable([theirs, ours], 0) == []
    assert wait_readable([theirs], 0.001) == []
    ours.send(b"x")
    assert wait_readable([ours, theirs], None) == [theirs]
    ours.close()
    assert theirs.receive() == b"x"
    assert wait_readable([theirs], None) == [theirs]
    assert wait_readable([], 0) == []


@pytest.mark.parametrize("seconds", [86400 * 25.0, 1e300, float("inf")])
def test_waiting_for_longer_than_the_system_can(pair: Pair, seconds: float) -> None:
    ours, theirs = pair
    ours.send(b"x")
    assert wait_readable([theirs], seconds) == [theirs]


def test_waiting_for_more_descriptors_than_select_knows() -> None:
    pairs = [channel_pair() for _ in range(600)]
    assert max(channel.fileno() for channel, _ in pairs) > 1024
    pairs[-1][1].sendall(b"\0\0\0\x01x")
    assert wait_readable([channel for channel, _ in pairs], None) == [pairs[-1][0]]
    for channel, other in pairs:
        channel.close()
        other.close()


def test_closing_twice(pair: Pair) -> None:
    ours, _ = pair
    ours.close()
    ours.close()
    assert not ours.is_open
