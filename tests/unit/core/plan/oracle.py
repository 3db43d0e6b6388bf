"""What a random job must come to: the documented rules, step by step, without any cleverness."""

from __future__ import annotations

from dataclasses import dataclass

from tests.unit.core.plan.random_jobs import InputSpec, JobSpec, NodeSpec, Ref

#: One value: step key, output, mapping key.
Value = tuple[str, str, str | None]

GOOD, BAD = {"success", "skip", "skipped"}, {"failure", "abandoned"}


@dataclass
class End:
    """How one step ends.

    Args:
        status: ``success``, ``failure``, ``skip`` (it ran and said so), ``skipped``, ``abandoned``.
        inputs: For each input, the values that it gets, if the step runs.
        after: The steps that must have ended first.
    """

    status: str
    inputs: list[list[Value]]
    after: set[str]


class Oracle:
    """The end of every step of a job.

    Args:
        job: The job.
        require_success: Whether steps need those before them to have succeeded.
    """

    def __init__(self, job: JobSpec, require_success: bool) -> None:
        self.job = job
        self.require_success = require_success
        #: By step key. Steps that run per key are here by key; those never made, as ``name[?]``.
        self.ends: dict[str, End] = {}
        for node in job.nodes:
            if node.scope is None:
                self.ends[node.name] = self._end(node, None)
                continue
            keys = self.keys(node.scope)
            if keys is None:
                dynamic = self.ends[node.scope[0]]
                self.ends[f"{node.name}[?]"] = End(
                    "abandoned" if dynamic.status in BAD else "skipped", [], set()
                )
                continue
            for key in keys:
                self.ends[f"{node.name}[{key}]"] = self._end(node, key)

    def keys(self, scope: Ref) -> list[str] | None:
        """The keys of a dynamic output; None if nothing runs per key."""
        name, output_name = scope
        if self.ends[name].status != "success":
            return None
        keys = [k for k in self.job.outcome(name, None).given.get(output_name, []) if k is not None]
        return keys if keys or self.job.node(name).output(output_name).is_required else None

    def _given(self, value: Value) -> bool:
        step_key, output_name, mapping_key = value
        end = self.ends.get(step_key)
        if end is None:
            return False
        if end.status != "success" and (self.require_success or end.status != "failure"):
            return False
        name, _, key = step_key.partition("[")
        outcome = self.job.outcome(name, key.removesuffix("]") or None)
        return mapping_key in outcome.given.get(output_name, [])

    def _value(self, ref: Ref, key: str | None) -> Value:
        name, output_name = ref
        node = self.job.node(name)
        if node.output(output_name).is_dynamic:
            return (name, output_name, key)
        return (f"{name}[{key}]" if node.scope is not None else name, output_name, None)

    def _wanted(self, spec: InputSpec, key: str | None) -> list[Value] | None:
        """All values an input would take; None if a fan-out that it collects never came to be."""
        if spec.kind != "collect":
            return [self._value(ref, key) for ref in spec.refs]
        scope = self.job.scope_of(spec.refs[0])
        assert scope is not None
        keys = self.keys(scope)
        return None if keys is None else [self._value(spec.refs[0], k) for k in keys]

    def _end(self, node: NodeSpec, key: str | None) -> End:
        wanted = [self._wanted(spec, key) for spec in node.inputs]
        after = {value[0] for values in wanted for value in values or ()}
        for spec in node.inputs:
            if spec.kind == "collect":
                scope = self.job.scope_of(spec.refs[0])
                assert scope is not None
                after.add(scope[0])
        bad = {step_key for step_key in after if self.ends[step_key].status in BAD}
        if bad and self.require_success:
            return End("abandoned", [], after)
        for values in wanted:
            for value in values or ():
                if value[0] in bad and not self._given(value):
                    return End("abandoned", [], after)
        for spec, values in zip(node.inputs, wanted, strict=True):
            if spec.kind == "collect" and values is None:
                scope = self.job.scope_of(spec.refs[0])
                assert scope is not None
                if self.ends[scope[0]].status in BAD:
                    return End("abandoned", [], after)
        inputs: list[list[Value]] = []
        for spec, values in zip(node.inputs, wanted, strict=True):
            there = [v for v in values or () if self._given(v)]
            empty_fan_out = spec.kind == "collect" and values == []
            if not there and not empty_fan_out:
                return End("skipped", [], after)
            inputs.append(there)
        return End(self.job.outcome(node.name, key).status, inputs, after)
