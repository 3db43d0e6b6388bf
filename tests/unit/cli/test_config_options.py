from __future__ import annotations

import pytest

from dagster._cli.config_options import read_json_object, read_selection
from dagster._cli.refusal import Refusal


def test_json_object():
    assert read_json_object('{"a": [1, null]}', "--tags") == {"a": [1, None]}


def test_position_of_an_error_in_a_long_text():
    text = '{"a": "' + "x" * 300 + '", }'
    with pytest.raises(Refusal) as caught:
        read_json_object(text, "--config-json")
    head, line, pointer = caught.value.message.split("\n")
    column = int(head.rpartition("column ")[2].rstrip("."))
    assert text[column - 1] in '}, "'
    assert line[pointer.index("^")] == text[column - 1]


def test_position_in_a_later_line():
    with pytest.raises(Refusal, match="at line 3, column 3"):
        read_json_object('{"a": 1,\n "b": 2,\n  c: 3}', "--tags")


def test_missing_quotes_name_the_shell():
    with pytest.raises(Refusal, match="A shell takes double quotes away"):
        read_json_object("{a: 1}", "--tags")


def test_selection():
    assert read_selection(None, "-o") is None
    assert read_selection(" a+ , *b,", "-o") == ["a+", "*b"]
    with pytest.raises(Refusal, match="is empty"):
        read_selection("", "-o/--op-selection")
