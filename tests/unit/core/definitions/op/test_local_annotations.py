"""Annotations, as text, that name what is local to the function around."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster._config.pythonic.config_class import Config
from dagster._core.definitions.graph.decorator import graph
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.op.signature import annotations_of

if TYPE_CHECKING:
    from nowhere import Never  # type: ignore[import-not-found]


def test_a_config_class_of_the_function_around_is_found() -> None:
    class Greeting(Config):
        name: str

    @op
    def greet(config: Greeting) -> str:
        return config.name

    @graph
    def greeting() -> None:
        greet()

    result = greeting.execute_in_process({"ops": {"greet": {"config": {"name": "Ada"}}}})
    assert result.output_for_node("greet") == "Ada"


def test_a_type_of_a_function_further_out_is_found() -> None:
    class Local:
        pass

    def make() -> Any:
        assert Local  # what a function names itself is in its closure

        @op
        def take(value: Local) -> Local:
            return value

        return take

    assert make().input_defs[0].dagster_type.display_name == "Local"


def test_what_cannot_be_found_gives_no_type() -> None:
    def take(value: Never, other: int) -> None: ...

    assert annotations_of(take) == {"other": int, "return": None}
