"""The function of an op, with the way to call it worked out once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from dagster._config.pythonic_annotation import is_config_annotation
from dagster._core.definitions.op.signature import Signature


class DecoratedOpFunction:
    """A user's function and what it takes.

    Args:
        fn: The function.
        signature: What it takes.
    """

    __slots__ = (
        "_call",
        "config_class",
        "fn",
        "is_async",
        "is_generator",
        "positional_only",
        "signature",
    )

    def __init__(self, fn: Callable[..., Any], signature: Signature) -> None:
        self.fn = fn
        self.signature = signature
        annotation = signature.config.annotation if signature.config else None
        #: The class whose object the function takes as config; None if it takes none, or plain config.
        self.config_class = annotation if is_config_annotation(annotation) else None
        self.positional_only = tuple(p.name for p in signature.inputs if p.positional_only)
        self.is_generator = inspect.isgeneratorfunction(fn) or inspect.isasyncgenfunction(fn)
        self.is_async = inspect.iscoroutinefunction(fn) or inspect.isasyncgenfunction(fn)
        plain = not (signature.config or signature.resources or self.positional_only)
        self._call: Callable[[Any, Mapping[str, Any]], Any]
        if plain and signature.context is None:
            self._call = lambda _context, inputs: fn(**inputs)
        elif plain:
            self._call = lambda context, inputs: fn(context, **inputs)
        else:
            self._call = self._call_with_extras

    @property
    def name(self) -> str:
        return getattr(self.fn, "__name__", type(self.fn).__name__)

    @property
    def has_context(self) -> bool:
        """Whether the function takes the context."""
        return self.signature.context is not None

    @property
    def takes_extras(self) -> bool:
        """Whether the function takes config or resources by parameter."""
        return bool(self.signature.config or self.signature.resources)

    def invoke(self, context: Any, inputs: Mapping[str, Any]) -> Any:
        """Call the function.

        Args:
            context: The op's context. Only used where the function takes it, config or resources.
            inputs: The values by input name, without those of type Nothing.
        """
        return self._call(context, inputs)

    def _call_with_extras(self, context: Any, inputs: Mapping[str, Any]) -> Any:
        keywords = dict(inputs)
        positional = [keywords.pop(name) for name in self.positional_only if name in keywords]
        if self.signature.config is not None:
            config_class = self.config_class
            keywords["config"] = (
                context.typed_config(config_class) if config_class is not None else context.op_config
            )
        for parameter in self.signature.resources:
            keywords[parameter.name] = getattr(context.resources, parameter.name)
        if self.signature.context is not None:
            return self.fn(context, *positional, **keywords)
        return self.fn(*positional, **keywords)


class RawOpFunction:
    """A compute function in the plain form ``fn(context, inputs)`` that yields outputs.

    Args:
        fn: The function; ``inputs`` is a dict of values by input name.
    """

    __slots__ = ("fn", "is_async", "is_generator")

    #: The function sees the events it yields; values it returns are outputs too.
    config_class = None
    has_context = True
    takes_extras = False

    def __init__(self, fn: Callable[[Any, Mapping[str, Any]], Any]) -> None:
        self.fn = fn
        self.is_generator = inspect.isgeneratorfunction(fn) or inspect.isasyncgenfunction(fn)
        self.is_async = inspect.iscoroutinefunction(fn) or inspect.isasyncgenfunction(fn)

    @property
    def name(self) -> str:
        return getattr(self.fn, "__name__", type(self.fn).__name__)

    def invoke(self, context: Any, inputs: Mapping[str, Any]) -> Any:
        """Call the function with the context and all inputs as one dict."""
        return self.fn(context, inputs)


OpFunction = DecoratedOpFunction | RawOpFunction
