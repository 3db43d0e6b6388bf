"""A pipeline for the programs of these tests."""

from __future__ import annotations

import pytest

from dagster import InputDefinition, Int, PipelineDefinition, pipeline, solid


@pytest.fixture
def chain() -> PipelineDefinition:
    @solid
    def one(_context):
        return 1

    @solid(input_defs=[InputDefinition("value", Int)])
    def two(_context, value):
        return value + 1

    @solid(input_defs=[InputDefinition("value", Int)])
    def three(_context, value):
        return value + 1

    @pipeline(tags={"who": "pipeline", "kept": "yes"})
    def counting():
        three(two(one()))

    return counting
