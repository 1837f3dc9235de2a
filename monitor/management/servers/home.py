"""HOME_DIR: the data of the embedded servers, the logs, and the lock that says who runs in it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from monitor.management.servers.problems import CannotStart
from monitor.management.servers.process import Child, end, kill_group

SOCKET_PATH_BYTES = 100
_SAME_START_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Home:
    """A folder that one program at a time runs in; `path` is absolute."""

    path: Path

    @classmethod
    def at(cls, path: Path | str) -> Home:
        """Makes the folder where it is missing; raises CannotStart where it may not be written."""
        home = Path(path).expanduser().resolve()
        try:
            home.mkdir(parents=True, exist_ok=True, mode=0o755)
            (home / "log").mkdir(exist_ok=True, mode=0o700)
        except OSError as error:
            raise CannotStart(f"{home} cannot be written ({error.strerror}). Give another HOME_DIR.") from error
        return cls(home)

    @property
    def log_dir(self) -> Path:
        """Where each program's output goes."""
        return self.path / "log"

    def secret_key(self) -> str:
        """The key that signs sessions: made once, kept readable by its owner alone."""
        file = self.path / "secret_key"
        if not file.exists():
            with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
                out.write(secrets.token_urlsafe(50))
        return file.read_text().strip()

    @contextmanager
    def locked(self, what: str) -> Iterator[None]:
        """Holds the folder for this process's life; raises CannotStart with who holds it otherwise."""
        with open(os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o644), "r+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                holder = lock.read().strip() or "another process"
                raise CannotStart(
                    f"Crosstalk is already running in {self.path} ({holder}). Stop it first, or start this one "
                    "with another HOME_DIR and PORT."
                ) from error
            lock.truncate(0)
            lock.write(f"process {os.getpid()}, {what}")
            lock.flush()
            yield

    def remember(self, children: Iterable[Child]) -> None:
        """Writes down who runs, so that the next start finds what a killed program left behind.

        Servers know their own leftovers by their data folders and are better ended by their own signals.
        """
        found = []
        for child in children:
            try:
                found.append([child.program.name, child.pid, psutil.Process(child.pid).create_time()])
            except psutil.NoSuchProcess:
                continue
        file = self.path / "processes.json"
        file.with_suffix(".new").write_text(json.dumps(found))
        file.with_suffix(".new").replace(file)

    def end_leftovers(self) -> list[str]:
        """Ends what a killed program left running here and returns the names; call it with the lock held."""
        try:
            remembered = json.loads((self.path / "processes.json").read_text())
        except (FileNotFoundError, ValueError):
            return []
        ended = []
        for name, pid, started in remembered:
            if _same(pid, started):
                end(psutil.Process(pid))
                ended.append(str(name))
            if not psutil.pid_exists(pid):
                kill_group(pid)  # its workers may outlive a leader; a free id has no foreign group
        (self.path / "processes.json").unlink(missing_ok=True)
        return ended

    def socket_dir(self, wanted: Path, longest_name: str, owner_id: int) -> Path:
        """`wanted`, or a short private folder where a socket's path there would be too long for the system."""
        if len(os.fsencode(wanted / longest_name)) <= SOCKET_PATH_BYTES:
            return wanted
        digest = hashlib.sha256(os.fsencode(wanted)).hexdigest()[:12]
        short = Path(tempfile.gettempdir(), f"crosstalk-{owner_id}-{digest}")
        if len(os.fsencode(short / longest_name)) > SOCKET_PATH_BYTES:
            short = Path("/tmp", short.name)  # noqa: S108 - private: made with mode 0700, its owner checked below
        if not short.exists():
            short.mkdir(mode=0o700)
            os.chown(short, owner_id, -1)
        state = short.lstat()
        if short.is_symlink() or state.st_uid != owner_id or state.st_mode & 0o077:
            raise CannotStart(f"{short} is not private to this program. Remove it, or give a shorter HOME_DIR.")
        return short


def _same(pid: int, started: float) -> bool:
    """Whether the process of that id is still the one remembered: ids are given again."""
    try:
        return abs(psutil.Process(pid).create_time() - started) < _SAME_START_SECONDS
    except psutil.NoSuchProcess:
        return False
