from __future__ import annotations

import subprocess
import sys
from typing import Annotated, Any

import pytest

from dagster._core.definitions.resource.annotation import ResourceParam, is_resource_annotation
from dagster._core.definitions.resource.pythonic import (
    ConfigurableResource,
    ConfigurableResourceFactory,
)
from dagster._core.io.pythonic import ConfigurableIOManager


class Resource(ConfigurableResource[Any]):
    x: int = 1


@pytest.mark.parametrize(
    "annotation",
    [
        Resource,
        ConfigurableResource,
        ConfigurableResource[str],
        ConfigurableResourceFactory[int],
        ConfigurableIOManager,
        ResourceParam[str],
        ResourceParam[list[int]],
    ],
)
def test_resource_annotations(annotation):
    assert is_resource_annotation(annotation)


@pytest.mark.parametrize(
    "annotation",
    [str, list, list[int], Any, None, "Resource", Annotated[int, "other"], Annotated[int, [1]], 3],
)
def test_other_annotations(annotation):
    assert not is_resource_annotation(annotation)


def test_asking_does_not_load_pydantic():
    code = (
        "import sys\n"
        "from dagster._core.definitions.resource.annotation import is_resource_annotation\n"
        "import dagster._core.definitions.resource.build, dagster._core.definitions.run_config\n"
        "assert not is_resource_annotation(int)\n"
        "assert 'pydantic' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
