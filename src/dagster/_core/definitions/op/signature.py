"""What the signature of a function says: context, config, resources, inputs and their types."""

from __future__ import annotations

import inspect
import sys
import typing
import warnings
from collections.abc import Callable, Container, Mapping
from types import CodeType, FrameType, FunctionType
from typing import Any

from dagster._config.pythonic_annotation import is_config_annotation, plain_config_type
from dagster._core.definitions.naming import source_location
from dagster._core.definitions.resource.annotation import is_resource_annotation
from dagster._core.definitions.sentinel import NO_VALUE
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._warnings import ConfigArgumentWarning

_CONTEXT_NAMES = frozenset({"context", "_context", "context_", "_", "__"})


class Parameter:
    """One parameter of a function: its name, annotation and default, or NO_VALUE for these."""

    __slots__ = ("annotation", "default", "keyword_only", "name", "positional_only")

    def __init__(
        self,
        name: str,
        annotation: Any,
        default: Any,
        positional_only: bool = False,
        keyword_only: bool = False,
    ) -> None:
        self.name = name
        self.annotation = annotation
        self.default = default
        self.positional_only = positional_only
        self.keyword_only = keyword_only


class Signature:
    """What a decorated function takes, sorted by what it means to the framework."""

    __slots__ = (
        "config",
        "context",
        "inputs",
        "parameters",
        "resources",
        "returns",
        "takes_any_keyword",
        "varargs",
    )

    def __init__(
        self,
        context: Parameter | None,
        config: Parameter | None,
        resources: list[Parameter],
        inputs: list[Parameter],
        returns: Any,
        takes_any_keyword: bool,
        parameters: list[Parameter] | None = None,
        varargs: str | None = None,
    ) -> None:
        self.context = context
        self.config = config
        self.resources = resources
        self.inputs = inputs
        self.returns = returns
        self.takes_any_keyword = takes_any_keyword
        #: All of them but the context, in the order in which the function has them.
        self.parameters = parameters if parameters is not None else inputs
        #: The name of ``*args``, if the function has it.
        self.varargs = varargs

    def refuse_varargs(self, what: str, fn: Callable[..., Any]) -> None:
        """Refuse a function with ``*args``: inputs have names.

        Args:
            what: The decorator and the name of what it makes.
            fn: The function.
        """
        if self.varargs is not None:
            raise DagsterInvalidDefinitionError(
                f"{what} decorated function has positional vararg parameter '*{self.varargs}'"
                f"{source_location(fn)}. Inputs have names: give each a parameter, or take **kwargs and name "
                "the inputs in the decorator."
            )


def annotations_of(fn: Callable[..., Any]) -> dict[str, Any]:
    """Return the annotations of a function as objects.

    Under ``from __future__ import annotations``, a name may be local to the function in which this one is
    defined. Names that cannot be resolved at all are left out: their parameters have no type.
    """
    target = fn if hasattr(fn, "__annotations__") else getattr(fn, "__call__", fn)  # noqa: B004
    target = getattr(target, "__func__", target)
    raw = getattr(target, "__annotations__", None)
    if not raw:
        return {}
    if not any(isinstance(value, str) for value in raw.values()):
        return {name: type(None) if value is None else value for name, value in raw.items()}
    try:
        return typing.get_type_hints(target, include_extras=True)
    except (NameError, TypeError, AttributeError, SyntaxError):
        return _resolve_one_by_one(target, raw)


def _resolve_one_by_one(fn: Any, raw: dict[str, Any]) -> dict[str, Any]:
    scope = dict(getattr(fn, "__globals__", {}))
    closure, code = getattr(fn, "__closure__", None), getattr(fn, "__code__", None)
    if closure and code is not None:
        for name, cell in zip(code.co_freevars, closure, strict=True):
            try:
                scope[name] = cell.cell_contents
            except ValueError:  # a cell that is not filled yet
                continue
    local = _names_around(code)
    resolved = {}
    for name, value in raw.items():
        if not isinstance(value, str):
            resolved[name] = value
            continue
        try:
            resolved[name] = eval(value, scope, local)
        except Exception:  # noqa: BLE001 - an annotation that cannot be read gives no type
            continue
    return resolved


def _names_around(code: CodeType | None) -> Mapping[str, Any]:
    """Return the local names of the function in which a function is being defined.

    A class that is local to a test, say, can be named in an annotation there: as text, the annotation
    makes no closure over it, but while the decorator runs, the function around is still running.
    """
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - inspect.currentframe() is this one
    while frame is not None and code is not None:
        if any(constant is code for constant in frame.f_code.co_consts):
            return frame.f_locals
        frame = frame.f_back
    return {}


def _parameters(
    fn: Callable[..., Any],
) -> tuple[list[Parameter], bool, str | None, dict[str, Any]]:
    """Return the parameters in order, whether ``**kwargs`` is there, ``*args``, and the annotations."""
    hints = annotations_of(fn)
    code = getattr(fn, "__code__", None)
    if type(fn) is FunctionType and code is not None and not hasattr(fn, "__wrapped__"):
        # Plain functions are read from their code object: inspect.signature costs ten times as much.
        names = code.co_varnames
        count = code.co_argcount
        defaults = fn.__defaults__ or ()
        first_default = count - len(defaults)
        kw_defaults = fn.__kwdefaults__ or {}
        parameters = [
            Parameter(
                names[i],
                hints.get(names[i], NO_VALUE),
                defaults[i - first_default] if i >= first_default else NO_VALUE,
                i < code.co_posonlyargcount,
            )
            for i in range(count)
        ]
        parameters += [
            Parameter(
                name,
                hints.get(name, NO_VALUE),
                kw_defaults.get(name, NO_VALUE),
                keyword_only=True,
            )
            for name in names[count : count + code.co_kwonlyargcount]
        ]
        varargs = None
        if code.co_flags & inspect.CO_VARARGS:
            varargs = names[count + code.co_kwonlyargcount]
        return parameters, bool(code.co_flags & inspect.CO_VARKEYWORDS), varargs, hints
    parameters, any_keyword, varargs = [], False, None
    for parameter in inspect.signature(fn).parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            any_keyword = True
        elif parameter.kind is parameter.VAR_POSITIONAL:
            varargs = parameter.name
        else:
            default = NO_VALUE if parameter.default is parameter.empty else parameter.default
            parameters.append(
                Parameter(
                    parameter.name,
                    hints.get(parameter.name, NO_VALUE),
                    default,
                    parameter.kind is parameter.POSITIONAL_ONLY,
                    parameter.kind is parameter.KEYWORD_ONLY,
                )
            )
    return parameters, any_keyword, varargs, hints


def _is_context(parameter: Parameter) -> bool:
    return parameter.name in _CONTEXT_NAMES or getattr(
        parameter.annotation, "__dagster_op_context__", False
    )


def read_signature(
    fn: Callable[..., Any],
    *,
    decorator: str,
    has_context: bool = True,
    is_solid: bool = False,
    context_required: bool = False,
    input_names: Container[str] = (),
) -> Signature:
    """Return what a function takes.

    Args:
        fn: The decorated function.
        decorator: For messages, e.g. ``@op``.
        has_context: Whether there may be a context at all (graphs and lambda solids have none).
        is_solid: Whether a first parameter whose name starts with an underscore is the context too, and
            ``config`` is a name like any other.
        context_required: Whether the function must take the context.
        input_names: Names that are inputs whatever their annotation.
    """
    parameters, any_keyword, varargs, hints = _parameters(fn)
    context: Parameter | None = None
    if has_context and parameters:
        first = parameters[0]
        is_blank = is_solid and first.name.startswith("_") and first.name not in input_names
        if is_blank or _is_context(first):
            context = parameters.pop(0)
    if context_required and context is None:
        found = f"; its first parameter is '{parameters[0].name}'" if parameters else ""
        raise DagsterInvalidDefinitionError(
            f"{decorator} '{_name(fn)}' decorated function does not have required positional parameter "
            f"'context'{found}{source_location(fn)}. It has a config_schema, and its config comes with the "
            "context: take the context first, then the inputs."
        )
    config: Parameter | None = None
    resources: list[Parameter] = []
    inputs: list[Parameter] = []
    # Only of ops: solids and graphs have no config parameter that an input could be mistaken for.
    is_op = has_context and not is_solid
    for parameter in parameters:
        annotation = parameter.annotation
        if annotation is NO_VALUE or parameter.name in input_names:
            inputs.append(parameter)
        elif parameter.name == "config" and (
            is_config_annotation(annotation) or (is_op and plain_config_type(annotation) is not None)
        ):
            config = _without_default(parameter, decorator, fn)
        elif is_resource_annotation(annotation):
            resources.append(parameter)
        else:
            inputs.append(parameter)
        if parameter.name == "config" and config is None and is_op and "config" not in input_names:
            warnings.warn(
                f"The parameter 'config' of '{_name(fn)}'{source_location(fn)} is not annotated with a "
                "subclass of Config, so it is an input. Annotate it to receive the op's config, or name it "
                "in ins= if it is an input.",
                ConfigArgumentWarning,
                stacklevel=4,
            )
    returns = hints.get("return", NO_VALUE)
    return Signature(context, config, resources, inputs, returns, any_keyword, parameters, varargs)


def _without_default(parameter: Parameter, decorator: str, fn: Callable[..., Any]) -> Parameter:
    """Return the parameter of the config, which comes from the run config and never from a default."""
    if parameter.default is not NO_VALUE:
        raise DagsterInvalidDefinitionError(
            f"{decorator} '{_name(fn)}' has a default value for its parameter 'config'{source_location(fn)}, "
            "which would never be used: the config comes from the run config. Give the fields of its class "
            "their defaults, or the job its config."
        )
    return parameter


def _name(fn: Callable[..., Any]) -> str:
    return getattr(fn, "__name__", type(fn).__name__)
