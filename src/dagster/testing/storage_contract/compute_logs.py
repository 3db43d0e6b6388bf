"""The contract of compute log managers, as tests for any of them.

A third party tests a manager of its own like this, in a test module of its own::

    import pytest
    from dagster.testing.storage_contract import compute_logs

    @pytest.fixture
    def manager():
        return SplendidComputeLogManager(...)   # where no logs are yet

    @pytest.fixture
    def reader(manager):
        return SplendidComputeLogManager(...)   # on the same place, as another process has it

    class TestCapture(compute_logs.CaptureContract): ...
    class TestReading(compute_logs.ReadingContract): ...
    class TestKeys(compute_logs.LogKeyContract): ...
    class TestDeleting(compute_logs.DeletingContract): ...
    class TestFollowing(compute_logs.FollowingContract): ...

To see the values of a failed assertion, call
``pytest.register_assert_rewrite("dagster.testing.storage_contract")`` in ``conftest.py`` first.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from dagster._check import ParameterCheckError
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.storage.compute_log_manager import (
    MAX_LINES,
    CapturedLogData,
    ComputeIOType,
    ComputeLogManager,
)
from dagster.testing.storage_contract.texts import NASTY_TEXTS

STDOUT = ComputeIOType.STDOUT
STDERR = ComputeIOType.STDERR
KEY = ["run", "compute_logs", "step"]


def _raises(error: type[Exception], match: str) -> AbstractContextManager[Any]:
    import pytest

    return pytest.raises(error, match=match)


def _write(manager: ComputeLogManager, log_key: Sequence[str], text: str = "text\n") -> None:
    """Write a log without capturing anything."""
    with manager.open_log_stream(log_key, STDOUT) as file:
        assert file is not None
        file.write(text.encode())


def _stdout(manager: ComputeLogManager, log_key: Sequence[str]) -> bytes | None:
    return manager.get_log_data(log_key).stdout


class CaptureContract:
    """What is captured, and what is as it was when it ends."""

    def test_python_descriptors_and_children_are_captured(
        self, manager: ComputeLogManager, reader: ComputeLogManager
    ) -> None:
        with manager.capture_logs(KEY) as context:
            print("from print")  # noqa: T201
            print("from stderr", file=sys.stderr)  # noqa: T201
            sys.stdout.flush()
            os.write(1, b"from a descriptor\n")
            code = "import os; os.write(1, b'from a child\\n'); os.write(2, b'its errors\\n')"
            subprocess.run([sys.executable, "-c", code], check=True)
        assert list(context.log_key) == KEY
        data = reader.get_log_data(KEY)
        assert data.stdout == b"from print\nfrom a descriptor\nfrom a child\n"
        assert data.stderr == b"from stderr\nits errors\n"

    def test_it_is_complete_at_its_end_only(
        self, manager: ComputeLogManager, reader: ComputeLogManager
    ) -> None:
        assert not manager.is_capture_complete(KEY)
        with manager.capture_logs(KEY):
            os.write(1, b"x")
            assert not manager.is_capture_complete(KEY)
            assert not reader.is_capture_complete(KEY)
        assert manager.is_capture_complete(KEY)
        assert reader.is_capture_complete(KEY)
        assert not manager.is_capture_complete([*KEY, "other"])

    def test_it_can_be_read_before_its_end(self, manager: ComputeLogManager) -> None:
        with manager.capture_logs(KEY):
            os.write(1, b"one\n")
            first = manager.get_log_data(KEY)
            os.write(1, b"two\n")
            second = manager.get_log_data(KEY, first.cursor)
        assert (first.stdout, second.stdout) == (b"one\n", b"two\n")

    def test_errors_leave_everything_as_it_was(
        self, manager: ComputeLogManager, reader: ComputeLogManager
    ) -> None:
        before = [os.fstat(number) for number in (1, 2)]
        streams = sys.stdout, sys.stderr
        with _raises(ValueError, "mine"), manager.capture_logs(KEY):
            os.write(2, b"last words\n")
            raise ValueError("mine")
        assert [os.fstat(number)[:3] for number in (1, 2)] == [found[:3] for found in before]
        assert (sys.stdout, sys.stderr) == streams
        assert reader.is_capture_complete(KEY)
        assert reader.get_log_data(KEY).stderr == b"last words\n"

    def test_the_outer_of_two_gets_what_the_inner_gets(
        self, manager: ComputeLogManager, reader: ComputeLogManager
    ) -> None:
        with manager.capture_logs(["outer"]):
            print("before")  # noqa: T201
            with manager.capture_logs(["inner"]):
                print("in print")  # noqa: T201
                sys.stdout.flush()
                os.write(1, b"in write\n")
            print("after")  # noqa: T201
        assert _stdout(reader, ["inner"]) == b"in print\nin write\n"
        assert _stdout(reader, ["outer"]) == b"before\nin print\nin write\nafter\n"

    def test_they_may_end_in_any_order(
        self, manager: ComputeLogManager, reader: ComputeLogManager
    ) -> None:
        before = os.fstat(1)[:3]
        first, second = manager.capture_logs(["first"]), manager.capture_logs(["second"])
        first.__enter__()
        os.write(1, b"1")
        second.__enter__()
        os.write(1, b"2")
        first.__exit__(None, None, None)
        os.write(1, b"3")
        second.__exit__(None, None, None)
        assert os.fstat(1)[:3] == before
        assert _stdout(reader, ["first"]) == b"12"
        assert _stdout(reader, ["second"]) == b"23"

    def test_a_log_is_continued(self, manager: ComputeLogManager, reader: ComputeLogManager) -> None:
        for text in (b"one\n", b"two\n"):
            with manager.capture_logs(KEY):
                os.write(1, text)
        assert _stdout(reader, KEY) == b"one\ntwo\n"

    def test_a_stream_is_written_without_a_capture(
        self, manager: ComputeLogManager, reader: ComputeLogManager
    ) -> None:
        for text in (b"one\n", b"two\n"):
            with manager.open_log_stream(KEY, STDERR) as file:
                assert file is not None
                file.write(text)
                os.write(1, b"not captured\n")
        data = reader.get_log_data(KEY)
        assert data.stderr == b"one\ntwo\n"
        assert not data.stdout


class ReadingContract:
    """Pieces, cursors and lines."""

    def test_what_is_not_there_is_none(self, manager: ComputeLogManager) -> None:
        data = manager.get_log_data(KEY)
        assert (data.stdout, data.stderr, data.cursor) == (None, None, "0:0")
        assert manager.get_log_data_for_type(KEY, STDOUT, 7, 10) == (None, 7)

    def test_pieces_make_the_whole(self, manager: ComputeLogManager) -> None:
        text = "".join(f"zeile {number} ü€😀\n" for number in range(100))
        _write(manager, KEY, text)
        pieces: list[bytes] = []
        cursor = None
        while piece := (data := manager.get_log_data(KEY, cursor, 7)).stdout:
            assert len(piece) <= 7
            pieces.append(piece)
            cursor = data.cursor
        assert "".join(piece.decode() for piece in pieces) == text
        assert cursor is not None
        assert manager.parse_cursor(cursor) == (len(text.encode()), 0)

    def test_offsets_count_bytes(self, manager: ComputeLogManager) -> None:
        _write(manager, KEY, "0123456789")
        read = manager.get_log_data_for_type
        assert read(KEY, STDOUT, 0, None) == (b"0123456789", 10)
        assert read(KEY, STDOUT, 3, 4) == (b"3456", 7)
        assert read(KEY, STDOUT, 8, 100) == (b"89", 10)
        assert read(KEY, STDOUT, 10, None) == (b"", 10)
        assert read(KEY, STDOUT, 10, 5) == (b"", 10)
        assert read(KEY, STDOUT, 99, 5) == (b"", 99)
        assert read(KEY, STDOUT, 0, 0) == (b"", 0)

    def test_what_is_no_cursor_is_refused(self, manager: ComputeLogManager) -> None:
        for cursor in ("x", "1", "1:", ":1", "-1:0", "1:2:3"):
            with _raises(DagsterInvariantViolationError, "two offsets"):
                manager.get_log_data(KEY, cursor)

    def test_places_are_told(self, manager: ComputeLogManager) -> None:
        _write(manager, KEY)
        found = manager.get_log_metadata(KEY)
        assert found.stdout_location
        assert found.stderr_location
        assert found.stdout_location != found.stderr_location

    def test_lines_of_several_logs_come_in_order(self, manager: ComputeLogManager) -> None:
        for tick in ("10", "9", "x"):
            _write(manager, ["ticks", tick], f"{tick} a\n{tick} ü\n")
        _write(manager, ["other", "1"], "other\n")
        lines, cursor = manager.read_log_lines_for_log_key_prefix(["ticks"], None, STDOUT)
        assert lines == ["9 a", "9 ü", "10 a", "10 ü", "x a", "x ü"]
        assert cursor is not None
        assert not cursor.has_more_now
        with manager.open_log_stream(["ticks", "x"], STDOUT) as file:
            assert file is not None
            file.write(b"later\nhalf a li")
        lines, cursor = manager.read_log_lines_for_log_key_prefix(["ticks"], str(cursor), STDOUT)
        assert lines == ["later"]
        _write(manager, ["ticks", "x"], "ne\n")
        lines, _ = manager.read_log_lines_for_log_key_prefix(["ticks"], str(cursor), STDOUT)
        assert lines == ["half a line"]

    def test_lines_come_in_pages(self, manager: ComputeLogManager) -> None:
        wanted = [str(number) for number in range(2 * MAX_LINES + 1)]
        _write(manager, ["p", "1"], "".join(f"{line}\n" for line in wanted[: MAX_LINES + 1]))
        _write(manager, ["p", "2"], "".join(f"{line}\n" for line in wanted[MAX_LINES + 1 :]))
        found: list[str] = []
        cursor: str | None = None
        sizes: list[int] = []
        more = True
        while more:
            lines, place = manager.read_log_lines_for_log_key_prefix(["p"], cursor, STDOUT)
            assert place is not None
            found += lines
            sizes.append(len(lines))
            cursor, more = str(place), place.has_more_now
        assert found == wanted
        assert sizes == [MAX_LINES, MAX_LINES, 1]

    def test_a_last_line_without_an_end_is_read_when_it_is_over(
        self, manager: ComputeLogManager
    ) -> None:
        with manager.capture_logs(["p", "1"]):
            os.write(1, b"a\nb")
            lines, cursor = manager.read_log_lines_for_log_key_prefix(["p"], None, STDOUT)
            assert lines == ["a"]
        lines, _ = manager.read_log_lines_for_log_key_prefix(["p"], str(cursor), STDOUT)
        assert lines == ["b"]

    def test_no_log_has_no_lines(self, manager: ComputeLogManager) -> None:
        assert manager.read_log_lines_for_log_key_prefix(["p"], None, STDOUT) == ([], None)
        with _raises(DagsterInvariantViolationError, "given with log lines"):
            manager.read_log_lines_for_log_key_prefix(["p"], "nonsense", STDOUT)


class LogKeyContract:
    """Any sequence of texts is a key of its own."""

    def test_every_text_is_a_key_of_its_own(
        self, manager: ComputeLogManager, reader: ComputeLogManager
    ) -> None:
        keys = [
            key
            for index, text in enumerate(NASTY_TEXTS)
            for key in (["last", text], ["first", text, str(index % 3)])
        ]
        for index, key in enumerate(keys):
            _write(manager, key, str(index))
        for index, key in enumerate(keys):
            assert _stdout(reader, key) == str(index).encode(), key
        listed = reader.get_log_keys_for_log_key_prefix
        assert sorted([*listed(["last"], STDOUT), *listed(["first"], STDOUT)]) == sorted(keys)

    def test_parts_stay_parts(self, manager: ComputeLogManager) -> None:
        keys = [
            ["a"], ["a", "b"], ["a/b"], ["a", "out"], ["a.out"], ["a.out", "b"], ["a", "b.out"], ["a.err"],
            ["a.out.out"], ["a.complete", "c"], ["a%2Eout", "b"], [""], ["", ""], [".."], ["..", ".."],
        ]  # fmt: skip
        for index, key in enumerate(keys):
            with manager.capture_logs(key):
                os.write(1, str(index).encode())
        for index, key in enumerate(keys):
            assert _stdout(manager, key) == str(index).encode(), key
        assert sorted(manager.get_log_keys_for_log_key_prefix([], STDOUT)) == sorted(keys)

    def test_keys_may_have_many_parts(self, manager: ComputeLogManager) -> None:
        many = [f"part {number}" for number in range(1_000)]
        keys = [many, [*many, "more"], [*many[:-1], "other"]]
        for index, key in enumerate(keys):
            _write(manager, key, str(index))
        for index, key in enumerate(keys):
            assert _stdout(manager, key) == str(index).encode()
        for prefix in (many[:1], many[:500], many[:-1]):
            assert sorted(manager.get_log_keys_for_log_key_prefix(prefix, STDOUT)) == sorted(keys)
        assert sorted(manager.get_log_keys_for_log_key_prefix(many, STDOUT)) == sorted(keys[:2])

    def test_keys_are_found_by_what_they_have_kept(self, manager: ComputeLogManager) -> None:
        for key, io_type in ((["r", "1"], STDOUT), (["r", "2"], STDERR), (["r2", "1"], STDOUT)):
            with manager.open_log_stream(key, io_type) as file:
                assert file is not None
                file.write(b"x")
        listed = manager.get_log_keys_for_log_key_prefix
        assert listed(["r"], STDOUT) == [["r", "1"]]
        assert listed(["r"], STDERR) == [["r", "2"]]
        assert listed([], STDOUT) == [["r", "1"], ["r2", "1"]]
        assert listed(["r", "1"], STDOUT) == [["r", "1"]]
        assert listed(["r", ""], STDOUT) == []

    def test_no_key_is_refused(self, manager: ComputeLogManager) -> None:
        with _raises(ParameterCheckError, "at least one part"), manager.capture_logs([]):
            pass
        with _raises(ParameterCheckError, "at least one part"):
            manager.get_log_data([])
        with _raises(ParameterCheckError, "log_key"):
            manager.get_log_data(["a", 1])  # type: ignore[list-item]

    def test_keys_of_runs(self, manager: ComputeLogManager) -> None:
        assert list(manager.build_log_key_for_run("run", "step")) == ["run", "compute_logs", "step"]


class DeletingContract:
    """By key, and by prefix."""

    def test_by_key(self, manager: ComputeLogManager, reader: ComputeLogManager) -> None:
        for key in (["a"], ["a", "b"]):
            with manager.capture_logs(key):
                os.write(1, b"x")
        manager.delete_logs(log_key=["a"])
        assert _stdout(reader, ["a"]) is None
        assert not reader.is_capture_complete(["a"])
        assert _stdout(reader, ["a", "b"]) == b"x"
        manager.delete_logs(log_key=["a"])
        manager.delete_logs(log_key=["never", "there"])

    def test_by_prefix(self, manager: ComputeLogManager, reader: ComputeLogManager) -> None:
        long = "x" * 10_000
        gone = [["a"], ["a", "b"], ["a", "b", "c"], ["a", long], ["a", long, "c"], ["a", "b.out", "c"]]
        kept = [["ab"], ["ab", "a"], ["a/"], ["", "a"], ["A", "b"]]
        for key in (*gone, *kept):
            _write(manager, key)
        manager.delete_logs(prefix=["a"])
        assert sorted(reader.get_log_keys_for_log_key_prefix([], STDOUT)) == sorted(kept)
        assert all(_stdout(reader, key) is None for key in gone)
        assert all(_stdout(reader, key) == b"text\n" for key in kept)

    def test_of_runs(self, manager: ComputeLogManager, reader: ComputeLogManager) -> None:
        """Whatever a run is called, its logs go and those of others stay."""
        runs = ["a", *NASTY_TEXTS, "x" * 10_000, "never-there"]
        kept = ["b", "a/compute_logs", "a.out", "", "x" * 9_999]
        for run_id in dict.fromkeys([*runs[:-1], *kept]):
            _write(manager, manager.build_log_key_for_run(run_id, "step"))
            _write(manager, manager.build_log_key_for_run(run_id, "y" * 300))
        others = [["a", "compute_logs"], ["a", "files", "step"], ["a"]]
        for key in others:
            _write(manager, key)
        manager.delete_logs_of_runs([run_id for run_id in runs if run_id not in kept])
        for run_id in runs:
            if run_id not in kept:
                assert _stdout(reader, reader.build_log_key_for_run(run_id, "step")) is None, run_id
                assert _stdout(reader, reader.build_log_key_for_run(run_id, "y" * 300)) is None, run_id
        for run_id in kept:
            assert _stdout(reader, reader.build_log_key_for_run(run_id, "step")) == b"text\n", run_id
        assert [_stdout(reader, key) for key in others[1:]] == [b"text\n"] * 2
        manager.delete_logs_of_runs([])

    def test_nothing_in_particular_is_refused(self, manager: ComputeLogManager) -> None:
        _write(manager, KEY)
        with _raises(ParameterCheckError, "either a log_key or a prefix"):
            manager.delete_logs()
        with _raises(ParameterCheckError, "either a log_key or a prefix"):
            manager.delete_logs(log_key=KEY, prefix=KEY)
        with _raises(ParameterCheckError, "It would delete every log"):
            manager.delete_logs(prefix=[])
        assert _stdout(manager, KEY) == b"text\n"


class FollowingContract:
    """Subscriptions."""

    def test_pieces_are_given_as_they_come(self, manager: ComputeLogManager) -> None:
        seen: list[CapturedLogData] = []
        with manager.capture_logs(KEY):
            os.write(1, b"one\n")
            subscription = manager.subscribe(KEY)
            subscription(seen.append)
            assert [piece.stdout for piece in seen] == [b"one\n"]
            subscription.fetch()
            assert len(seen) == 1
            os.write(2, b"two\n")
            subscription.fetch()
        assert seen[1].stderr == b"two\n"
        assert not seen[1].stdout
        assert seen[1].cursor == subscription.cursor == "4:4"
        subscription.dispose()
        manager.dispose()

    def test_it_starts_where_it_is_told(self, manager: ComputeLogManager) -> None:
        _write(manager, KEY, "0123")
        seen: list[CapturedLogData] = []
        subscription = manager.subscribe(KEY, "2:0")(seen.append)
        assert b"".join(piece.stdout or b"" for piece in seen) == b"23"
        manager.unsubscribe(subscription)
        manager.dispose()
