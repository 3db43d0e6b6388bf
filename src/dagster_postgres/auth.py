"""Passwords that a cloud provider gives for a short time: ``auth_provider`` of a storage on PostgreSQL."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

import dagster._time as _time
from dagster._config.evaluate import process_config
from dagster._config.field import Field
from dagster._config.shapes import Selector, Shape
from dagster._config.source import StringSource
from dagster._core.errors import DagsterInvalidConfigError, DagsterInvariantViolationError
from dagster._core.storage.sql.database import DatabaseUnavailableError
from dagster._process.forks import forget_in_forks

#: What a token of Azure is asked for, as documented.
AZURE_SCOPE: Final = "https://ossrdbms-aad.database.windows.net/.default"
#: What a token of Google is asked for: to log in to databases, and nothing else.
GCP_SCOPE: Final = "https://www.googleapis.com/auth/sqlservice.login"
#: How long a token of AWS lets new connections in, in seconds, as documented by AWS. It does not tell itself.
AWS_TOKEN_SECONDS: Final = 900.0
#: How long before its end a token is renewed, in seconds, or after half of its life if that is less: the credentials
#: that sign a token of AWS may end a little before it, and clocks differ.
RENEWAL_SECONDS: Final = 300.0


def auth_provider_config() -> Selector:
    """Return the config of ``auth_provider``: one provider and its settings."""
    scope = Field(StringSource, is_required=False, default_value=AZURE_SCOPE)
    return Selector(
        {
            "aws_wif": Shape({"region": StringSource}),
            "azure_wif": Shape({"scope": scope}),
            "gcp_wif": Shape({}),
        }
    )


class Token:
    """A password for a short time. It shows itself nowhere.

    Args:
        value: What is sent.
        seconds: How long it is valid from now on; 0 if that is not known, which lets it be asked for each time.
    """

    __slots__ = ("ends_at", "given", "renew_at", "value")

    def __init__(self, value: str, seconds: float) -> None:
        now = _time.now()
        self.value = value
        self.ends_at = now + seconds
        self.renew_at = now + max(seconds - RENEWAL_SECONDS, seconds / 2)
        #: For how many connections.
        self.given = 0


class Provider(NamedTuple):
    """Somebody who gives tokens.

    Args:
        modules: The modules of its library.
        extra: The extra of this distribution that installs them.
        ask: Returns a new token, given the modules, the settings and the URL of the database.
        credentials: Where the library looks for credentials: what to check when it finds none.
        grants: What the account of the database needs: what to check when the server does not let it in.
    """

    modules: tuple[str, ...]
    extra: str
    ask: Callable[[tuple[Any, ...], Mapping[str, str], sa.URL], Token]
    credentials: str
    grants: str


# Each token is asked for with new credentials: it is rarely done, files with credentials are replaced meanwhile, and
# a forked process inherits no locks and connections of a library.


def _ask_aws(modules: tuple[Any, ...], settings: Mapping[str, str], url: sa.URL) -> Token:
    (session,) = modules
    client = session.Session().client("rds", region_name=settings["region"])
    # Signed here: nothing is sent, unless credentials must be fetched.
    signed = client.generate_db_auth_token(
        DBHostname=url.host, Port=url.port or 5432, DBUsername=url.username
    )
    return Token(signed, AWS_TOKEN_SECONDS)


def _ask_azure(modules: tuple[Any, ...], settings: Mapping[str, str], _url: sa.URL) -> Token:
    (identity,) = modules
    with closing(identity.DefaultAzureCredential()) as credential:
        given = credential.get_token(settings["scope"])
    return Token(given.token, given.expires_on - _time.now())


def _ask_gcp(modules: tuple[Any, ...], _settings: Mapping[str, str], _url: sa.URL) -> Token:
    auth, transport = modules
    credentials, _project = auth.default(scopes=[GCP_SCOPE])
    credentials.refresh(transport.Request())
    expiry = credentials.expiry
    if expiry is None:
        return Token(credentials.token, 0)
    # In UTC, without saying so.
    ends = expiry if expiry.tzinfo is not None else expiry.replace(tzinfo=UTC)
    return Token(credentials.token, ends.timestamp() - _time.now())


PROVIDERS: Final[Mapping[str, Provider]] = MappingProxyType(
    {
        "aws_wif": Provider(
            ("boto3.session",),
            "postgres-aws",
            _ask_aws,
            "an IAM role of the pod or machine, AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE, AWS_PROFILE, or keys in "
            "the environment",
            "its region is that of the database, its host is the database's own name and no alias, the account is "
            "granted rds_iam, and the role may rds-db:connect as it",
        ),
        "azure_wif": Provider(
            ("azure.identity",),
            "postgres-azure",
            _ask_azure,
            "the workload identity of the pod, the managed identity of the machine, AZURE_CLIENT_ID, AZURE_TENANT_ID "
            "and AZURE_CLIENT_SECRET, or `az login`",
            "its account has the name of the Entra identity, and the server knows it as a principal",
        ),
        "gcp_wif": Provider(
            ("google.auth", "google.auth.transport.requests"),
            "postgres-gcp",
            _ask_gcp,
            "the service account of the pod or machine, GOOGLE_APPLICATION_CREDENTIALS, or "
            "`gcloud auth application-default login`",
            "cloudsql.iam_authentication is on, the account is an IAM user of the instance (a service account without "
            "its .gserviceaccount.com), and has roles/cloudsql.instanceUser",
        ),
    }
)


class TokenPassword:
    """Tokens of a provider as passwords. Threads may share it; a forked process keeps the token.

    Args:
        kind: The provider: a key of ``PROVIDERS``.
        settings: Its config.
        url: The URL of the database.

    Raises:
        DagsterInvariantViolationError: If the provider's library is not installed, or the URL lacks what the provider
            needs of it.
    """

    def __init__(self, kind: str, settings: Mapping[str, str], url: sa.URL) -> None:
        self._kind = kind
        self._settings = settings
        self._url = url
        self._provider = PROVIDERS[kind]
        if kind == "aws_wif" and not (url.host and url.username):
            raise DagsterInvariantViolationError(
                "expected the URL of a PostgreSQL storage with auth_provider: aws_wif to name a host and a user, for "
                f"which a token is made, got: {url.render_as_string()}."
            )
        self._modules = tuple(self._imported(name) for name in self._provider.modules)
        self._kept: Token | None = None
        self._lock = threading.Lock()
        forget_in_forks(self)

    @property
    def name(self) -> str:
        """The provider and its settings."""
        return f"{self._kind} {sorted(self._settings.items())}"

    @property
    def advice(self) -> str:
        """What to check where a server does not let its tokens in."""
        return (
            f"The password was a token of auth_provider: {self._kind}. Check that sslmode is at least require, "
            f"{self._provider.grants}."
        )

    def current(self) -> str:
        """Return a token that is valid for a while.

        Raises:
            DatabaseUnavailableError: If the provider gives none.
        """
        with self._lock:
            return self._current()

    def renewed(self, refused: str) -> str:
        """Return another token than one that the server did not let in, or that one if it was just made.

        Raises:
            DatabaseUnavailableError: If the provider gives none.
        """
        with self._lock:
            kept = self._kept
            if kept is not None and kept.value == refused:
                self._kept = None
                if kept.given == 1:
                    return refused
            return self._current()

    def forget_parent(self) -> None:
        """Have a lock of its own: called in a forked process. The token is as good there."""
        self._lock = threading.Lock()

    def _current(self) -> str:
        now = _time.now()
        kept = self._kept
        if kept is None or now >= kept.renew_at:
            try:
                kept = self._kept = self._asked()
            except DatabaseUnavailableError:
                # The next connection asks again: it is asked for before the end.
                if kept is None or now >= kept.ends_at:
                    raise
        kept.given += 1
        return kept.value

    def _asked(self) -> Token:
        try:
            return self._provider.ask(self._modules, self._settings, self._url)
        except Exception as exc:
            text = str(exc).strip()
            reason = f"{type(exc).__name__}: {text.splitlines()[0]}" if text else type(exc).__name__
            raise DatabaseUnavailableError(
                f"The database {self._url.render_as_string()} cannot be opened: auth_provider: {self._kind} got no "
                f"token ({reason.rstrip('.')}). Check that there are credentials: {self._provider.credentials}."
            ) from exc

    def _imported(self, module: str) -> Any:
        try:
            return importlib.import_module(module)
        except ImportError as exc:
            raise DagsterInvariantViolationError(
                f"auth_provider: {self._kind} needs the module {module}, which cannot be imported ({exc}). Install "
                f'the extra "{self._provider.extra}": pip install "dagwerk[{self._provider.extra}]".'
            ) from exc


def token_password(auth_provider: Mapping[str, Any], url: sa.URL) -> TokenPassword:
    """Return what gives the passwords of a database. Nobody is asked for a token yet.

    Args:
        auth_provider: A provider and its settings, as ``dagster.yaml`` writes them.
        url: The URL of the database.

    Raises:
        DagsterInvalidConfigError: With all that is wrong with ``auth_provider``.
        DagsterInvariantViolationError: If the provider's library is not installed, or the URL lacks what the provider
            needs of it.
    """
    result = process_config(auth_provider_config(), auth_provider)
    if not result.success:
        raise DagsterInvalidConfigError(
            "Error in the auth_provider of a PostgreSQL storage", result.errors, auth_provider
        )
    ((kind, settings),) = result.value.items()
    return TokenPassword(kind, settings, url)
