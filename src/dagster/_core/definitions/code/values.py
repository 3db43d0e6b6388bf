"""Values that code refers to, as digests: equal for equal values in every process."""

from __future__ import annotations

import copyreg
import enum
import functools
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from dagster._core.definitions.code.bytecode import read_code, scalar
from dagster._core.definitions.code.ownership import Ownership, is_library_file

_SCALARS = frozenset(
    {type(None), bool, int, float, complex, str, bytes, type(...), type(NotImplemented)}
)
_BUILTIN_CALLABLES = (
    types.BuiltinFunctionType,
    types.MethodWrapperType,
    types.WrapperDescriptorType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
    types.GetSetDescriptorType,
    types.MemberDescriptorType,
)
_RUNNING = (
    types.GeneratorType,
    types.CoroutineType,
    types.AsyncGeneratorType,
    types.FrameType,
    types.TracebackType,
)
#: Classes, by module and name, whose objects say nothing of what a function makes.
_STATELESS = frozenset(
    {
        ("_thread", "lock"),
        ("_thread", "RLock"),
        ("builtins", "object"),
        ("_contextvars", "ContextVar"),
        ("contextvars", "ContextVar"),
        ("logging", "Logger"),
        ("logging", "RootLogger"),
        ("typing", "TypeVar"),
        ("typing", "ParamSpec"),
        ("typing", "TypeVarTuple"),
    }
)
#: A value with more parts than this is not compared: to read it would take longer than most steps.
MAX_PARTS = 1_000_000


class Incomparable(Exception):
    """A value cannot be compared with the one of another process; the message says why."""


class ValueDigest:
    """A digest in the making, which collects the functions and classes that its values hold.

    Args:
        ownership: Decides which functions and classes are the project's own.
        is_lenient: Whether objects of libraries are passed over: in the closure of a library's function.
    """

    __slots__ = ("_above", "_hash", "_left", "is_lenient", "ownership", "refs")

    def __init__(self, ownership: Ownership, *, is_lenient: bool = False) -> None:
        import hashlib

        self.ownership = ownership
        self.is_lenient = is_lenient
        #: The functions, classes and modules that were met, to be read by themselves.
        self.refs: list[Any] = []
        self._hash = hashlib.blake2b(digest_size=16)
        self._left = MAX_PARTS
        self._above: dict[int, int] = {}

    def digest(self) -> bytes:
        """Return the digest of all that was added."""
        return self._hash.digest()

    def mark(self, text: str) -> None:
        """Add a text that tells parts of the digest apart."""
        self._hash.update(scalar(text))

    def raw(self, found: bytes) -> None:
        """Add bytes of a length that is known."""
        self._hash.update(found)

    def add(self, value: Any) -> None:
        """Add a value.

        Raises:
            Incomparable: A part of it cannot be compared.
        """
        kind = type(value)
        if kind in _SCALARS:
            self._hash.update(scalar(value))
            return
        self._left -= 1
        if self._left < 0:
            raise Incomparable(f"holds more than {MAX_PARTS:,} values, which is too much to compare")
        depth = self._above.get(id(value))
        if depth is not None:  # it is inside of itself
            self.mark(f"above {len(self._above) - depth}")
            return
        self._above[id(value)] = len(self._above)
        try:
            self._add_compound(value, kind)
        finally:
            del self._above[id(value)]

    def _add_compound(self, value: Any, kind: type) -> None:
        if kind is types.FunctionType or isinstance(value, (type, types.ModuleType)):
            self.refer(value)
        elif kind is tuple or kind is list:
            self.mark(f"{kind.__name__} {len(value)}")
            for item in value:
                self.add(item)
        elif kind is dict:
            self._add_items("dict", value.items())
        elif isinstance(value, (set, frozenset)):
            self._add_set(value)
        elif isinstance(value, types.MethodType):
            self.mark("method")
            self.add(value.__func__)
            self.add(value.__self__)
        elif isinstance(value, _BUILTIN_CALLABLES):
            self._add_builtin(value)
        elif isinstance(value, functools.partial):
            self.mark("partial")
            self.add((value.func, value.args, value.keywords))
        elif isinstance(value, (staticmethod, classmethod)):
            self.mark(kind.__name__)
            self.add(value.__func__)
        elif isinstance(value, property):
            self.mark("property")
            self.add((value.fget, value.fset, value.fdel))
        else:
            self._add_object(value, kind)

    def refer(self, value: Any) -> None:
        """Add a function or class by its name; the project's own is read by itself.

        Raises:
            Incomparable: It is a module of the project: anything of it may be used.
        """
        name = getattr(value, "__qualname__", None) or value.__name__
        is_own = follows = False
        if isinstance(value, types.FunctionType):
            is_own = self.ownership.owns_function(value)
            # A function of a library can hold functions of the project: a decorator's does.
            follows = is_own or value.__closure__ is not None or hasattr(value, "__wrapped__")
        elif isinstance(value, type):
            is_own = follows = self.ownership.owns_module_named(value.__module__)
        elif self.ownership.owns_module(value):
            raise Incomparable(f"is the module {name}, of which anything may be used")
        self.mark(name if is_own else f"{getattr(value, '__module__', '')}:{name}")
        if follows:
            self.refs.append(value)

    def _add_items(self, name: str, items: Iterable[tuple[Any, Any]]) -> None:
        listed = list(items)
        self.mark(f"{name} {len(listed)}")
        for key, item in listed:
            self.add(key)
            self.add(item)

    def _add_set(self, value: set[Any] | frozenset[Any]) -> None:
        self.mark(f"set {type(value).__qualname__} {len(value)}")
        digests: list[bytes] = []
        for item in value:
            inner = ValueDigest(self.ownership, is_lenient=self.is_lenient)
            inner._left, inner._above = self._left, self._above
            inner.add(item)
            self._left = inner._left
            self.refs.extend(inner.refs)
            digests.append(inner.digest())
        # The order of a set depends on the hashes of strings, which differ from process to process.
        for digest in sorted(digests):
            self._hash.update(digest)
        if any(isinstance(item, (types.FunctionType, type)) for item in value):
            self.refs.sort(key=lambda ref: (getattr(ref, "__module__", ""), ref.__qualname__))

    def _add_builtin(self, value: Any) -> None:
        owner = getattr(value, "__self__", None)
        name = getattr(value, "__qualname__", None) or value.__name__
        module = getattr(value, "__module__", None)
        if module is None:
            module = getattr(getattr(value, "__objclass__", None), "__module__", "")
        if module and self.ownership.owns_module_named(module) and not _is_slot(value):
            raise Incomparable(f"is {name} of {module}, which is compiled: its code cannot be read")
        self.mark(f"builtin {module}:{name}")
        if owner is not None and not isinstance(owner, (type, types.ModuleType)):
            self.add(owner)

    def _add_object(self, value: Any, kind: type) -> None:
        name = (kind.__module__, kind.__qualname__)
        is_own = self.ownership.owns_module_named(kind.__module__)
        if name in _STATELESS:
            self.mark(f"{name} {getattr(value, 'name', '')}")
        elif isinstance(value, enum.Enum):
            self.refer(kind)
            self.mark(value.name) if value.name is not None else self.add(value.value)
        elif kind.__module__.startswith("dagster.") and _is_definition(value):
            self._add_definition(value)
        elif isinstance(value, _RUNNING) or hasattr(kind, "__next__"):
            raise Incomparable(f"is a {kind.__name__}, which stands somewhere in its work")
        elif isinstance(value, (types.SimpleNamespace, types.MappingProxyType)):
            items = value if isinstance(value, types.MappingProxyType) else vars(value)
            self._add_items(kind.__name__, items.items())
        elif isinstance(value, types.CodeType):
            self._hash.update(read_code(value).digest)
        elif kind.__module__ in ("typing", "types") or isinstance(value, types.GenericAlias):
            self._add_annotation(value)
        elif callable(getattr(value, "__wrapped__", None)):
            self.mark(f"wrapper {name}")
            self.add(value.__wrapped__)
        elif isinstance(value, functools.cached_property):
            self.mark("cached_property")
            self.add(value.func)
        elif self.is_lenient and not is_own and not isinstance(value, (tuple, list, dict)):
            self.mark(f"of a library: {name}")
        else:
            self._add_state(value, kind)

    def _add_annotation(self, value: Any) -> None:
        self.mark(repr(value))
        for inner in getattr(value, "__args__", None) or ():
            if isinstance(inner, type) or hasattr(inner, "__args__"):
                self.add(inner)

    def _add_definition(self, value: Any) -> None:
        """Add a definition of Dagwerk: by the functions that it was made of."""
        self.mark(f"{type(value).__name__} {getattr(value, 'name', '')}")
        for function in _functions_of(value):
            self.add(function)

    def _add_state(self, value: Any, kind: type) -> None:
        """Add an object by its class and its state, as copying and pickling know it."""
        self.refer(kind)
        if isinstance(value, msgspec.Struct):
            for field in value.__struct_fields__:
                self.add(getattr(value, field, None))
            return
        if isinstance(value, (str, bytes, int, float, complex)):
            base = next(b for b in (str, bytes, int, float, complex) if isinstance(value, b))
            self._hash.update(scalar(base(value)))  # type: ignore[arg-type] - it is one of that type
            return
        for part in _state_of(value, kind):
            self.add(part)


def _is_slot(value: Any) -> bool:
    """Whether something is only the place of an attribute, or what a class has from object."""
    return isinstance(
        value, (types.MemberDescriptorType, types.GetSetDescriptorType, types.MethodWrapperType)
    )


def _is_definition(value: Any) -> bool:
    return hasattr(value, "iterate_op_defs") or hasattr(value, "resource_fn") or hasattr(value, "graph")


def _functions_of(value: Any) -> Iterable[Any]:
    """Return what an op, the ops of a graph or job, or a resource were made of."""
    if hasattr(value, "resource_fn"):
        return value.made_of
    graph = value if hasattr(value, "iterate_op_defs") else value.graph
    return [op_def.function.fn for op_def in graph.iterate_op_defs()]


def _state_of(value: Any, kind: type) -> Iterable[Any]:
    """Return what an object can be made again of."""
    reduce: Callable[[Any], Any] | None = copyreg.dispatch_table.get(kind)
    try:
        reduced = reduce(value) if reduce is not None else value.__reduce_ex__(4)
    except Incomparable:
        raise
    except Exception as error:
        raise Incomparable(
            f"is a {kind.__module__}.{kind.__qualname__}, whose state cannot be read ({error})"
        ) from error
    if isinstance(reduced, str):
        return [reduced]
    maker, arguments, *rest = reduced
    parts: list[Any] = [maker, tuple(arguments)]
    for number, item in enumerate(rest):
        # State; items of a list; items of a dict; a function that sets the state.
        parts.append(list(item) if number in (1, 2) and item is not None else item)
    return [_without_dead_order(part) for part in parts]


def _without_dead_order(state: Any) -> Any:
    """Return the state of an object with its attributes by name: in which order they were set is nothing."""
    if type(state) is dict and all(type(key) is str for key in state):
        return dict(sorted(state.items()))
    return state


def shown_kind(value: object) -> str:
    """Return what a value is, in words for a reason."""
    kind = type(value)
    return (
        kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    )


def is_compiled_module(namespace: Mapping[str, Any]) -> bool:
    """Whether the code of a module is machine code: there is nothing to read of it."""
    file = namespace.get("__file__")
    return (
        isinstance(file, str) and file.endswith((".so", ".pyd", ".dylib")) and not is_library_file(file)
    )
