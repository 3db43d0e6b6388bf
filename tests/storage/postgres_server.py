"""A PostgreSQL server of a test's own, which can be stopped: the shared one cannot."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.storage.services import unavailable

_WAYS_IN = {"postgres": "trust", "all": "scram-sha-256"}


class PostgresServer:
    """A server in a directory, run by an unprivileged user."""

    def __init__(self, directory: str, port: int) -> None:
        self._directory = directory
        self._data = os.path.join(directory, "data")
        self.url = f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
        self._port = port

    def _run(self, *command: str) -> None:
        as_other = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        log = os.path.join(self._directory, "output")
        with open(log, "ab") as output:
            done = subprocess.run(
                [*as_other, *command], cwd=self._directory, stdout=output, stderr=output, check=False
            )
        if done.returncode:
            with open(log, encoding="utf-8") as text:
                raise RuntimeError(f"{command[0]} failed: {text.read()[-2000:]}")

    def init(self) -> None:
        """Make the files of an empty server."""
        self._run("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")

    def ask_for_passwords(self) -> None:
        """Have everybody but ``postgres`` give a password. It holds from the next start on."""
        lines = [f"host all {who} 127.0.0.1/32 {how}\n" for who, how in _WAYS_IN.items()]
        with open(os.path.join(self._data, "pg_hba.conf"), "w", encoding="utf-8") as rules:
            rules.writelines(lines)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=30"
        log = os.path.join(self._directory, "log")
        self._run("pg_ctl", "-D", self._data, "-w", "-o", options, "-l", log, "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop it. ``immediate`` is as if its power had failed."""
        self._run("pg_ctl", "-D", self._data, "-w", "-m", mode, "stop")


@contextmanager
def own_server(*, passwords: bool = False) -> Iterator[PostgresServer]:
    """Give a running server, which ends with the block.

    Args:
        passwords: Whether everybody but ``postgres`` must give one.
    """
    if shutil.which("initdb") is None or shutil.which("pg_ctl") is None:
        unavailable("The programs initdb and pg_ctl are not there to start a PostgreSQL server with.")
    directory = tempfile.mkdtemp(prefix="dagster-postgres-")
    if os.geteuid() == 0:
        try:
            user = pwd.getpwnam("postgres")
        except KeyError:
            unavailable("PostgreSQL does not run as root, and there is no user postgres.")
            raise
        os.chown(directory, user.pw_uid, user.pw_gid)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    server = PostgresServer(directory, port)
    try:
        server.init()
        if passwords:
            server.ask_for_passwords()
        server.start()
        yield server
    finally:
        with suppress(RuntimeError):  # it was stopped already
            server.stop()
        shutil.rmtree(directory, ignore_errors=True)
