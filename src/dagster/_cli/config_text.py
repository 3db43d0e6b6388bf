"""A sample of run config as YAML, with what the schema says of each entry as comments. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dagster._config.config_type import ConfigType, Noneable
from dagster._config.field import Field
from dagster._config.scaffold import scaffold_config
from dagster._config.shapes import FieldsType, Selector
from dagster._config.yaml_files import dump_yaml

_MAX_COMMENT = 100


def sample_yaml(schema: ConfigType, *, only_required: bool) -> str:
    """Return a sample of config as YAML.

    Entries that may be left out and have no default are commented out: the whole is valid config, which
    does what no config at all does, but for the entries that must be given.

    Args:
        schema: The schema.
        only_required: Whether entries that need not be given are left out.
    """
    sample = scaffold_config(schema, skip_non_required=only_required)
    if not sample:
        return "# Nothing needs to be configured.\n{}\n"
    return "".join(f"{line}\n" for line in _lines(sample, schema, ""))


def _lines(
    sample: Mapping[str, Any], config_type: ConfigType, indent: str, *, inside_off: bool = False
) -> Iterator[str]:
    fields = config_type.fields if isinstance(config_type, FieldsType) else {}
    if isinstance(config_type, Selector) and len(fields) > 1:
        yield f"{indent}# one of: {', '.join(fields)}"
    for name, value in sample.items():
        field = fields.get(name)
        if field is not None and not field.is_required and field.config_type.text() == "Any":
            continue  # it takes anything, and nothing is known of it
        inner = field.config_type if field is not None else None
        while isinstance(inner, Noneable):
            inner = inner.inner_type
        text = (field.description if field is not None else None) or (
            inner.description if inner else None
        )
        if text:
            yield f"{indent}# {_first_sentence(text)}"
        for line in _entry(name, value, field, inner, inside_off):
            yield f"{indent}{line}"


def _entry(
    name: str, value: Any, field: Field | None, inner: ConfigType | None, inside_off: bool
) -> list[str]:
    """Return the lines of one entry; ``inside_off`` says that what is around it is commented out."""
    optional = field is not None and not field.is_required and not inside_off
    # What may be left out and has no default is shown, but the sample's value for it is no real one.
    off = optional and field is not None and not field.default_provided
    if isinstance(inner, FieldsType) and isinstance(value, dict) and value:
        lines = list(_lines(value, inner, "  ", inside_off=inside_off or off))
        empty = all(line.lstrip().startswith("#") for line in lines)
        if optional and empty and lines and not off:
            off = True
            lines = list(_lines(value, inner, "  ", inside_off=True))
            empty = all(line.lstrip().startswith("#") for line in lines)
        lines.insert(0, f"{_key(name)}:{' {}' if empty else ''}")
    else:
        lines = dump_yaml({name: value}).rstrip("\n").split("\n")
    return [f"# {line}" for line in lines] if off else lines


def _key(name: str) -> str:
    """Return a key as YAML writes it, quoted where it must be."""
    return dump_yaml({name: 0}).rpartition(":")[0]


def _first_sentence(text: str) -> str:
    paragraph = " ".join(text.strip().split("\n\n")[0].split())
    return paragraph if len(paragraph) <= _MAX_COMMENT else f"{paragraph[: _MAX_COMMENT - 1]}…"
