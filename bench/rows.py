"""The table of the bench: what is measured, in which unit it is shown, and what we want to reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

#: (our median, upstream's median or None) → whether the goal is met.
Goal = Callable[[float, float | None], bool]


@dataclass(frozen=True)
class Run:
    """One program to run: a scenario file with its arguments, or the `dagster` command with its own."""

    scenario: str | None
    arguments: tuple[str, ...] = ()
    upstream: bool = True


@dataclass(frozen=True)
class Row:
    """One line of the result: a measure of a run."""

    title: str
    run: Run
    measure: str
    unit: str
    scale: float
    goal_text: str
    goal: Goal | None


def at_most(limit: float) -> Goal:
    """The goal is an absolute number, in the measure's own unit."""
    return lambda ours, _: ours <= limit


def faster(times: float, limit: float | None = None) -> Goal:
    """The goal is a ratio to upstream, and if given a number as well."""

    def met(ours: float, theirs: float | None) -> bool:
        within = limit is None or ours <= limit
        return within and (theirs is None or theirs / ours >= times)

    return met


def _scenario(name: str, *arguments: object, upstream: bool = True) -> Run:
    return Run(name, tuple(str(argument) for argument in arguments), upstream)


def _planning(shape: str, steps: int, limit: float | None = None) -> Row:
    # Upstream is quadratic in a chain: beyond 4,000 steps it would take minutes.
    upstream = shape == "independent" or steps <= 4_000
    recursion = "raised" if shape == "chain" and upstream else "default"
    what = f"a chain of {steps:,}" if shape == "chain" else f"{steps:,} independent ops"
    return Row(
        f"define and plan {what}",
        _scenario("planning", shape, steps, recursion, upstream=upstream),
        "seconds",
        "s",
        1,
        f"≤ {limit} s" if limit else "linear",
        at_most(limit) if limit else None,
    )


_ROOT = _scenario("importing", "root")
_CHAIN = _scenario("chain", 1_000, "quiet")
_LARGE = _scenario("large_value")
_BASELINE = _scenario("baseline", upstream=False)
_ISOLATED = _scenario("multiprocess", "isolated")
_REUSED = _scenario("multiprocess", "reused", upstream=False)
_PERSISTENT = _scenario("persistent_chain", 1_000)
# Upstream takes some 20 ms for an event or a run: side by side there are few of them, many are ours alone.
_EVENT_LOG = _scenario("event_log", 2_000)
_LONG_LOG = _scenario("event_log", 10_000, upstream=False)
_RUNS = _scenario("run_storage", 3_000)
_MANY_RUNS = _scenario("run_storage", 100_000, upstream=False)
_VERY_MANY_RUNS = _scenario("run_storage", 1_000_000, "together", upstream=False)
# Upstream takes minutes over the first, and has its storage on PostgreSQL in a package that is not there.
_MANY_WRITERS = _scenario("many_writers", 25, upstream=False)
_CONNECTIONS = _scenario("server_connections", 50, 20, upstream=False)


def _page(title: str, run: Run, measure: str, limit: int = 3) -> Row:
    return Row(title, run, measure, "ms", 1e3, f"≤ {limit} ms", at_most(limit * 1e-3))


ROWS: tuple[Row, ...] = (
    Row("`import dagster`", _ROOT, "seconds", "ms", 1e3, "≤ 60 ms, 6× faster", faster(6, 0.060)),
    Row("… modules that it loads", _ROOT, "modules", "", 1, "", None),
    Row("… memory of the process", _ROOT, "megabytes", "MB", 1, "", None),
    Row(
        "`from dagster import job, op`",
        _scenario("importing", "names"),
        "seconds",
        "ms",
        1e3,
        "≤ 120 ms",
        at_most(0.120),
    ),
    Row("`dagster --help`", Run(None, ("--help",)), "seconds", "s", 1, "≤ 0.15 s", at_most(0.15)),
    Row(
        "`dagster job execute -f`, one op",
        Run(None, ("job", "execute", "-f", "bench/scenarios/one_op.py")),
        "seconds",
        "s",
        1,
        "≤ 0.5 s",
        at_most(0.5),
    ),
    Row(
        "chain of 1,000 trivial ops, a step",
        _CHAIN,
        "seconds per step",
        "ms",
        1e3,
        "≤ 0.03 ms, 150× faster",
        faster(150, 0.03e-3),
    ),
    Row("… peak memory", _CHAIN, "megabytes", "MB", 1, "≤ 60 MB", at_most(60)),
    Row(
        "the same with the console log on",
        _scenario("chain", 1_000, "console"),
        "seconds per step",
        "ms",
        1e3,
        "",
        None,
    ),
    Row(
        "the same on a persistent SQLite instance",
        _PERSISTENT,
        "seconds per step",
        "ms",
        1e3,
        "≤ 0.18 ms, 100× faster",
        faster(100, 0.18e-3),
    ),
    Row("… peak memory", _PERSISTENT, "megabytes", "MB", 1, "", None),
    Row(
        "re-execute a run of 1,000 steps from failure: until the failed step starts",
        _scenario("reexecute"),
        "seconds",
        "s",
        1,
        "≤ 0.1 s",
        at_most(0.1),
    ),
    Row(
        "fan-out 1 → 1,000 → 1, a step",
        _scenario("fan_out", 1_000),
        "seconds per step",
        "ms",
        1e3,
        "≤ 0.05 ms",
        at_most(0.05e-3),
    ),
    Row(
        "dynamic, 1,000 mapped, a step",
        _scenario("dynamic", 1_000),
        "seconds per step",
        "ms",
        1e3,
        "≤ 0.05 ms",
        at_most(0.05e-3),
    ),
    Row(
        "processes: 100 independent ops, 2 at a time, each in its own, a step",
        _ISOLATED,
        "seconds per step",
        "ms",
        1e3,
        "≤ 20 ms, 50× faster",
        faster(50, 0.020),
    ),
    Row(
        "… without starting and ending the run",
        _ISOLATED,
        "seconds per warm step",
        "ms",
        1e3,
        "",
        None,
    ),
    Row(
        "1,000 ops in 2 reused processes, a step",
        _REUSED,
        "seconds per warm step",
        "ms",
        1e3,
        "≤ 1.5 ms",
        at_most(1.5e-3),
    ),
    Row(
        "… against `ProcessPoolExecutor(2)`",
        _REUSED,
        "times the pool",
        "×",
        1,
        "≤ 3×",
        at_most(3),
    ),
    Row(
        "threads: 100 ops that sleep 50 ms, 50 at a time",
        _scenario("threads", 100, 50, upstream=False),
        "seconds",
        "s",
        1,
        "≤ 0.15 s",
        at_most(0.15),
    ),
    Row(
        "… as coroutines",
        _scenario("threads", 100, 50, "coroutines", upstream=False),
        "seconds",
        "s",
        1,
        "≤ 0.15 s",
        at_most(0.15),
    ),
    _planning("chain", 1_000),
    _planning("chain", 4_000),
    _planning("chain", 10_000, 0.25),
    _planning("chain", 100_000, 3),
    _planning("independent", 10_000, 0.25),
    Row("100 MB through the filesystem I/O manager", _LARGE, "seconds", "s", 1, "", None),
    Row(
        "… against raw pickle",
        _LARGE,
        "times raw pickle",
        "×",
        1,
        "≤ 1.1×",
        at_most(1.1),
    ),
    Row(
        "store events one at a time, an event",
        _EVENT_LOG,
        "seconds per event",
        "µs",
        1e6,
        "≤ 125 µs (8,000 a second)",
        at_most(1 / 8_000),
    ),
    Row(
        "… in batches of 100, an event",
        _EVENT_LOG,
        "seconds per event in batches",
        "µs",
        1e6,
        "≤ 33 µs (30,000 a second)",
        at_most(1 / 30_000),
    ),
    Row(
        "read a run's 10,000 events",
        _LONG_LOG,
        "seconds to read",
        "s",
        1,
        "≤ 0.06 s",
        at_most(0.06),
    ),
    Row(
        "add 3,000 runs with three tags, a run",
        _RUNS,
        "seconds per run",
        "µs",
        1e6,
        "≤ 200 µs (5,000 a second)",
        at_most(1 / 5_000),
    ),
    _page("newest 25 of 3,000 runs", _RUNS, "seconds per page"),
    _page("… by tag", _RUNS, "seconds per page by tag"),
    _page("… by status", _RUNS, "seconds per page by status"),
    _page("newest 25 of 100,000 runs", _MANY_RUNS, "seconds per page"),
    _page("… by tag", _MANY_RUNS, "seconds per page by tag"),
    _page("… by status", _MANY_RUNS, "seconds per page by status"),
    _page("newest 25 of 1,000,000 runs", _VERY_MANY_RUNS, "seconds per page", 5),
    _page("… by tag", _VERY_MANY_RUNS, "seconds per page by tag", 5),
    _page("… by status", _VERY_MANY_RUNS, "seconds per page by status", 5),
    Row(
        "a materialization without a run",
        _scenario("runless", 500),
        "seconds per event",
        "µs",
        1e6,
        "≤ 200 µs (5,000 a second)",
        at_most(1 / 5_000),
    ),
    Row(
        "32 processes write one SQLite instance: writers that failed",
        _MANY_WRITERS,
        "writers that failed",
        "",
        1,
        "none",
        at_most(0),
    ),
    Row("… events lost", _MANY_WRITERS, "events lost", "", 1, "none", at_most(0)),
    Row("… an event", _MANY_WRITERS, "seconds per event", "µs", 1e6, "", None),
    Row(
        "50 runs at once in a process on PostgreSQL: connections",
        _CONNECTIONS,
        "connections",
        "",
        1,
        "≤ 2",
        at_most(2),
    ),
    Row("… an event", _CONNECTIONS, "seconds per event", "µs", 1e6, "", None),
    Row("floor: a plain Python call", _BASELINE, "seconds per call", "µs", 1e6, "", None),
    Row("floor: seven event structs, a step", _BASELINE, "seconds per step", "µs", 1e6, "", None),
)
