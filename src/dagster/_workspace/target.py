"""CodeTarget: where the user's definitions are, as a command line or a settings file says it."""

from __future__ import annotations

from dagster._wire.record import Record


class CodeTarget(Record, frozen=True):
    """Where definitions are: exactly one of a file, a module or a package.

    Args:
        python_file: A path.
        module_name: A dotted name.
        package_name: A dotted name.
        attribute: The name of what to use in it; by default everything that it defines.
        working_directory: What to put on ``sys.path``. Default: the file's directory and the current
            one for a file, the current one for a module.
        extends_path: Whether to put anything on ``sys.path`` at all.
    """

    python_file: str | None = None
    module_name: str | None = None
    package_name: str | None = None
    attribute: str | None = None
    working_directory: str | None = None
    extends_path: bool = True

    @property
    def imported_name(self) -> str | None:
        """The dotted name of the module or package; None for a file."""
        return self.module_name or self.package_name

    def describe(self) -> str:
        """Return ``file "x.py"`` or ``module "a.b"``, with the attribute, for messages."""
        if self.python_file is not None:
            text = f'file "{self.python_file}"'
        elif self.module_name is not None:
            text = f'module "{self.module_name}"'
        else:
            text = f'package "{self.package_name}"'
        return text if self.attribute is None else f'attribute "{self.attribute}" of {text}'
