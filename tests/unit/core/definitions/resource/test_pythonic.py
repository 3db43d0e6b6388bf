from __future__ import annotations

import contextlib
import pickle
from typing import Any

import pytest
from pydantic import Field as PydanticField
from pydantic import PrivateAttr, ValidationError, field_validator

from dagster._config.env_var import EnvVar
from dagster._core.definitions.resource.build import build_init_resource_context
from dagster._core.definitions.resource.context import InitResourceContext
from dagster._core.definitions.resource.decorator import resource
from dagster._core.definitions.resource.pythonic import (
    ConfigurableLegacyResourceAdapter,
    ConfigurableResource,
    ConfigurableResourceFactory,
    PartialResource,
    ResourceDependency,
)
from dagster._core.errors import (
    DagsterInvalidConfigError,
    DagsterInvalidDefinitionError,
    DagsterInvalidInvocationError,
    DagsterInvariantViolationError,
    DagsterResourceFunctionError,
)
from dagster._core.execution.build_resources import build_resources

LOG: list[str] = []


@pytest.fixture(autouse=True)
def _empty_log():
    LOG.clear()


class Client(ConfigurableResource):
    """Talks to a host."""

    host: str
    port: int = PydanticField(default=80, gt=0)
    _state: str = PrivateAttr(default="new")

    def setup_for_execution(self, context: InitResourceContext) -> None:
        LOG.append(f"+{self.host}")
        self._state = f"open {self.host}:{self.port}"

    def teardown_after_execution(self, context: InitResourceContext) -> None:
        LOG.append(f"-{self.host}")


class Plain(ConfigurableResource):
    x: int = 1


class Service(ConfigurableResource):
    client: Client
    name: str = "service"


class Loose(ConfigurableResource):
    client: ResourceDependency[Client]
    text: ResourceDependency[str]


class Repeated(ConfigurableResourceFactory[str]):
    times: int

    def create_resource(self, context: InitResourceContext) -> str:
        return "z" * self.times


def initialised(value: Any, config: Any = None, **others: Any) -> Any:
    given = None if config is None else {"it": {"config": config}}
    with build_resources({"it": value, **others}, resource_config=given) as resources:
        return resources.it


class TestOutsideARun:
    def test_it_is_an_ordinary_object(self):
        client = Client(host="h", port="8080")
        assert (client.host, client.port, client._state) == ("h", 8080, "new")
        assert client == Client(host="h", port=8080)
        assert pickle.loads(pickle.dumps(client)) == client
        assert hash(client) == hash(Client(host="h", port=8080))

    def test_it_cannot_be_changed_but_for_its_private_state(self):
        client = Client(host="h")
        with pytest.raises(
            DagsterInvalidInvocationError, match=r"Pythonic resource.*'host'.*PrivateAttr"
        ):
            client.host = "x"
        client._state = "mine"
        assert client._state == "mine"

    def test_arguments_are_checked(self):
        with pytest.raises(ValidationError, match="host"):
            Client()
        with pytest.raises(ValidationError, match="greater than 0"):
            Client(host="h", port=-1)
        with pytest.raises(ValidationError, match="hosst"):
            Client(host="h", hosst="x")
        with pytest.raises(ValidationError, match="expected the resource to be a Client, got: 3"):
            Service(client=3)

    def test_there_is_no_context_yet(self):
        with pytest.raises(
            DagsterInvariantViolationError, match="before resource was initialized: Client"
        ):
            Client(host="h").get_resource_context()

    def test_another_context_makes_a_copy(self):
        client = Client(host="h")
        context = build_init_resource_context()
        for copy in (
            client.with_replaced_resource_context(context),
            client.with_resource_context(context),
        ):
            assert copy.get_resource_context() is context
            assert copy is not client
        with pytest.raises(DagsterInvariantViolationError):
            client.get_resource_context()


class TestDefinition:
    def test_config_given_becomes_the_default(self):
        definition = Client(host="h").get_resource_definition()
        assert definition.description == "Talks to a host."
        fields = definition.get_config_field().config_type.fields
        assert {name: field.default_value for name, field in fields.items()} == {"host": "h", "port": 80}

    def test_an_environment_variable_is_a_default_too(self):
        fields = Client(host=EnvVar("H")).get_resource_definition().get_config_field().config_type.fields
        assert fields["host"].default_value == {"env": "H"}

    def test_nested_resources_are_no_config(self):
        fields = Service(client=Client(host="h")).get_resource_definition().get_config_field()
        assert list(fields.config_type.fields) == ["name"]
        assert Service(client=Client(host="h")).nested_resources == {"client": Client(host="h")}

    def test_a_field_that_config_cannot_express_is_refused(self):
        class Wrong(ConfigurableResource):
            value: object

        with pytest.raises(DagsterInvalidDefinitionError, match="on field 'value'"):
            Wrong(value=1).get_resource_definition()

    def test_at_launch(self):
        partial = Client.configure_at_launch(port=90)
        assert isinstance(partial, PartialResource)
        assert repr(partial) == "Client.configure_at_launch(port=90)"
        fields = partial.get_resource_definition().get_config_field().config_type.fields
        assert fields["host"].is_required
        assert fields["port"].default_value == 90

    def test_at_launch_knows_the_fields(self):
        with pytest.raises(
            DagsterInvalidDefinitionError, match=r'unknown field "hots"\. Did you mean "host"'
        ):
            Client.configure_at_launch(hots="x")
        with pytest.raises(DagsterInvalidConfigError, match="Error in config of Client, field 'port'"):
            Client.configure_at_launch(port="x").get_resource_definition()

    def test_configured(self):
        definition = Client(host="h").get_resource_definition().configured({"port": 7})
        assert initialised(definition)._state == "open h:7"


class TestInARun:
    def test_it_is_set_up_and_torn_down(self):
        client = Client(host="h")
        with build_resources({"it": client}) as resources:
            assert resources.it is not client
            assert resources.it._state == "open h:80"
            assert resources.it.get_resource_context().resource_config == {"host": "h", "port": 80}
            assert LOG == ["+h"]
        assert LOG == ["+h", "-h"]
        assert client._state == "new"

    def test_it_is_torn_down_when_the_run_fails(self):
        with pytest.raises(ValueError, match="mine"), build_resources({"it": Client(host="h")}):
            raise ValueError("mine")
        assert LOG == ["+h", "-h"]

    def test_a_run_may_override_its_config(self):
        assert initialised(Client(host="h"), {"port": 9})._state == "open h:9"

    def test_config_at_launch(self):
        assert initialised(Client.configure_at_launch(port=9), {"host": "x"})._state == "open x:9"
        assert initialised(Client, {"host": "x"})._state == "open x:80"
        with pytest.raises(DagsterInvalidConfigError, match='Missing required config entry "it"'):
            initialised(Client)

    def test_validators_speak_before_anything_is_set_up(self):
        with pytest.raises(DagsterInvalidConfigError) as error:
            initialised(Client(host="h"), {"port": -1}, other=Client(host="other"))
        assert "at path it → config → port: input should be greater than 0, got: -1" in str(error.value)
        assert LOG == []

    def test_validators_speak_about_resources_that_need_others(self):
        class Checked(ConfigurableResource):
            client: Client
            size: int = 1

            @field_validator("size")
            @classmethod
            def even(cls, value: int) -> int:
                if value % 2:
                    raise ValueError("must be even")
                return value

        with pytest.raises(
            DagsterInvalidConfigError, match="it → config → size: value error, must be even"
        ):
            initialised(Checked.configure_at_launch(client=Client(host="h")), {"size": 3})
        with pytest.raises(DagsterInvalidConfigError, match=r"unexpected config entry"):
            initialised(Checked.configure_at_launch(client=Client(host="h")), {"sizes": 2})

    def test_environment_variables_are_read_now(self, monkeypatch):
        monkeypatch.setenv("DAGWERK_H", "from-env")
        monkeypatch.setenv("DAGWERK_P", "7")
        client = Client(host=EnvVar("DAGWERK_H"), port=EnvVar.int("DAGWERK_P"))
        assert initialised(client)._state == "open from-env:7"

    def test_a_missing_variable_names_the_resource_and_the_field(self, monkeypatch):
        monkeypatch.delenv("DAGWERK_H", raising=False)
        with pytest.raises(DagsterInvalidConfigError, match='"DAGWERK_H" at path it → config → host'):
            initialised(Client(host=EnvVar("DAGWERK_H")))
        with pytest.raises(DagsterInvalidConfigError) as error:
            initialised(Service(client=Client(host=EnvVar("DAGWERK_H"))))
        assert 'Error in config of resource "client" of Service' in str(error.value)
        assert '"DAGWERK_H" at path config → host' in str(error.value)

    def test_an_error_while_it_is_set_up(self):
        class Failing(ConfigurableResource):
            client: Client

            def setup_for_execution(self, context: InitResourceContext) -> None:
                raise ValueError("no luck")

            def teardown_after_execution(self, context: InitResourceContext) -> None:
                LOG.append("never")

        with pytest.raises(DagsterResourceFunctionError) as error:
            initialised(Failing(client=Client(host="h")))
        assert isinstance(error.value.user_exception, ValueError)
        assert LOG == ["+h", "-h"]

    def test_a_factory_makes_something_else(self):
        assert initialised(Repeated(times=3)) == "zzz"

    def test_a_factory_that_makes_nothing_is_told(self):
        class Nothing(ConfigurableResourceFactory[str]):
            pass

        with pytest.raises(DagsterInvalidDefinitionError, match="define create_resource"):
            initialised(Nothing())

    @pytest.mark.parametrize("decorated", [True, False])
    def test_all_in_one_place(self, decorated):
        def opened(self, context):
            LOG.append("+")
            try:
                yield "value"
            finally:
                LOG.append("-")

        class Yielding(ConfigurableResource):
            yield_for_execution = contextlib.contextmanager(opened) if decorated else opened

        assert initialised(Yielding()) == "value"
        assert LOG == ["+", "-"]

    def test_the_default_way_can_be_extended(self):
        class Extended(Client):
            @contextlib.contextmanager
            def yield_for_execution(self, context):
                LOG.append("before")
                with super().yield_for_execution(context) as value:
                    yield value
                LOG.append("after")

        assert initialised(Extended(host="h"))._state == "open h:80"
        assert LOG == ["before", "+h", "-h", "after"]


class TestNested:
    def test_it_is_set_up_before_and_torn_down_after(self):
        class Outer(Service):
            def setup_for_execution(self, context: InitResourceContext) -> None:
                LOG.append(f"+outer {self.client._state}")

            def teardown_after_execution(self, context: InitResourceContext) -> None:
                LOG.append("-outer")

        initialised(Outer(client=Client(host="h")))
        assert LOG == ["+h", "+outer open h:80", "-outer", "-h"]

    def test_configured_at_launch_under_a_key_of_its_own(self):
        client = Client.configure_at_launch()
        with build_resources(
            {"service": Service(client=client), "client": client},
            resource_config={"client": {"config": {"host": "x"}}},
        ) as resources:
            assert resources.service.client is resources.client
        assert LOG == ["+x", "-x"]

    def test_through_several_levels(self):
        class Top(ConfigurableResource):
            service: Service

        client = Client.configure_at_launch()
        with build_resources(
            {"top": Top(service=Service(client=client)), "client": client},
            resource_config={"client": {"config": {"host": "x"}}},
        ) as resources:
            assert resources.top.service.client is resources.client

    def test_the_class_itself_means_at_launch(self):
        service = Service(client=Client)
        with pytest.raises(
            DagsterInvalidDefinitionError, match="is configured at launch, but is not given"
        ):
            initialised(service)
        with build_resources(
            {"client": service.client, "it": service}, {}, {"client": {"config": {"host": "x"}}}
        ) as resources:
            assert resources.it.client.host == "x"

    def test_at_launch_with_a_nested_one_given(self):
        partial = Service.configure_at_launch(client=Client(host="h"))
        assert initialised(partial, {"name": "n"}).client._state == "open h:80"

    def test_defaults_and_optional_resources(self):
        class Outer(ConfigurableResource):
            plain: Plain = Plain(x=5)
            maybe: Client | None = None

        assert initialised(Outer()).plain.x == 5
        assert initialised(Outer()).maybe is None
        assert initialised(Outer(maybe=Client(host="h"))).maybe._state == "open h:80"
        assert initialised(Outer).plain.x == 5

    def test_a_dependency_is_a_definition_a_resource_or_an_object(self):
        @resource(required_resource_keys={"other"})
        def text(context):
            LOG.append("+text")
            yield f"text {context.resources.other}"
            LOG.append("-text")

        made = initialised(Loose(client=Client(host="h"), text=text), other=3)
        assert made.text == "text 3"
        assert LOG == ["+h", "+text", "-text", "-h"]
        assert initialised(Loose(client=Client(host="h"), text="plain")).text == "plain"
        assert initialised(Loose(client=Client(host="h"), text=Repeated(times=2))).text == "zz"

    def test_a_nested_definition_that_needs_a_missing_resource(self):
        @resource(required_resource_keys={"other"})
        def text(context):
            return "x"

        with pytest.raises(
            DagsterInvalidDefinitionError, match='"other" required by resource with key "it"'
        ):
            initialised(Loose(client=Client(host="h"), text=text))

    def test_a_forward_reference_to_a_resource(self):
        class Outer(ConfigurableResource):
            inner: Later

        class Later(ConfigurableResource):
            y: int = 2

        Outer.model_rebuild(_types_namespace={"Later": Later})
        assert initialised(Outer(inner=Later())).inner.y == 2
        assert list(Outer.to_fields_dict()) == []


class TestByHand:
    def test_without_teardown(self):
        assert Repeated(times=2).process_config_and_initialize() == "zz"
        made = Plain(x=3).process_config_and_initialize()
        assert made.x == 3
        assert made.get_resource_context().resource_config == {"x": 3}

    def test_with_teardown_it_takes_a_with(self):
        with pytest.raises(
            DagsterInvariantViolationError, match="Use process_config_and_initialize_cm in a `with`"
        ):
            Client(host="h").process_config_and_initialize()
        assert LOG == ["+h", "-h"]
        with Client(host="h").process_config_and_initialize_cm() as client:
            assert client._state == "open h:80"
        assert LOG == ["+h", "-h"] * 2

    def test_config_is_processed(self, monkeypatch):
        monkeypatch.setenv("DAGWERK_N", "4")
        assert Repeated(times=EnvVar.int("DAGWERK_N")).process_config_and_initialize() == "zzzz"
        monkeypatch.delenv("DAGWERK_N")
        with pytest.raises(DagsterInvalidConfigError, match='"DAGWERK_N" at path config → times'):
            Repeated(times=EnvVar.int("DAGWERK_N")).process_config_and_initialize()

    def test_from_a_context(self):
        assert Repeated.from_resource_context(build_init_resource_context({"times": 2})) == "zz"
        with Client.from_resource_context_cm(build_init_resource_context({"host": "h"})) as client:
            assert client._state == "open h:80"
        assert LOG == ["+h", "-h"]
        with pytest.raises(DagsterInvariantViolationError, match="Use from_resource_context_cm"):
            Client.from_resource_context(build_init_resource_context({"host": "h"}))
        service = Service.from_resource_context(
            build_init_resource_context({"name": "n"}), nested_resources={"client": Client(host="h")}
        )
        assert service.client.host == "h"
        with pytest.raises(DagsterInvalidConfigError, match="Error in config of resource Repeated"):
            Repeated.from_resource_context(build_init_resource_context({"times": "many"}))

    def test_as_the_schema_of_a_function(self):
        @resource(config_schema=Repeated.to_config_schema())
        def repeated(context):
            return Repeated.from_resource_context(context)

        assert repeated(build_init_resource_context({"times": 2})) == "zz"

    def test_an_older_definition_in_a_class(self):
        @resource(config_schema={"times": int})
        def older(context):
            LOG.append("+")
            yield "y" * context.resource_config["times"]
            LOG.append("-")

        class Adapter(ConfigurableLegacyResourceAdapter):
            times: int

            @property
            def wrapped_resource(self):
                return older

        assert initialised(Adapter(times=2)) == "yy"
        assert LOG == ["+", "-"]
