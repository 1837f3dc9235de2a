"""The whole program on one machine: servers, web, worker and beat under one supervisor."""

from __future__ import annotations

import json
import os
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from monitor.management.servers.embedded import start_servers
from monitor.management.servers.home import Home
from monitor.management.servers.port import demand_free, local_address
from monitor.management.servers.problems import GaveUp
from monitor.management.servers.process import Program
from monitor.management.servers.supervisor import Supervisor

WEB_READY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run and where; `env` is added to the environment of every program."""

    base_dir: Path
    home_dir: Path
    host: str
    port: int
    base_url: str
    web_processes: int
    web_threads: int
    worker_processes: int
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stack:
    """A running program: its supervisor, and the environment that its processes share."""

    plan: Plan
    supervisor: Supervisor
    env: Mapping[str, str]
    first_login: Mapping[str, str] | None

    def manage(self, name: str, *arguments: str, on_terminal: bool = False) -> Program:
        """One management command as a program of this stack."""
        return _manage(self.plan, self.env, name, *arguments, on_terminal=on_terminal)


@contextmanager
def running(plan: Plan, say: Callable[[str], None], *, with_login: bool) -> Iterator[Stack]:
    """Everything up and ready for the length of a block; raises CannotStart before anything was started.

    `with_login` makes an administrator where there is no user yet; `first_login` then holds the name and
    the password, this once.
    """
    home = Home.at(plan.home_dir)
    with home.locked(plan.base_url):
        home.end_leftovers()
        demand_free(plan.host, plan.port)
        with Supervisor(home, say) as supervisor:
            say("starting PostgreSQL and Redis ...")
            found = start_servers(supervisor, home, say)
            env = {"SECRET_KEY": os.environ.get("SECRET_KEY") or home.secret_key(), **_shared(plan, home), **found}
            first_login = _prepare(plan, supervisor, home, env, with_login=with_login)
            say("starting web, worker and beat ...")
            for program in _programs(plan, env):
                supervisor.keep(program)
            address = f"http://{_bracketed(local_address(plan.host))}:{plan.port}/readyz"
            supervisor.until(lambda: _answers(address), what="web", timeout_seconds=WEB_READY_SECONDS)
            yield Stack(plan, supervisor, env, first_login)


def _shared(plan: Plan, home: Home) -> dict[str, str]:
    """The plan as settings, so that every process reads the same."""
    return {
        "HOME_DIR": str(home.path),
        "HOST": plan.host,
        "PORT": str(plan.port),
        "BASE_URL": plan.base_url,
        **plan.env,
    }


def _prepare(
    plan: Plan, supervisor: Supervisor, home: Home, env: Mapping[str, str], *, with_login: bool
) -> Mapping[str, str] | None:
    note = home.path / "first-login.json"
    note.unlink(missing_ok=True)
    arguments = ["--first-login", str(note)] if with_login else []
    if supervisor.run(_manage(plan, env, "prepare", *arguments)) != 0:
        raise GaveUp(f"the database could not be prepared; {supervisor.log_of('prepare')}")
    if not note.exists():
        return None
    login: Mapping[str, str] = json.loads(note.read_text())
    note.unlink()
    return login


def _manage(plan: Plan, env: Mapping[str, str], name: str, *arguments: str, on_terminal: bool = False) -> Program:
    command = (sys.executable, str(plan.base_dir / "manage.py"), name, *arguments)
    level = {"LOG_LEVEL": "ERROR"} if on_terminal else {}
    return Program(name=name, command=command, env={**env, **level}, cwd=plan.base_dir, on_terminal=on_terminal)


def _programs(plan: Plan, env: Mapping[str, str]) -> Iterator[Program]:
    python, celery = sys.executable, ("-m", "celery", "--quiet", "-A", "monitor.conf.celery")
    web = ("-m", "granian", "--interface", "wsgi", "--host", plan.host, "--port", str(plan.port), "--no-ws")
    size = ("--workers", str(plan.web_processes), "--blocking-threads", str(plan.web_threads))
    sure = ("--respawn-failed-workers", "--workers-kill-timeout", "1", "--log-config", "monitor/conf/granian.json")
    yield Program(
        name="web",
        command=(python, *web, *size, *sure, "monitor.conf.wsgi:application"),
        env=env,
        cwd=plan.base_dir,
    )
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO")
    yield Program(
        name="worker",
        command=(python, *celery, "worker", "--concurrency", str(plan.worker_processes), *quiet),
        env=env,
        cwd=plan.base_dir,
        hard_signal=signal.SIGQUIT,  # ends at once; what it was judging is judged again
    )
    yield Program(
        name="beat",
        command=(python, *celery, "beat", "--pidfile", "", "--loglevel", "INFO"),
        env=env,
        cwd=plan.base_dir,
    )


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310 - our own http address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
