"""Random jobs for properties. Apart from what they are: processes that run them need no hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.unit.core.plan.random_jobs import InputSpec, JobSpec, NodeSpec, OutputSpec, Ref


@st.composite
def job_specs(draw: st.DrawFn, *, dynamic: bool = True, max_nodes: int = 8) -> JobSpec:
    """Jobs with optional and dynamic outputs, fan-in, mapped chains, collects and priorities."""
    job = JobSpec([], draw(st.integers(0, 10_000)))
    refs: list[Ref] = []
    for number in range(draw(st.integers(1, max_nodes))):
        inputs: list[InputSpec] = []
        scope: Ref | None = None
        has_collect = False
        for _ in range(draw(st.integers(0, 3)) if refs else 0):
            kind = draw(st.sampled_from(["collect", "direct", "direct", "fan_in"]))
            if kind == "collect":
                fit = [r for r in refs if job.scope_of(r) is not None] if scope is None else []
                if not fit:
                    continue
                has_collect = True
                inputs.append(InputSpec(kind, (draw(st.sampled_from(fit)),)))
                continue
            count = 1 if kind == "direct" else draw(st.integers(1, 3))
            chosen: list[Ref] = []
            for _ in range(count):
                fit = [
                    r
                    for r in refs
                    if job.scope_of(r) is None
                    # A list of dependencies takes no dynamic output itself.
                    or (
                        (kind == "direct" or job.scope_of(r) != r)
                        and (not has_collect and (scope is None or job.scope_of(r) == scope))
                    )
                ]
                if fit:
                    ref = draw(st.sampled_from(fit))
                    scope = scope or job.scope_of(ref)
                    chosen.append(ref)
            if chosen:
                inputs.append(InputSpec(kind, tuple(chosen)))
        outputs = tuple(
            OutputSpec(
                f"o{n}",
                draw(st.booleans()),
                dynamic and scope is None and draw(st.integers(0, 2)) == 0,
            )
            for n in range(draw(st.integers(1, 2)))
        )
        node = NodeSpec(
            f"n{number}", tuple(inputs), outputs, draw(st.sampled_from([0, 0, 0, 1, 2, -1])), scope
        )
        job.nodes.append(node)
        refs.extend((node.name, o.name) for o in outputs)
    return job
