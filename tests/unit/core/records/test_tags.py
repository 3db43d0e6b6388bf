from __future__ import annotations

import pytest

from dagster._check import ParameterCheckError
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._core.records import tags as t
from dagster._core.records.tags import NO_TAGS, normalize_asset_event_tags, normalize_tags


def test_documented_names() -> None:
    assert t.MAX_RUNTIME_SECONDS_TAG == "dagster/max_runtime"
    assert t.PRIORITY_TAG == "dagster/priority"
    assert t.OP_SELECTION_TAG == t.SOLID_SELECTION_TAG == "dagster/solid_selection"
    assert t.RESUME_RETRY_TAG == "dagster/is_resume_retry"
    assert t.COMPUTE_KIND_TAG == "dagster/compute_kind"
    assert t.COMPUTE_KIND == "kind"


def test_values_that_are_not_text_are_written_as_json() -> None:
    tags = {"s": "x", "n": 3, "t": True, "d": {"b": [1, None]}}
    assert normalize_tags(tags) == {"s": "x", "n": "3", "t": "true", "d": '{"b": [1, null]}'}


def test_nothing_is_shared() -> None:
    assert normalize_tags(None) is normalize_tags({}) is normalize_asset_event_tags(None) is NO_TAGS
    assert NO_TAGS == {}


def test_the_given_tags_are_copied() -> None:
    given = {"a": "b"}
    assert normalize_tags(given) is not given
    assert normalize_asset_event_tags(given) is not given


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        (
            {"k": object()},
            r'Invalid value for tag "k": expected it to be a str or a value that JSON can hold',
        ),
        ({"k": (1, 2)}, r'Invalid value for tag "k".*json\.loads\(json\.dumps\(value\)\) == value'),
        ({"k": {1: 2}}, 'Invalid value for tag "k"'),
        ({"k": float("nan")}, 'Invalid value for tag "k"'),
        ({"": "x"}, "expected each tag key to be a str that is not empty, got: ''"),
        ({" ": "x"}, "expected each tag key to be a str that is not empty"),
        ({3: "x"}, r"expected each tag key to be a str that is not empty, got: 3 \(int\)"),
    ],
)
def test_wrong_tags_are_refused(tags: dict, message: str) -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match=message):
        normalize_tags(tags)


@pytest.mark.parametrize("tags", ["a", 0, ["a"]])
@pytest.mark.parametrize("normalize", [normalize_tags, normalize_asset_event_tags])
def test_what_is_no_mapping_is_refused(tags: object, normalize) -> None:
    with pytest.raises(ParameterCheckError, match="expected tags to be a mapping"):
        normalize(tags)


def test_tags_of_asset_events_are_strict() -> None:
    good = {"dagster/a.b-c_1": "x", "k" * 63 + "/" + "v" * 63: ""}
    assert normalize_asset_event_tags(good) == good
    with pytest.raises(
        DagsterInvalidDefinitionError,
        match="Tag values must be strings, got type <class 'int'> at key k",
    ):
        normalize_asset_event_tags({"k": 1})
    for bad in ("bad key!", "a/b/c", "k" * 64, "", "a/", 3):
        with pytest.raises(
            DagsterInvalidDefinitionError, match=r"Found invalid tag keys: .*<= 63 characters"
        ):
            normalize_asset_event_tags({bad: "x"})
