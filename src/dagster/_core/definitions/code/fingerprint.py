"""The fingerprint of code: of a function, and of all of the project's own code that it reaches.

Two fingerprints are equal if the same instructions would run with the same constants. Files, lines,
comments and docstrings do not count. What cannot be read (machine code, objects that stand in their work)
is told as a problem: such a fingerprint equals no other.
"""

from __future__ import annotations

import builtins
import enum
import functools
import os
import re
import sys
from collections.abc import Iterable, Mapping
from types import BuiltinFunctionType, CellType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

import msgspec

from dagster._core.definitions.code.bytecode import CodeContents, Import, read_code
from dagster._core.definitions.code.ownership import Ownership
from dagster._core.definitions.code.values import (
    Incomparable,
    ValueDigest,
    is_compiled_module,
    shown_kind,
)

#: What runs text as code, or finds things by names that are made while it runs.
_UNREADABLE_BUILTINS = frozenset({"eval", "exec", "globals", "__import__"})
#: What finds names of a module that stand nowhere in the code.
_LOOKUPS = frozenset({"getattr", "vars"})
_UNREADABLE_OF_LIBRARIES = frozenset(
    {
        ("importlib", "import_module"),
        ("sys", "modules"),
        ("importlib", "reload"),
        ("runpy", "run_path"),
        ("runpy", "run_module"),
    }
)
#: What a module says of where it stands.
_PLACE_NAMES = frozenset(
    {
        "__name__",
        "__file__",
        "__doc__",
        "__package__",
        "__spec__",
        "__path__",
        "__loader__",
        "__builtins__",
    }
)
#: What makers of classes leave in them that decides how their objects behave.
_MADE_FIELDS = ("__slots__", "__match_args__", "_fields", "_field_defaults")  # fmt: skip
#: What holds functions, and is no constant for its readers.
_CODE_OBJECTS = (functools.partial, MethodType, BuiltinFunctionType, staticmethod, classmethod)
_NAME = re.compile(r"[A-Za-z_]\w*")


class CodeFingerprint(NamedTuple):
    """What code a function stands for.

    Args:
        digest: The same if the same would run.
        parts: The digest of each function, class and constant reached, by its name and file, the
            function itself first. They say which part changed; the digest alone says whether.
        problems: Why it cannot be compared; empty if it can.
    """

    digest: str
    parts: Mapping[str, str]
    problems: tuple[str, ...]


class _Part:
    """One function, class or constant.

    Args:
        name: What it is, for people.
        digest: Of it alone, without what it refers to.
        refs: The keys of what it refers to, in order.
        problems: Why it cannot be compared.
        is_listed: Whether it is told when it has changed: a library's function around one of the
            project's is not.
    """

    __slots__ = ("digest", "is_listed", "name", "problems", "refs")

    def __init__(self, name: str, is_listed: bool = True) -> None:
        self.name = name
        self.is_listed = is_listed
        self.digest = b""
        self.refs: list[Any] = []
        self.problems: list[str] = []


class _Constant:
    """A value under a name in a module, or in a definition."""

    __slots__ = ("key", "name", "value", "where")

    def __init__(self, key: Any, name: str, where: str, value: Any) -> None:
        self.key = key
        self.name = name
        self.where = where
        self.value = value


class CodeReader:
    """Reads code. What it has read it reads no second time, so it must not outlive a change of the code.

    Args:
        ownership: Decides what is the project's own code.
    """

    def __init__(self, ownership: Ownership) -> None:
        self._ownership = ownership
        #: Parts by key; with them what they are of, which keeps ids from being given again.
        self._parts: dict[Any, _Part] = {}
        self._objects: dict[Any, Any] = {}

    def fingerprint(self, roots: Iterable[tuple[str, Any]]) -> CodeFingerprint:
        """Return the fingerprint of functions, classes and values, with all that they reach.

        Args:
            roots: What to start from, with a name for values that are neither function nor class.
        """
        import hashlib

        found = hashlib.blake2b(digest_size=16)
        order: dict[Any, int] = {}
        for name, root in roots:
            key = self._enter(root, name, "")
            order.setdefault(key, len(order))
            found.update(b"root %d;" % order[key])
        parts: dict[str, str] = {}
        problems: list[str] = []
        pending = list(order)
        for key in pending:  # it grows
            part = self._part(key)
            found.update(part.digest)
            for ref in part.refs:
                if ref not in order:
                    order[ref] = len(order)
                    pending.append(ref)
                found.update(b"%d," % order[ref])
            found.update(b";")
            problems.extend(part.problems)
            if part.is_listed:
                parts[_free_name(part.name, parts)] = part.digest.hex()[:12]
        return CodeFingerprint(found.hexdigest(), parts, tuple(dict.fromkeys(problems)))

    # Parts

    def _enter(self, value: Any, name: str, where: str, key: Any = None) -> Any:
        """Return the key under which a value is read."""
        if isinstance(value, (FunctionType, type)):
            key = id(value)
        else:
            key = (id(value), name) if key is None else key
            value = _Constant(key, name, where, value)
        self._objects.setdefault(key, value)
        return key

    def _part(self, key: Any) -> _Part:
        part = self._parts.get(key)
        if part is None:
            part = self._parts[key] = self._read(self._objects[key])
        return part

    def _read(self, value: Any) -> _Part:
        if isinstance(value, FunctionType):
            return self._read_function(value)
        if isinstance(value, type):
            return self._read_class(value)
        part = _Part(f"{value.name}{_place(value.where)}")
        values = ValueDigest(self._ownership)
        self._add(part, values, value.value, part.name)
        self._finish(part, values)
        return part

    def _finish(self, part: _Part, values: ValueDigest) -> None:
        part.digest = values.digest()
        part.refs.extend(self._enter(ref, "", "") for ref in values.refs)

    def _add(self, part: _Part, values: ValueDigest, value: Any, what: str) -> None:
        try:
            values.add(value)
        except Incomparable as reason:
            part.problems.append(
                f"{what} {reason}" if str(reason).startswith(("is ", "holds ")) else str(reason)
            )
        except RecursionError:
            part.problems.append(f"{what} holds values in values too deep to compare")
        except Exception as error:  # noqa: BLE001 - attributes of objects of users raise anything
            part.problems.append(f"{what} ({shown_kind(value)}) cannot be compared: {error!r}")

    # Functions

    def _read_function(self, function: FunctionType) -> _Part:
        code = function.__code__
        is_own = self._ownership.owns_function(function)
        part = _Part(f"function {function.__qualname__}{_place(code.co_filename)}", is_own)
        values = ValueDigest(self._ownership, is_lenient=not is_own)
        if is_own:
            contents = read_code(code)
            values.raw(contents.digest)
            self._add(
                part, values, function.__defaults__, f"a default argument of {function.__qualname__}"
            )
            self._add(
                part, values, function.__kwdefaults__, f"a default argument of {function.__qualname__}"
            )
            self._read_names(part, values, function, contents)
            if "__subclasses__" in contents.attribute_names:
                part.problems.append(
                    f"{part.name} uses __subclasses__: which classes are there cannot be read"
                )
            self._read_annotations(values, function)
        else:
            values.mark(f"{function.__module__}:{function.__qualname__}")
            contents = None
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            self._read_cell(part, values, function, name, cell, contents)
        wrapped = getattr(function, "__wrapped__", None)
        if wrapped is not None:
            self._add(part, values, wrapped, f"what {function.__qualname__} wraps")
        self._finish(part, values)
        return part

    def _read_cell(
        self,
        part: _Part,
        values: ValueDigest,
        function: FunctionType,
        name: str,
        cell: CellType,
        contents: CodeContents | None,
    ) -> None:
        try:
            value = cell.cell_contents
        except ValueError:
            values.mark(f"{name} is not set")
            return
        if isinstance(value, ModuleType) and contents is not None:
            self._read_module(part, values, value, contents)
        else:
            self._add(part, values, value, f"{name} in the closure of {function.__qualname__}")

    def _read_names(
        self, part: _Part, values: ValueDigest, function: FunctionType, contents: CodeContents
    ) -> None:
        namespace = function.__globals__
        for name in contents.global_names:
            self._read_name(part, values, namespace, name, contents)
        for statement in contents.imports:
            self._read_import(part, values, function, statement, contents)

    def _read_name(
        self,
        part: _Part,
        values: ValueDigest,
        namespace: Mapping[str, Any],
        name: str,
        contents: CodeContents,
    ) -> None:
        """Read what a name of a module stands for."""
        if name in _PLACE_NAMES:
            return
        if name not in namespace:
            if name in _UNREADABLE_BUILTINS and hasattr(builtins, name):
                part.problems.append(f"{part.name} calls {name}: what that runs cannot be read")
            return
        value = namespace[name]
        if isinstance(value, ModuleType):
            self._read_module(part, values, value, contents)
        elif isinstance(value, (FunctionType, type)):
            self._add(part, values, value, name)
        else:
            if isinstance(value, BuiltinFunctionType):
                self._refuse_unreadable(part, value.__module__ or "", value.__name__)
            key = (id(namespace), name)
            where = namespace.get("__file__") or namespace.get("__name__") or ""
            is_code = isinstance(value, _CODE_OBJECTS) or hasattr(value, "__wrapped__")
            self._enter(value, name if is_code else f"constant {name}", str(where), key)
            self._objects.setdefault((key, "namespace"), namespace)
            part.refs.append(key)

    def _read_module(
        self, part: _Part, values: ValueDigest, module: ModuleType, contents: CodeContents
    ) -> None:
        """Read those attributes of a module that the code names."""
        namespace = vars(module)
        if not self._ownership.owns_module(module):
            values.mark(f"module {module.__name__}")
            for name in contents.attribute_names:
                self._refuse_unreadable(part, module.__name__, name)
            return
        if is_compiled_module(namespace):
            part.problems.append(
                f"{part.name} uses the module {module.__name__}, which is compiled: its code cannot be read"
            )
            return
        for name in _LOOKUPS.intersection(contents.global_names):
            part.problems.append(
                f"{part.name} uses {name} and the module {module.__name__}: which of its names is used "
                "cannot be read"
            )
        seen = self._objects.setdefault(("modules of", part), set[int]())
        if id(module) in seen:
            return
        seen.add(id(module))
        for name in contents.attribute_names:
            if name in namespace:
                self._read_name(part, values, namespace, name, contents)

    def _refuse_unreadable(self, part: _Part, module: str, name: str) -> None:
        if (module, name) in _UNREADABLE_OF_LIBRARIES:
            part.problems.append(f"{part.name} uses {module}.{name}: what that runs cannot be read")

    def _read_import(
        self,
        part: _Part,
        values: ValueDigest,
        function: FunctionType,
        statement: Import,
        contents: CodeContents,
    ) -> None:
        """Read what an import statement inside of a function brings."""
        import importlib
        import importlib.util

        values.mark(f"import {statement.level} {statement.module} {statement.names}")
        package = function.__globals__.get("__package__") or ""
        name = "." * statement.level + statement.module
        try:
            absolute = importlib.util.resolve_name(name, package) if statement.level else name
            if not self._may_be_own(absolute):
                return
            module = importlib.import_module(absolute)
            found = [module]
            if not statement.names:
                # `import a.b` gives a name to a, and the code asks it for b.
                found = [sys.modules[absolute.partition(".")[0]], module]
            for inner in statement.names:
                if inner not in vars(module) and hasattr(module, "__path__"):
                    found.append(importlib.import_module(f"{absolute}.{inner}"))
        except Exception as error:  # noqa: BLE001 - a module of the user is imported
            part.problems.append(f"{part.name} imports {name}, which cannot be imported here: {error!r}")
            return
        for module in found:
            self._read_module(part, values, module, contents)

    def _may_be_own(self, module: str) -> bool:
        """Whether a module is the project's own, found without importing it if it is a library's."""
        import importlib.util

        if module in sys.modules:
            return self._ownership.owns_module(sys.modules[module])
        top = module.partition(".")[0]
        if top in sys.modules and not self._ownership.owns_module(sys.modules[top]):
            return False
        if top in sys.stdlib_module_names:
            return False
        spec = importlib.util.find_spec(top)
        if spec is None:
            return False  # it is not there: the function says what is done then
        stand_in = ModuleType(top)
        stand_in.__file__ = spec.origin if spec.has_location else None
        stand_in.__path__ = list(spec.submodule_search_locations or ())
        return self._ownership.owns_module(stand_in)

    def _read_annotations(self, values: ValueDigest, function: FunctionType) -> None:
        """Refer to the project's classes in annotations: methods of such values may be called."""
        try:
            annotations = function.__annotations__
        except Exception:  # noqa: BLE001 - it may be evaluated here, and name what does not exist
            return
        for annotation in annotations.values():
            for found in _classes_in(annotation, function.__globals__):
                if self._ownership.owns_module_named(found.__module__):
                    values.refer(found)

    # Classes

    def _read_class(self, cls: type) -> _Part:
        module = sys.modules.get(cls.__module__)
        file = getattr(module, "__file__", None) or cls.__module__
        part = _Part(f"class {cls.__qualname__}{_place(file)}")
        values = ValueDigest(self._ownership)
        if module is not None and is_compiled_module(vars(module)):
            part.problems.append(f"{part.name} is compiled: its code cannot be read")
        for base in (*cls.__bases__, type(cls)):
            values.refer(base)
        is_enum = issubclass(cls, enum.Enum)
        if is_enum:
            for name, member in cls.__members__.items():
                values.mark(name)
                self._add(part, values, member.value, f"{cls.__qualname__}.{name}")
        # By name: in which order they stand is nothing.
        for name, value in sorted(vars(cls).items()):
            if _is_made(cls, name, value) or (is_enum and not _is_code(value)):
                continue
            values.mark(name)
            self._add(part, values, value, f"{cls.__qualname__}.{name}")
        self._read_fields(part, values, cls)
        self._finish(part, values)
        return part

    def _read_fields(self, part: _Part, values: ValueDigest, cls: type) -> None:
        """Read the fields that dataclasses, pydantic and their like keep beside the class."""
        own = vars(cls)
        for name in _MADE_FIELDS:
            if name in own:
                values.mark(name)
                self._add(part, values, own[name], f"{cls.__qualname__}.{name}")
        fields: list[tuple[str, Any]] = []
        if issubclass(cls, msgspec.Struct):
            defaults = [getattr(default, "factory", default) for default in cls.__struct_defaults__]
            fields.append(("", (cls.__struct_fields__, defaults)))
        for name, field in own.get("__dataclass_fields__", {}).items():
            fields.append((name, (field.default, field.default_factory, field.init, field.kw_only)))
        pydantic_fields = own.get("__pydantic_fields__") or own.get("model_fields")
        if isinstance(pydantic_fields, Mapping):
            for name, field in pydantic_fields.items():
                fields.append((name, (field.default, field.default_factory, repr(field.annotation))))
                fields.append((name, [repr(item) for item in field.metadata]))
        fields.extend(
            (field.name, (field.default, field.converter, field.init, field.kw_only))
            for field in own.get("__attrs_attrs__", ())
        )
        for name, field in (own.get("__private_attributes__") or {}).items():
            fields.append((name, (field.default, field.default_factory)))
        for name, field in fields:
            values.mark(f"field {name}")
            self._add(part, values, field, f"the field {cls.__qualname__}.{name}")


def _is_code(value: Any) -> bool:
    return isinstance(value, (FunctionType, staticmethod, classmethod, property))


def _is_made(cls: type, name: str, value: Any) -> bool:
    """Whether an attribute of a class was not written but made, by Python or by a maker of classes."""
    if name.startswith("_abc_"):
        return True
    if not (name.startswith("__") and name.endswith("__")):
        return False
    if not _is_code(value):
        return True
    file = value.__code__.co_filename if isinstance(value, FunctionType) else ""
    # Methods that are compiled from text follow from the fields.
    return file.startswith("<attrs generated") or (
        file == "<string>" and ("__dataclass_fields__" in vars(cls) or "_fields" in vars(cls))
    )


def _classes_in(annotation: Any, namespace: Mapping[str, Any]) -> Iterable[type]:
    if isinstance(annotation, str):
        for name in _NAME.findall(annotation):
            found = namespace.get(name)
            if isinstance(found, type):
                yield found
    elif isinstance(annotation, type) and not hasattr(annotation, "__args__"):
        yield annotation
    else:
        for inner in getattr(annotation, "__args__", None) or ():
            yield from _classes_in(inner, namespace)


def _free_name(name: str, taken: Mapping[str, str]) -> str:
    """Return a name, numbered if another part has it."""
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name} #{number}"
    return free


def _place(file: str) -> str:
    return f" ({os.path.basename(file)})" if file else ""
