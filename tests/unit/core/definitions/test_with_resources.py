from __future__ import annotations

import pytest

from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.resource.decorator import resource
from dagster._core.definitions.with_resources import with_resources
from dagster._core.errors import (
    DagsterInvalidConfigError,
    DagsterInvalidDefinitionError,
    DagsterInvalidInvocationError,
)


@resource(config_schema={"url": str})
def db(context):
    return context.resource_config["url"]


@op(required_resource_keys={"db"})
def ask(context):
    return context.resources.db


@job
def ask_job():
    ask()


@job(resource_defs={"db": "own"})
def own_job():
    ask()


def test_jobs_get_what_they_lack():
    bound, own = with_resources([ask_job, own_job], {"db": "shared"})
    assert bound.execute_in_process().output_for_node("ask") == "shared"
    assert own.execute_in_process().output_for_node("ask") == "own"


def test_config_is_given_with_them():
    (bound,) = with_resources([ask_job], {"db": db}, {"db": {"config": {"url": "u"}}})
    assert bound.execute_in_process().output_for_node("ask") == "u"


def test_what_needs_no_resources_stays():
    thing = object()
    assert with_resources([thing], {}) == [thing]


def test_what_still_lacks_one_is_refused():
    with pytest.raises(DagsterInvalidDefinitionError, match=r'resource with key "db"'):
        with_resources([ask_job], {"other": 1})


def test_config_is_checked():
    with pytest.raises(DagsterInvalidInvocationError, match=r'unknown resource key "bd". Known: "db"'):
        with_resources([ask_job], {"db": db}, {"bd": {"config": {}}})
    with pytest.raises(
        DagsterInvalidInvocationError, match=r"of the form {'config': ...}, but received {'url'"
    ):
        with_resources([ask_job], {"db": db}, {"db": {"url": "u"}})
    with pytest.raises(DagsterInvalidConfigError, match=r"ulr"):
        with_resources([ask_job], {"db": db}, {"db": {"config": {"ulr": "u"}}})
