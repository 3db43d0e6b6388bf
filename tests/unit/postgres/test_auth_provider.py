"""``auth_provider`` of a storage on PostgreSQL: its config, and how each provider gives a token."""

from __future__ import annotations

import os
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import dagster._time as _time
from dagster._config.evaluate import process_config
from dagster._core.errors import DagsterInvalidConfigError, DagsterInvariantViolationError
from dagster._core.instance.dagster_yaml import load_dagster_yaml
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.sql.database import DatabaseUnavailableError
from dagster._core.storage.sql.server_engine import is_login_refused
from dagster_postgres import DagsterPostgresStorage
from dagster_postgres.auth import token_password
from dagster_postgres.urls import postgres_config
from tests.storage.cloud_stand_ins import Cloud, put_azure, put_google
from tests.unit.process.test_forks import in_child

URL = sa.make_url("postgresql+psycopg://dagster@db.example.com:5433/runs?sslmode=require")
SCOPE = "https://ossrdbms-aad.database.windows.net/.default"
AZURE = {"azure_wif": {}}
GCP = {"gcp_wif": {}}
AWS = {"aws_wif": {"region": "eu-central-1"}}


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    return put_azure(monkeypatch)


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    return put_google(monkeypatch)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    now = [1_800_000_000.0]
    monkeypatch.setattr(_time, "now", lambda: now[0])

    def advance(seconds: float) -> None:
        now[0] += seconds

    return advance


@pytest.fixture
def no_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))


@pytest.fixture
def aws_keys(no_aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret")


# Config


@pytest.mark.parametrize(
    ("given", "processed"),
    [
        ({"aws_wif": {"region": "eu-west-1"}}, {"aws_wif": {"region": "eu-west-1"}}),
        ({"aws_wif": {"region": {"env": "THE_REGION"}}}, {"aws_wif": {"region": "eu-north-1"}}),
        ({"azure_wif": {}}, {"azure_wif": {"scope": SCOPE}}),
        ({"azure_wif": {"scope": "other"}}, {"azure_wif": {"scope": "other"}}),
        ({"gcp_wif": {}}, {"gcp_wif": {}}),
    ],
)
def test_what_it_takes(given: Any, processed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_REGION", "eu-north-1")
    config = {"postgres_url": "x", "auth_provider": given}
    assert process_config(postgres_config(), config).value["auth_provider"] == processed


def test_its_mistakes_are_told_with_those_of_the_file(tmp_path: Path) -> None:
    def problems(provider: str) -> list[str]:
        (tmp_path / "dagster.yaml").write_text(
            "storage:\n  postgres:\n    postgres_url: postgresql://u@h/d\n"
            f"    auth_provider: {provider}\n"
        )
        with pytest.raises(DagsterInvalidConfigError) as caught:
            load_dagster_yaml(str(tmp_path))
        return [error.message.removeprefix(str(tmp_path)) for error in caught.value.errors]

    at = "at path storage → postgres → auth_provider"
    (two,) = problems("{aws_wif: {region: eu-west-1}, gcp_wif: {}}")
    assert f'a single field {at}: expected exactly one of "aws_wif", "azure_wif", "gcp_wif", got:' in two
    (unknown,) = problems("{aws_wfi: {region: eu-west-1}}")
    assert f'unexpected config entry "aws_wfi" {at}. Did you mean "aws_wif"?' in unknown
    (key,) = problems("{azure_wif: {scoep: x}}")
    assert f'"scoep" {at} → azure_wif. Did you mean "scope"?' in key
    assert key.startswith("/dagster.yaml, line 4: ")
    (missing,) = problems("{aws_wif: {}}")
    assert f'Missing required config entry "region" {at} → aws_wif.' in missing


def test_the_constructor_tells_the_same_mistakes() -> None:
    with pytest.raises(DagsterInvalidConfigError, match='Missing required config entry "region"'):
        DagsterPostgresStorage("postgresql://u@h/d", auth_provider={"aws_wif": {}})


def test_worker_processes_are_told_of_it(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text(
        "storage: {postgres: {postgres_url: 'postgresql://u@h/d', auth_provider: {azure_wif: {}}}}\n"
    )
    ref = InstanceRef.from_json(InstanceRef.from_dir(str(tmp_path)).to_json())
    assert ref.storage_data is not None
    assert ref.storage_data.config_dict["auth_provider"] == {"azure_wif": {"scope": SCOPE}}


# Providers


@pytest.mark.usefixtures("aws_keys")
@pytest.mark.parametrize(("port", "signed_port"), [(5433, 5433), (None, 5432)])
def test_aws_signs_for_host_port_user_and_region(port: int | None, signed_port: int) -> None:
    url = sa.URL.create("postgresql+psycopg", "dag@ster", None, "db.example.com", port, "runs")
    token = token_password(AWS, url).current()
    signed = urllib.parse.urlsplit(f"https://{token}")
    query = dict(urllib.parse.parse_qsl(signed.query))
    assert (signed.hostname, signed.port) == ("db.example.com", signed_port)
    assert (query["Action"], query["DBUser"]) == ("connect", "dag@ster")
    key, _day, region, service, _kind = query["X-Amz-Credential"].split("/")
    assert (key, region, service) == ("AKIAEXAMPLE", "eu-central-1", "rds-db")
    assert query["X-Amz-Expires"] == "900"
    assert "a secret" not in token


@pytest.mark.usefixtures("no_aws")
def test_aws_without_credentials() -> None:
    with pytest.raises(DatabaseUnavailableError) as caught:
        token_password(AWS, URL).current()
    assert str(caught.value).startswith(
        f"The database {URL} cannot be opened: auth_provider: aws_wif got no token (NoCredentialsError: Unable to "
        "locate credentials). Check that there are credentials: an IAM role of the pod or machine,"
    )
    assert type(caught.value.__cause__).__name__ == "NoCredentialsError"


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg:///runs?host=%2Fsocket", "postgresql+psycopg://h/runs"]
)
def test_aws_needs_a_host_and_a_user(url: str) -> None:
    with pytest.raises(DagsterInvariantViolationError, match="aws_wif to name a host and a user"):
        token_password(AWS, sa.make_url(url))


def test_azure_is_asked_for_the_scope(azure: Cloud) -> None:
    assert token_password(AZURE, URL).current() == "first token"
    assert token_password({"azure_wif": {"scope": "other"}}, URL).current() == "first token"
    assert azure.asked == [SCOPE, "other"]
    assert azure.open == 0, "a credential was not closed"


def test_google_is_asked_to_log_in(google: Cloud) -> None:
    assert token_password(GCP, URL).current() == "first token"
    assert google.asked == ["https://www.googleapis.com/auth/sqlservice.login"]


@pytest.mark.parametrize(
    ("config", "module", "extra"),
    [
        (AWS, "boto3.session", "postgres-aws"),
        (AZURE, "azure.identity", "postgres-azure"),
        (GCP, "google.auth", "postgres-gcp"),
    ],
)
def test_a_library_that_is_missing(
    config: Any, module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(DagsterInvariantViolationError) as caught:
        DagsterPostgresStorage("postgresql://u@h/d", auth_provider=config)
    (kind,) = config
    text = str(caught.value)
    assert text.startswith(
        f"auth_provider: {kind} needs the module {module}, which cannot be imported ("
    )
    assert text.endswith(f'Install the extra "{extra}": pip install "dagwerk[{extra}]".')
    assert isinstance(caught.value.__cause__, ImportError)


@pytest.mark.parametrize(("put", "config"), [(put_azure, AZURE), (put_google, GCP)])
def test_a_provider_that_refuses(
    put: Callable[[pytest.MonkeyPatch], Cloud], config: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = put(monkeypatch)
    cloud.error = RuntimeError("no identity here.\nand a lot more")
    with pytest.raises(DatabaseUnavailableError) as caught:
        token_password(config, URL).current()
    (kind,) = config
    assert f"auth_provider: {kind} got no token (RuntimeError: no identity here)." in str(caught.value)
    assert "Check that there are credentials: " in str(caught.value)
    assert caught.value.__cause__ is cloud.error
    assert cloud.open == 0


# How long a token is kept


@pytest.mark.parametrize(("put", "config"), [(put_azure, AZURE), (put_google, GCP)])
def test_a_token_is_kept_until_a_little_before_its_end(
    put: Callable[[pytest.MonkeyPatch], Cloud],
    config: Any,
    monkeypatch: pytest.MonkeyPatch,
    clock: Callable[[float], None],
) -> None:
    cloud = put(monkeypatch)
    password = token_password(config, URL)
    assert password.current() == "first token"
    cloud.token = "second token"
    clock(3299)
    assert password.current() == "first token"
    clock(1)
    assert password.current() == "second token"
    assert len(cloud.asked) == 2


def test_a_token_of_a_short_life_is_kept_for_half_of_it(
    azure: Cloud, clock: Callable[[float], None]
) -> None:
    azure.seconds = 100
    password = token_password(AZURE, URL)
    password.current()
    clock(49)
    password.current()
    assert len(azure.asked) == 1
    clock(1)
    password.current()
    assert len(azure.asked) == 2


@pytest.mark.usefixtures("aws_keys")
def test_a_token_of_aws_is_kept_for_ten_minutes(
    clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    password = token_password(AWS, URL)
    first = password.current()
    clock(599)
    assert password.current() is first
    clock(1)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAANOTHER")
    assert "AKIAANOTHER" in password.current()


def test_a_token_that_does_not_tell_its_end_is_not_kept(google: Cloud) -> None:
    google.seconds = None
    password = token_password(GCP, URL)
    password.current()
    google.token = "second token"
    assert password.current() == "second token"


@pytest.fixture
def new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if not hasattr(time, "tzset"):
        pytest.skip("The time zone of a process cannot be changed here.")
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "America/New_York")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("new_york")
def test_the_end_that_google_tells_is_in_utc(google: Cloud, clock: Callable[[float], None]) -> None:
    password = token_password(GCP, URL)
    password.current()
    clock(3299)
    password.current()
    assert len(google.asked) == 1
    clock(1)
    password.current()
    assert len(google.asked) == 2


def test_a_valid_token_bridges_a_provider_that_fails(
    azure: Cloud, clock: Callable[[float], None]
) -> None:
    password = token_password(AZURE, URL)
    password.current()
    azure.error = RuntimeError("not now")
    clock(3599)
    assert password.current() == "first token"
    clock(1)
    with pytest.raises(DatabaseUnavailableError, match="not now"):
        password.current()


def test_a_token_that_was_just_made_is_not_made_again_for_a_refusal(azure: Cloud) -> None:
    password = token_password(AZURE, URL)
    token = password.current()
    azure.token = "second token"
    assert password.renewed(token) == token
    assert len(azure.asked) == 1
    # The next connection asks anew.
    assert password.current() == "second token"


def test_a_token_that_was_kept_is_made_again_for_a_refusal_once(azure: Cloud) -> None:
    password = token_password(AZURE, URL)
    password.current()
    token = password.current()
    azure.token = "second token"
    assert password.renewed(token) == "second token"
    # Another thread that the server did not let in either.
    assert password.renewed(token) == "second token"
    assert len(azure.asked) == 2


def test_threads_ask_once(azure: Cloud) -> None:
    password = token_password(AZURE, URL)
    with ThreadPoolExecutor(8) as threads:
        tokens = list(threads.map(lambda _: password.current(), range(64)))
    assert set(tokens) == {"first token"}
    assert len(azure.asked) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="There is no fork here.")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # the test runner has threads
def test_a_forked_process_keeps_the_token_and_not_the_lock(azure: Cloud) -> None:
    password = token_password(AZURE, URL)
    password.current()
    azure.token = "second token"
    with password._lock:
        assert in_child(lambda: password.current() == "first token") == 0


def test_a_token_shows_itself_nowhere(azure: Cloud) -> None:
    password = token_password(AZURE, URL)
    password.current()
    shown = f"{password!r} {password.name} {password.advice} {password._kept!r}"
    assert "first token" not in shown


def test_names_tell_providers_and_settings_apart(azure: Cloud, google: Cloud) -> None:
    configs: list[Any] = [AZURE, {"azure_wif": {"scope": "other"}}, GCP]
    assert len({token_password(config, URL).name for config in configs}) == 3
    assert token_password(AZURE, URL).name == token_password(AZURE, URL).name


@pytest.mark.parametrize(
    ("said", "is_refusal"),
    [
        ("FATAL:  The access token has expired. Please acquire a new token and retry.", True),
        ('FATAL:  PAM authentication failed for user "dagster"', True),
        ('FATAL:  Cloud SQL IAM user authentication failed for user "dagster"', True),
        ('FATAL:  no pg_hba.conf entry for host "…", user "dagster", no encryption', True),
        ('FATAL:  database "runs" does not exist', False),
        ("Connection refused", False),
    ],
)
def test_how_a_server_says_that_it_does_not_let_a_token_in(said: str, is_refusal: bool) -> None:
    assert is_login_refused(Exception(f"connection failed: {said}")) is is_refusal
