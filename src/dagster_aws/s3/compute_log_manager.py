"""S3ComputeLogManager: stdout and stderr on S3."""

from __future__ import annotations

import itertools
import threading
import urllib.parse
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, Self

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import ClientError

from dagster._config.config_type import Bool
from dagster._config.field import Field
from dagster._config.shapes import Permissive
from dagster._config.source import StringSource
from dagster._core.storage.remote_compute_log_manager import (
    UPLOAD_FIELDS,
    LogStore,
    RemoteComputeLogManager,
)
from dagster._serdes.config_class import ConfigurableClass, ConfigurableClassData

_URL_SECONDS: Final = 3600
#: What one request of S3 deletes at most.
_MAX_DELETED: Final = 1000
#: What one request of S3 lists at most.
_MOST_LISTED: Final = 1000
_NOT_THERE: Final = frozenset({"NoSuchKey", "404", "NotFound"})
_BEHIND_THE_END: Final = frozenset({"InvalidRange", "416"})


class S3LogStore(LogStore):
    """Objects of an S3 bucket.

    Args:
        bucket: The bucket.
        prefix: What all keys start with.
        client_options: What ``boto3.client("s3")`` takes.
        upload_extra_args: What each upload takes: encryption, access.
    """

    def __init__(
        self,
        bucket: str,
        prefix: str,
        client_options: Mapping[str, Any],
        upload_extra_args: Mapping[str, Any],
    ) -> None:
        self._bucket = bucket
        prefix = prefix.strip("/")
        self._start = f"{prefix}/storage/" if prefix else "storage/"
        self._client_options = client_options
        self._upload_extra_args = upload_extra_args
        self._lock = threading.Lock()
        self._made: Any = None

    @property
    def _client(self) -> Any:
        """The client, made when it is first needed. Threads may share it."""
        with self._lock:
            if self._made is None:
                config = Config(retries={"mode": "standard", "max_attempts": 5})
                self._made = Session().client("s3", config=config, **self._client_options)
            return self._made

    def upload(self, local_path: str, path: str) -> None:
        """Make an object of a local file, in several parts if it is large."""
        self._client.upload_file(
            local_path, self._bucket, self._start + path, ExtraArgs=dict(self._upload_extra_args)
        )

    def read(self, path: str, offset: int, max_bytes: int | None) -> bytes | None:
        """Return bytes of an object."""
        if max_bytes == 0:
            return b"" if self.exists(path) else None
        options: dict[str, Any] = {}
        if offset or max_bytes is not None:
            end = "" if max_bytes is None else offset + max_bytes - 1
            options["Range"] = f"bytes={offset}-{end}"
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=self._start + path, **options)
        except ClientError as exc:
            if _code_of(exc) in _NOT_THERE:
                return None
            if _code_of(exc) in _BEHIND_THE_END:
                return b""
            raise
        with found["Body"] as body:
            return body.read()

    def exists(self, path: str) -> bool:
        """Return whether there is an object."""
        try:
            self._client.head_object(Bucket=self._bucket, Key=self._start + path)
        except ClientError as exc:
            if _code_of(exc) in _NOT_THERE:
                return False
            raise
        return True

    def paths(self, start: str) -> Iterator[str]:
        """Yield the paths of the objects in a directory."""
        prefix = f"{self._start}{start}/" if start else self._start
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix
        )
        for page in pages:
            for found in page.get("Contents", ()):
                yield found["Key"][len(self._start) :]

    def paths_of(self, starts: Collection[str]) -> Iterator[str]:
        """Yield the paths of the objects in several directories.

        A request lists a thousand objects of one directory, or of all. All are looked through if that takes
        no more requests than there are directories.
        """
        wanted = frozenset(starts)
        if len(wanted) > 1:
            everything = self.paths("")
            looked_at = itertools.islice(everything, len(wanted) * _MOST_LISTED)
            found = [path for path in looked_at if not wanted.isdisjoint(_folders(path))]
            if next(everything, None) is None:
                yield from found
                return
        for start in wanted:
            yield from self.paths(start)

    def delete(self, paths: Sequence[str]) -> None:
        """Delete objects, a thousand with each request."""
        for first in range(0, len(paths), _MAX_DELETED):
            objects = [{"Key": self._start + path} for path in paths[first : first + _MAX_DELETED]]
            answer = self._client.delete_objects(
                Bucket=self._bucket, Delete={"Objects": objects, "Quiet": True}
            )
            for error in answer.get("Errors", ()):
                raise OSError(
                    f"S3 did not delete {error.get('Key')} of bucket {self._bucket}: {error.get('Message')}"
                )

    @property
    def name(self) -> str:
        """What tells the store from others."""
        return f"{self._client_options.get('endpoint_url') or ''} {self.location('')}"

    def location(self, path: str) -> str:
        """Return the ``s3://`` address of an object."""
        return f"s3://{self._bucket}/{self._start}{path}"

    def download_url(self, path: str) -> str | None:
        """Return a signed URL, which works for an hour."""
        return self._client.generate_presigned_url(
            "get_object",
            Params={"Bucket": self._bucket, "Key": self._start + path},
            ExpiresIn=_URL_SECONDS,
        )

    def external_url(self, path: str) -> str | None:
        """Return where the object is in Amazon's console, or at the endpoint."""
        key = self._start + path
        endpoint = self._client_options.get("endpoint_url")
        if endpoint:
            return f"{endpoint.rstrip('/')}/{self._bucket}/{urllib.parse.quote(key)}"
        query = urllib.parse.urlencode({"region": self._client.meta.region_name, "prefix": key})
        return f"https://console.aws.amazon.com/s3/object/{self._bucket}?{query}"

    def dispose(self) -> None:
        """Close the connections."""
        with self._lock:
            if self._made is not None:
                self._made.close()
                self._made = None


class S3ComputeLogManager(RemoteComputeLogManager, ConfigurableClass):
    """Logs compute function stdout and stderr to S3.

    From the "Internals" document. Credentials come from where ``boto3`` looks for them. The package needs
    the extra ``aws`` (``pip install "dagwerk[aws]"``). In ``dagster.yaml``::

        compute_logs:
          module: dagster_aws.s3.compute_log_manager
          class: S3ComputeLogManager
          config:
            bucket: mycorp-dagster-compute-logs
            prefix: dagster-test-
            upload_interval: 30
            upload_extra_args:
              ServerSideEncryption: AES256

    Args:
        bucket: The bucket.
        local_dir: Where logs are written first. Default: a temporary directory.
        inst_data: Where the object comes from.
        prefix: What all keys start with. Default: ``dagster``.
        use_ssl: Whether the connection is encrypted. Default: True.
        verify: Whether the certificate is checked. Default: True.
        verify_cert_path: The file of the certificates to check it with.
        endpoint_url: Where S3 is, if it is not Amazon's.
        skip_empty_files: Whether streams that got nothing are not uploaded. Default: False.
        upload_interval: Seconds between uploads while a log is written. Default: only at its end.
        upload_extra_args: What each upload takes: encryption, access.
        show_url_only: Whether events tell where the log can be seen, in place of its content.
        region: The region. Default: the one of the session.
        max_bytes_per_stream: How much is kept of each stream of a process that runs steps, in bytes.
            Default: everything.
    """

    def __init__(
        self,
        bucket: str,
        local_dir: str | None = None,
        inst_data: ConfigurableClassData | None = None,
        prefix: str = "dagster",
        use_ssl: bool = True,
        verify: bool = True,
        verify_cert_path: str | None = None,
        endpoint_url: str | None = None,
        skip_empty_files: bool = False,
        upload_interval: float | None = None,
        upload_extra_args: Mapping[str, Any] | None = None,
        show_url_only: bool = False,
        region: str | None = None,
        max_bytes_per_stream: int | None = None,
    ) -> None:
        self._inst_data = inst_data
        options = {
            "use_ssl": use_ssl,
            "verify": (verify_cert_path or None) if verify else False,
            "endpoint_url": endpoint_url,
            "region_name": region,
        }
        store = S3LogStore(bucket, prefix, options, upload_extra_args or {})
        super().__init__(
            store,
            local_dir,
            skip_empty_files,
            upload_interval,
            show_url_only,
            max_bytes_per_stream=max_bytes_per_stream,
        )

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """Where the object comes from."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> Any:
        """Return the schema of its config."""

        def optional(config_type: Any, description: str) -> Field:
            return Field(config_type, is_required=False, description=description)

        return {
            "bucket": Field(StringSource, description="The bucket."),
            "prefix": Field(
                StringSource,
                is_required=False,
                default_value="dagster",
                description="What all keys start with.",
            ),
            "use_ssl": Field(Bool, default_value=True, description="Whether to encrypt the connection."),
            "verify": Field(Bool, default_value=True, description="Whether to check the certificate."),
            "verify_cert_path": optional(StringSource, "The certificates to check it with."),
            "endpoint_url": optional(StringSource, "Where S3 is, if it is not Amazon's."),
            "upload_extra_args": optional(Permissive({}), "What each upload takes."),
            "region": optional(StringSource, "The region."),
            **UPLOAD_FIELDS,
        }

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """Return the manager of a config."""
        return cls(inst_data=inst_data, **config_value)


def _folders(path: str) -> Iterator[str]:
    """Yield the directories that a path is in."""
    end = path.find("/")
    while end >= 0:
        yield path[:end]
        end = path.find("/", end + 1)


def _code_of(exc: ClientError) -> str:
    return str(exc.response.get("Error", {}).get("Code"))
