from __future__ import annotations

from dagster import DynamicOut, In, Nothing, Out, graph, job, op
from dagster._cli.graph_text import job_lines


@op
def one() -> int:
    return 1


@op
def use(x, y=3):
    return x


@op
def total(xs):
    return xs


@op(out=DynamicOut())
def split(): ...


@op(ins={"start": In(Nothing)}, out={"a": Out(is_required=False), "b": Out(str)})
def branch(): ...


def lines(job_def, **options) -> list[str]:
    return list(job_lines(job_def, **options))


def test_where_each_input_comes_from():
    @job
    def all_kinds():
        first = one()
        _a, b = branch(start=first)
        use.alias("second")(b)
        total([first, b])
        total.alias("gathered")(split().map(use).collect())

    text = lines(all_kinds)
    assert text[:2] == ["Job: all_kinds", ""]
    assert text[2:] == [
        "one",
        "  → result: Int",
        "branch",
        "  start: Nothing ← one",
        "  → a (optional), b: String",
        "second (op use)",
        "  x ← branch.b",
        "  y ← default 3",
        "  → result",
        "total",
        "  xs ← [one, branch.b]",
        "  → result",
        "split",
        "  → result (dynamic)",
        "use",
        "  x ← each of split",
        "  y ← default 3",
        "  → result",
        "gathered (op total)",
        "  xs ← all of use",
        "  → result",
    ]


def test_nested_graphs_are_indented_when_verbose():
    @graph
    def inner(x):
        """Inside."""
        return use(x)

    @graph
    def outer(x):
        return inner.alias("core")(x)

    @job
    def nested():
        outer(one())

    assert "    core (graph inner)" not in lines(nested)
    text = lines(nested, verbose=True)
    start = text.index("outer (graph)")
    assert text[start:] == [
        "outer (graph)",
        "  x ← one",
        "  → result",
        "  inside:",
        "    core (graph inner)",
        "      Inside.",
        "      x ← input x",
        "      → result",
        "      inside:",
        "        use",
        "          x ← input x",
        "          y ← default 3",
        "          → result",
    ]


def test_inputs_of_the_job():
    @graph
    def open_graph(n: int, m: int):
        use(n, m)

    text = lines(open_graph.to_job(input_values={"m": 4}))
    assert text[1:3] == ["  n: Int ← run config", "  m: Int ← a value of the job"]


def test_verbose_shows_config_and_resources():
    @op(config_schema={"times": int}, required_resource_keys={"db"})
    def greet(): ...

    @job(resource_defs={"db": object()})
    def greeting():
        """Greets.

        Loudly.
        """
        greet()

    assert lines(greeting, verbose=True) == [
        "Job: greeting",
        "  Greets.",
        "  Loudly.",
        "  resources: db, io_manager",
        "",
        "greet",
        "  config: { times: Int }",
        "  resources: db",
        "  → result",
    ]
