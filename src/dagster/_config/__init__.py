"""Config: schemas as values, and their evaluation.

``resolve`` and ``scaffold`` know all types and bind themselves into the modules that define them, so
they are loaded with the package.
"""

from dagster._config import resolve as resolve
from dagster._config import scaffold as scaffold
