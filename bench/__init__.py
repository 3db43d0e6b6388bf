"""The bench: each scenario measured for us and for upstream Dagster in one run. ``python -m bench``."""
