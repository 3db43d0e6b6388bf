"""What compiled code does, without where it stands: a digest of its instructions, and the names it uses."""

from __future__ import annotations

import opcode
import struct
import sys
from collections.abc import Iterator
from types import CodeType
from typing import Any, NamedTuple

_CACHE = 0
_NAMES = frozenset(opcode.hasname)
_CONSTS = frozenset(opcode.hasconst)
_JUMPS = frozenset(opcode.hasjrel)
_OPNAMES = opcode.opname
_NOP = opcode.opmap["NOP"]
_EXTENDED_ARG = opcode.opmap["EXTENDED_ARG"]
_GLOBAL_READS = frozenset(
    opcode.opmap[name]
    for name in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
    if name in opcode.opmap
)
_IMPORT_NAME = opcode.opmap["IMPORT_NAME"]
_STORE_NAME = opcode.opmap["STORE_NAME"]
_BACKWARD = frozenset(code for code in _JUMPS if "BACKWARD" in _OPNAMES[code])
#: Where an instruction keeps flags beside the number of its name: by how many bits.
_NAME_SHIFT = {opcode.opmap["LOAD_GLOBAL"]: 1}
if sys.version_info >= (3, 12):
    _NAME_SHIFT |= {opcode.opmap["LOAD_ATTR"]: 1, opcode.opmap["LOAD_SUPER_ATTR"]: 2}
#: The function has a docstring: said by Python 3.14 and later.
_HAS_DOCSTRING = 0x4000000
#: What the body of a class says of where it stands, or derives from the rest.
_PLACE_NAMES = frozenset({"__doc__", "__firstlineno__", "__static_attributes__"})


class Import(NamedTuple):
    """An import statement in a function: how many packages up, the module, and the names from it."""

    level: int
    module: str
    names: tuple[str, ...]


class CodeContents(NamedTuple):
    """What a code object does.

    Args:
        digest: The same for the same instructions: not of file, lines, comments and docstrings.
        global_names: The names that it, and the functions inside, look up in the module; in order.
        attribute_names: The names of attributes that they ask for.
        imports: What they import.
    """

    digest: bytes
    global_names: tuple[str, ...]
    attribute_names: tuple[str, ...]
    imports: tuple[Import, ...]


class _Instruction(NamedTuple):
    unit: int
    after: int
    code: int
    arg: int


def _instructions(raw: bytes) -> Iterator[_Instruction]:
    """Yield the instructions that do something, with the place of the next one."""
    extended = 0
    unit, end = 0, len(raw) // 2
    while unit < end:
        code, arg = raw[2 * unit], raw[2 * unit + 1] | extended
        unit += 1
        if code == _EXTENDED_ARG:
            extended = arg << 8
            continue
        extended = 0
        place = unit - 1
        while unit < end and raw[2 * unit] == _CACHE:
            unit += 1
        if code not in (_NOP, _CACHE):
            yield _Instruction(place, unit, code, arg)


class _CodeReader:
    def __init__(self) -> None:
        self.global_names: dict[str, None] = {}
        self.attribute_names: dict[str, None] = {}
        self.imports: dict[Import, None] = {}

    def digest(self, code: CodeType) -> bytes:
        import hashlib

        found = hashlib.blake2b(digest_size=16)
        listed = list(_instructions(code.co_code))
        kept = [
            number
            for number in range(len(listed))
            if not (
                self._tells_place(code, listed, number) or self._tells_place(code, listed, number + 1)
            )
        ]
        ordinals = _ordinals(len(code.co_code) // 2, [listed[number].unit for number in kept])
        for number in kept:
            instruction = listed[number]
            found.update(_OPNAMES[instruction.code].encode())
            found.update(self._argument(code, listed, number, ordinals))
        for entry in _exception_table(code.co_exceptiontable, ordinals):
            found.update(struct.pack("<4q", *entry))
        shape = (
            code.co_argcount,
            code.co_posonlyargcount,
            code.co_kwonlyargcount,
            code.co_flags & ~_HAS_DOCSTRING,
            code.co_varnames,
            code.co_cellvars,
            code.co_freevars,
        )
        found.update(repr(shape).encode("utf-8", "surrogatepass"))
        return found.digest()

    def _tells_place(self, code: CodeType, listed: list[_Instruction], number: int) -> bool:
        """Whether an instruction of a class body stores a docstring, a line or what follows from it."""
        if not 0 < number < len(listed):
            return False
        instruction, before = listed[number], listed[number - 1]
        return (
            instruction.code == _STORE_NAME
            and code.co_names[instruction.arg] in _PLACE_NAMES
            and (before.code in _CONSTS or _OPNAMES[before.code] == "LOAD_SMALL_INT")
        )

    def _argument(
        self, code: CodeType, listed: list[_Instruction], number: int, ordinals: list[int]
    ) -> bytes:
        _, after, op, arg = listed[number]
        if op in _CONSTS:
            return self.constant(code.co_consts[arg])
        if op in _NAMES:
            shift = _NAME_SHIFT.get(op, 0)
            name = code.co_names[arg >> shift]
            if op in _GLOBAL_READS:
                self.global_names[name] = None
            elif op == _IMPORT_NAME:
                self.imports[self._import(code, listed, number, name)] = None
            elif op != _STORE_NAME:
                self.attribute_names[name] = None
            return b"n%d:%s;" % (arg & ((1 << shift) - 1), name.encode("utf-8", "surrogatepass"))
        if op in _JUMPS:
            target = after - arg if op in _BACKWARD else after + arg
            return b"j%d;" % ordinals[min(target, len(ordinals) - 1)]
        return b"a%d;" % arg

    def _import(self, code: CodeType, listed: list[_Instruction], number: int, name: str) -> Import:
        given: list[Any] = [
            code.co_consts[before.arg] if before.code in _CONSTS else before.arg
            for before in listed[max(0, number - 2) : number]
        ]
        level, names = given if len(given) == 2 else (0, None)
        return Import(level if isinstance(level, int) else 0, name, tuple(names or ()))

    def constant(self, value: Any) -> bytes:
        kind = type(value)
        if kind is CodeType:
            return b"code" + self.digest(value)
        if kind is tuple:
            return b"(%s)" % b",".join(map(self.constant, value))
        if kind is frozenset:
            # Their order depends on the hashes of strings, which differ from process to process.
            return b"{%s}" % b",".join(sorted(map(self.constant, value)))
        if kind is slice:
            return b"slice" + self.constant((value.start, value.stop, value.step))
        return scalar(value)


def scalar(value: Any) -> bytes:
    """Return a constant that holds no others, as bytes that tell its type too."""
    kind = type(value)
    if kind is str:
        text = value.encode("utf-8", "surrogatepass")
        return b"s%d:%s" % (len(text), text)
    if kind is bytes:
        return b"b%d:%s" % (len(value), value)
    if kind is float:
        return b"f" + struct.pack("<d", value)
    if kind is complex:
        return b"c" + struct.pack("<2d", value.real, value.imag)
    if kind is int:
        return b"i%x;" % value
    return repr(value).encode() + b";"


def _ordinals(units: int, kept: list[int]) -> list[int]:
    """Return for each place in the code how many of the kept instructions stand before it."""
    ordinals = [0] * (units + 1)
    for unit in kept:
        ordinals[unit + 1] += 1
    for unit in range(units):
        ordinals[unit + 1] += ordinals[unit]
    return ordinals


def _exception_table(table: bytes, ordinals: list[int]) -> Iterator[tuple[int, int, int, int]]:
    """Yield which instructions are guarded and by what: see "exception_handling_notes" of CPython."""
    numbers: list[int] = []
    value = 0
    for byte in table:
        value = value << 6 | byte & 63
        if not byte & 64:
            numbers.append(value)
            value = 0
    last = len(ordinals) - 1
    for start, length, target, depth in zip(
        numbers[::4], numbers[1::4], numbers[2::4], numbers[3::4], strict=False
    ):
        guarded = ordinals[min(start, last)], ordinals[min(start + length, last)]
        if guarded[0] != guarded[1]:
            yield (*guarded, ordinals[min(target, last)], depth)


def read_code(code: CodeType) -> CodeContents:
    """Return what a code object does, and the names that it uses."""
    reader = _CodeReader()
    digest = reader.digest(code)
    return CodeContents(
        digest, tuple(reader.global_names), tuple(reader.attribute_names), tuple(reader.imports)
    )
