from __future__ import annotations

import yaml

from dagster import Array, Field, Noneable, Selector, Shape
from dagster._cli.config_text import sample_yaml
from dagster._config.evaluate import process_config

SCHEMA = Shape(
    {
        "times": Field(int, description="How often.\n\nMore of it."),
        "name": Field(str, default_value="you"),
        "path": Field(str, is_required=False, description="Where to."),
        "store": Field(
            Selector({"memory": Field({}), "file": Field({"dir": str})}), default_value={"memory": {}}
        ),
        "sizes": Field(Array(int), is_required=False),
        "inner": Field({"deep": Field(Noneable(str), is_required=False)}),
        "on: off": Field(bool, default_value=True),
    }
)


def test_only_required():
    assert sample_yaml(SCHEMA, only_required=True) == "# How often.\ntimes: 0\n"


def test_full():
    assert sample_yaml(SCHEMA, only_required=False) == (
        "# How often.\n"
        "times: 0\n"
        "name: you\n"
        "# Where to.\n"
        "# path: '...'\n"
        "store:\n"
        "  # one of: memory, file\n"
        "  memory: {}\n"
        "# sizes:\n"
        "# - 0\n"
        "# inner:\n"
        "#   deep: '...'\n"
        "'on: off': true\n"
    )


def test_the_full_sample_is_valid_and_means_the_defaults():
    sample = yaml.safe_load(sample_yaml(SCHEMA, only_required=False))
    minimal = yaml.safe_load(sample_yaml(SCHEMA, only_required=True))
    assert process_config(SCHEMA, sample).value == process_config(SCHEMA, minimal).value


def test_nothing_to_configure():
    text = sample_yaml(Shape({"a": Field(int, default_value=1)}), only_required=True)
    assert text == "# Nothing needs to be configured.\n{}\n"
    assert yaml.safe_load(text) == {}
