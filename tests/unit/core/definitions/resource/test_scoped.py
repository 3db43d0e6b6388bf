from __future__ import annotations

import copy
import pickle

import pytest

from dagster._core.definitions.resource.scoped import (
    NO_RESOURCES,
    IAttachDifferentObjectToOpContext,
    Resources,
)
from dagster._core.errors import DagsterUnknownResourceError


class Attaching(IAttachDifferentObjectToOpContext):
    def get_object_to_set_on_execution_context(self):
        return "attached"


def test_resources_are_attributes():
    resources = Resources({"db": 1, "api": None})
    assert resources.db == 1
    assert resources.api is None
    assert resources._asdict() == {"db": 1, "api": None}
    assert repr(resources) == "Resources(db=1, api=None)"


def test_an_object_may_attach_another_one():
    original = Attaching()
    resources = Resources({"db": original})
    assert resources.db == "attached"
    assert resources.original_resource_dict == {"db": original}


def test_an_unknown_key_is_explained():
    with pytest.raises(DagsterUnknownResourceError) as error:
        _ = Resources({"database": 1, "api": 2}).databse
    assert str(error.value) == (
        'Unknown resource `databse`. Did you mean "database"? Specify `databse` as a required resource on '
        'the compute / config function that accessed it: required_resource_keys={"databse"}. '
        'Resources here: "api", "database".'
    )
    assert error.value.resource_name == "databse"
    assert not hasattr(NO_RESOURCES, "x")


def test_resources_cannot_be_changed():
    resources = Resources({"db": 1})
    with pytest.raises(AttributeError, match='cannot be set: tried to set "db"'):
        resources.db = 2
    with pytest.raises(AttributeError, match='cannot be deleted: tried to delete "db"'):
        del resources.db


def test_a_half_made_copy_does_not_recurse():
    assert not hasattr(object.__new__(Resources), "anything")
    with pytest.raises((AttributeError, TypeError)):
        pickle.loads(pickle.dumps(copy.copy(Resources({"db": 1})))).nothing
