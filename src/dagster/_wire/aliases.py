"""Names that stored data may still use for classes and fields that are called otherwise now.

When a record class or one of its fields is renamed, its old name is entered here, and old data loads.
"""

from __future__ import annotations

#: Old class name → the name of the record or enum class now.
CLASS_ALIASES: dict[str, str] = {}

#: Class name now → old field name → the name of the field now.
FIELD_ALIASES: dict[str, dict[str, str]] = {}
