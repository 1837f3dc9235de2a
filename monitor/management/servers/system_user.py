"""PostgreSQL refuses to run as root: the ordinary user it gets instead, and what that user must reach."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from monitor.management.servers.problems import CannotStart

NAME = "pgserver"
_WAY_OUT = "Run as an ordinary user, or give a DATABASE_URL of a PostgreSQL of your own."


@dataclass(frozen=True, slots=True)
class SystemUser:
    """Who runs PostgreSQL: ids for a child process; `switched` when it is somebody else than we are."""

    user_id: int
    group_id: int
    switched: bool


def postgres_user() -> SystemUser:
    """Ourselves, or as root the user `pgserver`, made where it is missing; raises CannotStart where it cannot."""
    if os.geteuid() != 0:
        return SystemUser(os.geteuid(), os.getegid(), switched=False)
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        entry = _made()
    return SystemUser(entry.pw_uid, entry.pw_gid, switched=True)


def _made() -> pwd.struct_passwd:
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if useradd is None:
        raise CannotStart(
            f"PostgreSQL does not run as root, and there is no useradd to make the user {NAME}. {_WAY_OUT}"
        )
    command = [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", NAME]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a fixed command
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        reason = result.stderr.strip() or f"exit code {result.returncode}"
        raise CannotStart(
            f"PostgreSQL does not run as root, and the user {NAME} could not be made ({reason}). {_WAY_OUT}"
        ) from None


def make_reachable(user: SystemUser, path: Path, say: Callable[[str], None]) -> None:
    """Lets the user pass through every folder above `path` (never list it), and says which it opened."""
    if not user.switched:
        return
    for folder in reversed(path.parents):
        if not _may_pass(user, folder):
            try:
                folder.chmod(stat.S_IMODE(folder.stat().st_mode) | stat.S_IXOTH)
            except OSError as error:
                raise CannotStart(
                    f"PostgreSQL runs as the user {NAME}, who may not pass through {folder} "
                    f"({error.strerror}): chmod o+x it, or give another HOME_DIR. {_WAY_OUT}"
                ) from error
            say(f"{folder} may now be passed through (chmod o+x): PostgreSQL runs as the user {NAME}.")


def give(user: SystemUser, folder: Path) -> None:
    """Makes the user the owner of the folder and all in it; raises CannotStart where somebody else is."""
    if folder.stat().st_uid == user.user_id:
        return
    if not user.switched:
        raise CannotStart(
            f"{folder} belongs to another user: run as that user or as root, or give another HOME_DIR."
        )
    for path in _tree(folder):
        os.chown(path, user.user_id, user.group_id, follow_symlinks=False)


def make_readable(folder: Path) -> None:
    """Lets everybody read the folder's files and run those that its owner may run, as a wheel should be."""
    for path in _tree(folder):
        if not path.is_symlink():
            mode = stat.S_IMODE(path.stat().st_mode)
            runnable = stat.S_IXOTH if mode & stat.S_IXUSR else 0
            path.chmod(mode | stat.S_IROTH | runnable)


def _tree(folder: Path) -> Iterator[Path]:
    yield folder
    yield from folder.rglob("*")


def _may_pass(user: SystemUser, folder: Path) -> bool:
    state = folder.stat()
    if state.st_uid == user.user_id:
        return bool(state.st_mode & stat.S_IXUSR)
    if state.st_gid == user.group_id:
        return bool(state.st_mode & stat.S_IXGRP)
    return bool(state.st_mode & stat.S_IXOTH)
