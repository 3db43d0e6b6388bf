"""Ids that are made of content."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dagster._core.records.asset_key import AssetKey
from dagster._core.records.content_id import content_id

#: Any text that Python has, halves of surrogate pairs too.
TEXTS = st.text(st.characters(codec=None, exclude_categories=()))


def test_stored_ids_stay_what_they_are() -> None:
    assert content_id(AssetKey(["a", "b"])) == "25e75b272a67a69b5c0f3b58b851a226325a99c3"
    assert content_id(["p", "q"]) == "88986ce18008c2c971a96c1701c9d17ba7828211"
    assert content_id(["half a pair \ud83d"]) == "be5fc545752b121647e65c8c0fb297f730e808bf"


#: Keys that the codec writes as they are: words of its own it has to write in another form.
KEYS = TEXTS.filter(lambda text: not text.startswith("__"))


@given(st.dictionaries(KEYS, TEXTS | st.integers() | st.none()))
def test_the_order_of_keys_is_of_no_account(value: dict[str, Any]) -> None:
    reordered = dict(reversed(value.items()))
    assert content_id(value) == content_id(reordered)
    assert len(content_id(value)) == 40


@given(TEXTS, TEXTS)
def test_other_texts_have_another_id(one: str, other: str) -> None:
    assert (content_id([one]) == content_id([other])) is (one == other)
