"""The warnings that Dagwerk gives, so that a program can filter them."""

from __future__ import annotations

import warnings


class ExperimentalWarning(Warning):
    """An experimental API was used."""


class BetaWarning(Warning):
    """A beta API was used."""


class PreviewWarning(Warning):
    """A preview API was used."""


class SupersessionWarning(FutureWarning):
    """An API was used that a better one has taken the place of."""


class ConfigArgumentWarning(SyntaxWarning):
    """A parameter is called ``config`` but is not annotated with a Config class."""


def deprecation_warning(
    subject: str,
    breaking_version: str,
    additional_warn_text: str | None = None,
    stacklevel: int = 3,
) -> None:
    """Warn that a thing is deprecated.

    Args:
        subject: What is deprecated.
        breaking_version: The version in which it goes.
        additional_warn_text: What to use in its place.
        stacklevel: How many calls up the user's code is.
    """
    rest = f" {additional_warn_text}" if additional_warn_text else ""
    warnings.warn(
        f"{subject} is deprecated and will be removed in {breaking_version}.{rest}",
        DeprecationWarning,
        stacklevel=stacklevel,
    )
