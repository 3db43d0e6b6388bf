"""What it takes until a program can define something."""

from __future__ import annotations

import json
import resource
import sys
import time

PROGRAMS = {"root": "import dagster", "names": "from dagster import job, op"}

if __name__ == "__main__":
    program = PROGRAMS[sys.argv[1]]
    before = set(sys.modules)
    start = time.perf_counter()
    exec(program)
    seconds = time.perf_counter() - start
    modules = len(set(sys.modules) - before)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "modules": modules, "megabytes": megabytes}))
