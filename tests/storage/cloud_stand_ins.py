"""Stand-ins for the libraries of Azure and Google: what they document of themselves, and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, NamedTuple

import pytest

import dagster._time as _time


class Cloud:
    """Gives tokens, and counts how often it is asked."""

    def __init__(self) -> None:
        self.token = "first token"
        #: How long its tokens are valid, in seconds; None says nothing of it.
        self.seconds: float | None = 3600
        self.asked: list[str] = []
        self.open = 0
        self.error: Exception | None = None

    def answer(self, scope: str) -> str:
        """Give the token, or fail."""
        self.asked.append(scope)
        if self.error is not None:
            raise self.error
        return self.token

    @property
    def ends(self) -> float:
        """When what is given now ends, in seconds since the epoch."""
        assert self.seconds is not None
        return _time.now() + self.seconds


class AccessToken(NamedTuple):
    """As of ``azure.core.credentials``."""

    token: str
    expires_on: int


def put_azure(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """Have ``azure.identity`` be a stand-in."""
    cloud = Cloud()

    class DefaultAzureCredential:
        def __init__(self, **options: Any) -> None:
            cloud.open += 1

        def get_token(self, *scopes: str, **options: Any) -> AccessToken:
            (scope,) = scopes
            return AccessToken(cloud.answer(scope), int(cloud.ends))

        def close(self) -> None:
            cloud.open -= 1

    _put(monkeypatch, "azure.identity", DefaultAzureCredential=DefaultAzureCredential)
    return cloud


def put_google(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """Have ``google.auth`` be a stand-in."""
    cloud = Cloud()

    class Request:
        def __call__(self, *args: Any) -> None:
            raise AssertionError("nobody is asked over the network")

    class Credentials:
        token: str | None = None
        expiry: datetime | None = None

        def __init__(self, scope: str) -> None:
            self._scope = scope

        def refresh(self, request: object) -> None:
            assert isinstance(request, Request)
            self.token = cloud.answer(self._scope)
            if cloud.seconds is not None:
                self.expiry = datetime.fromtimestamp(cloud.ends, UTC).replace(tzinfo=None)

    def default(scopes: list[str] | None = None, **options: Any) -> tuple[Credentials, str | None]:
        (scope,) = scopes or [""]
        return Credentials(scope), None

    _put(monkeypatch, "google.auth", default=default)
    _put(monkeypatch, "google.auth.transport.requests", Request=Request)
    return cloud


def _put(monkeypatch: pytest.MonkeyPatch, name: str, **members: Callable[..., Any]) -> None:
    module = ModuleType(name)
    for member, value in members.items():
        setattr(module, member, value)
    monkeypatch.setitem(sys.modules, name, module)
