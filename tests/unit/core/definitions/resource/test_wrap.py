from __future__ import annotations

import pytest

from dagster._check import ParameterCheckError
from dagster._core.definitions.resource.definition import ResourceDefinition
from dagster._core.definitions.resource.pythonic import ConfigurableResource
from dagster._core.definitions.resource.scoped import Resources
from dagster._core.definitions.resource.wrap import wrap_resource, wrap_resources_for_execution
from dagster._core.errors import DagsterInvalidDefinitionError


class Client(ConfigurableResource):
    host: str


class Service(ConfigurableResource):
    client: Client


def test_definitions_stay():
    definition = ResourceDefinition()
    assert wrap_resource(definition) is definition
    assert wrap_resources_for_execution({"a": definition}) == {"a": definition}
    assert wrap_resources_for_execution(None) == {}


@pytest.mark.parametrize("value", [3, None, "text", [1]])
def test_any_object_is_itself(value):
    assert wrap_resource(value)(None) == value
    assert wrap_resources_for_execution(Resources({"a": value}))["a"](None) == value


def test_a_resource_object_has_its_config():
    field = wrap_resource(Client(host="h")).get_config_field()
    assert not field.is_required
    assert field.config_type.fields["host"].default_value == "h"


def test_a_bare_class_is_configured_at_launch():
    assert wrap_resource(Client).get_config_field().is_required
    assert wrap_resources_for_execution({"a": Client})["a"].get_config_field().is_required


def test_a_nested_resource_configured_at_launch_is_found_by_identity():
    client = Client.configure_at_launch()
    definitions = wrap_resources_for_execution({"the_client": client, "service": Service(client=client)})
    assert definitions["service"].required_resource_keys == {"the_client"}


def test_a_nested_resource_that_is_not_given_is_explained():
    with pytest.raises(DagsterInvalidDefinitionError) as error:
        wrap_resources_for_execution({"service": Service(client=Client.configure_at_launch())})
    assert str(error.value).startswith(
        'resource with key "service": "client" of Service is configured at launch, but is not given as a '
        "resource itself."
    )


def test_a_class_that_needs_resources_cannot_come_bare():
    with pytest.raises(
        DagsterInvalidDefinitionError,
        match=r'Service needs the resources "client".*configure_at_launch\(client=',
    ):
        wrap_resource(Service)


def test_keys_are_strings():
    with pytest.raises(ParameterCheckError, match="each key of resources to be a str"):
        wrap_resources_for_execution({3: 1})  # type: ignore[dict-item]
