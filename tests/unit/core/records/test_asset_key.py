from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster._check import ParameterCheckError
from dagster._core.records.asset_key import AssetKey

paths = st.lists(st.text(), min_size=1)


def test_a_key_is_made_of_one_name_or_several() -> None:
    assert AssetKey("a").path == ["a"]
    assert AssetKey(["a", "b"]).path == ["a", "b"]
    assert AssetKey(("a", "b")).parts == ("a", "b")
    assert repr(AssetKey(["a", "b"])) == "AssetKey(['a', 'b'])"
    assert str(AssetKey("a")) == "AssetKey(['a'])"


def test_a_key_is_not_changed_by_who_holds_its_path() -> None:
    key = AssetKey("a")
    key.path.append("b")
    assert key.path == ["a"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (1, r"expected path to be a str or a sequence of str, got: 1 \(int\)"),
        (["a", 1], r"expected each part of path to be a str, got: 1 \(int\)"),
        (None, r"expected path to be .*, got: None"),
    ],
)
def test_what_is_no_path_is_refused(path: object, message: str) -> None:
    with pytest.raises(ParameterCheckError, match=message):
        AssetKey(path)


def test_from_coercible() -> None:
    key = AssetKey("a")
    assert AssetKey.from_coercible(key) is key
    assert AssetKey.from_coercible("a/b") == AssetKey(["a/b"])
    assert AssetKey.from_coercible(("a", "b")) == AssetKey(["a", "b"])
    with pytest.raises(ParameterCheckError, match="expected asset key to be an AssetKey, a str or"):
        AssetKey.from_coercible(3)


def test_stored_form() -> None:
    assert AssetKey(["a", "b"]).to_string() == '["a", "b"]'
    assert AssetKey.from_db_string('["a", "b"]') == AssetKey(["a", "b"])
    assert AssetKey.from_db_string("a.b/c") == AssetKey(["a", "b", "c"])
    assert AssetKey.from_db_string("[a") == AssetKey(["a"])
    assert AssetKey.from_db_string(None) is None
    assert AssetKey.from_db_string("") is None


def test_form_for_people() -> None:
    assert AssetKey(["a", "b"]).to_user_string() == "a/b"
    assert AssetKey(["a", "b/c"]).to_user_string() == "a/b\\/c"
    assert AssetKey.from_user_string("a/b\\/c") == AssetKey(["a", "b/c"])
    assert AssetKey.from_user_string("a") == AssetKey("a")


@given(paths)
def test_both_forms_come_back(path: list[str]) -> None:
    key = AssetKey(path)
    assert AssetKey.from_user_string(key.to_user_string()) == key
    assert AssetKey.from_db_string(key.to_string()) == key


@given(paths, paths)
def test_keys_compare_as_their_paths(one: list[str], other: list[str]) -> None:
    a, b = AssetKey(one), AssetKey(other)
    assert (a == b) is (one == other)
    assert (a < b) is (one < other)
    assert (a <= b) is (one <= other)
    assert (a > b) is (one > other)
    assert (a >= b) is (one >= other)
    assert hash(a) != hash(b) or one == other


def test_a_key_is_not_its_path() -> None:
    assert AssetKey("a") != ("a",)


def test_prefixes() -> None:
    key = AssetKey(["a", "b"])
    assert key.has_prefix(["a"])
    assert key.has_prefix("a")
    assert not key.has_prefix(["b"])
    assert not key.has_prefix(["a", "b", "c"])
    assert AssetKey("c").with_prefix("a/b") == AssetKey(["a/b", "c"])
    assert AssetKey("c").with_prefix(["a", "b"]) == AssetKey(["a", "b", "c"])


def test_python_identifier() -> None:
    assert AssetKey(["a", "b-c"]).to_python_identifier() == "a__b_c"
    assert AssetKey("a").to_python_identifier("x") == "a__x"


def test_a_key_is_pickled() -> None:
    assert pickle.loads(pickle.dumps(AssetKey(["a", "b"]))) == AssetKey(["a", "b"])
