from __future__ import annotations

import os

from dagster._core.definitions.file_path import file_relative_path


def test_a_path_beside_a_file():
    assert file_relative_path("/a/b/jobs.py", "data/x.csv") == "/a/b/data/x.csv"
    assert os.path.exists(file_relative_path(__file__, "test_file_path.py"))
