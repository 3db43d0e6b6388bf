"""The one place where values are pickled and unpickled.

A pickle can run code when it is read: only what was written below an I/O manager's own directory is.
"""

from __future__ import annotations

import os
from typing import Any, NoReturn

from dagster._core.errors import DagsterInvariantViolationError

#: Large buffers are written from where they are.
PROTOCOL = 5


def _type_name(obj: object) -> str:
    cls = type(obj)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def _not_picklable(obj: object, exc: Exception) -> NoReturn:
    raise DagsterInvariantViolationError(
        f"An object of type {_type_name(obj)} cannot be pickled: {type(exc).__name__}: {exc}. Use "
        "mem_io_manager for this output, with an executor that runs all steps in one process, or an I/O "
        "manager that stores this type in another way (a subclass of UPathIOManager or IOManager)."
    ) from exc


def write_pickle_file(obj: Any, path: str) -> None:
    """Pickle an object to a local file, as a whole or not at all.

    The file appears under its name only when it is complete; one that was there is replaced.

    Args:
        obj: What to store.
        path: The file. Its directory must exist.

    Raises:
        DagsterInvariantViolationError: The object cannot be pickled.
    """
    import pickle
    import uuid

    temporary = os.path.join(os.path.dirname(path), f".{uuid.uuid4().hex}.tmp")
    try:
        with open(temporary, "xb") as file:
            try:
                pickle.dump(obj, file, PROTOCOL)
            except OSError:
                raise
            except Exception as exc:  # noqa: BLE001 - __reduce__ of a user's class may raise anything
                _not_picklable(obj, exc)
        os.replace(temporary, path)
    except BaseException:
        # Also an interrupt leaves nothing behind.
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


def read_pickle_file(path: str) -> Any:
    """Unpickle a local file.

    Raises:
        FileNotFoundError: There is no such file.
        DagsterInvariantViolationError: The file is not a whole pickle.
    """
    import pickle

    with open(path, "rb") as file:
        try:
            return pickle.load(file)
        except (pickle.UnpicklingError, EOFError) as exc:
            raise _unreadable(path, exc) from exc
        except Exception as exc:
            exc.add_note(f"while reading the stored value {path}")
            raise


def dump_bytes(obj: Any) -> bytes:
    """Return an object pickled.

    Raises:
        DagsterInvariantViolationError: The object cannot be pickled.
    """
    import pickle

    try:
        return pickle.dumps(obj, PROTOCOL)
    except Exception as exc:  # noqa: BLE001 - as above
        _not_picklable(obj, exc)


def load_bytes(data: bytes, where: str) -> Any:
    """Return what :func:`dump_bytes` made bytes of.

    Args:
        data: The pickle.
        where: Where it was stored, for messages.

    Raises:
        DagsterInvariantViolationError: The bytes are not a whole pickle.
    """
    import pickle

    try:
        return pickle.loads(data)
    except (pickle.UnpicklingError, EOFError) as exc:
        raise _unreadable(where, exc) from exc
    except Exception as exc:
        exc.add_note(f"while reading the stored value {where}")
        raise


def _unreadable(where: str, exc: Exception) -> DagsterInvariantViolationError:
    return DagsterInvariantViolationError(
        f"The stored value {where} is not a whole pickle: {type(exc).__name__}: {exc}. It was changed or "
        "cut after it was written, or another program wrote it. Run the step that makes it again."
    )
