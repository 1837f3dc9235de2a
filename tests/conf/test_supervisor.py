"""The supervisor with small programs: restarts, giving up, sure ends."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from monitor.management.servers import supervisor as module
from monitor.management.servers.home import Home
from monitor.management.servers.problems import CannotStart, GaveUp, Stopped
from monitor.management.servers.process import Program, living
from monitor.management.servers.supervisor import Supervisor
from tests.conf.running import alive


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.at(tmp_path / "home")


def python(name: str, code: str, **fields: Any) -> Program:
    return Program(name=name, command=(sys.executable, "-c", code), **fields)


@pytest.fixture
def below() -> Callable[[], list[psutil.Process]]:
    """What was started below us during the test: the test run's own servers are there before."""
    before = set(psutil.Process().children(recursive=True))
    return lambda: [process for process in psutil.Process().children(recursive=True) if process not in before]


def test_a_run_gives_the_exit_code_and_keeps_the_output(home: Home) -> None:
    with Supervisor(home, print) as supervisor:
        assert supervisor.run(python("one", "print('seen'); raise SystemExit(3)")) == 3
    assert (home.log_dir / "one.log").read_text() == "seen\n"


def test_what_dies_is_started_again(home: Home, tmp_path: Path) -> None:
    said: list[str] = []
    starts = tmp_path / "starts"
    code = (
        f"file = {str(starts)!r}; open(file, 'a').write('x'); first = open(file).read() == 'x';"
        "import time; time.sleep(0.05 if first else 60)"
    )
    with Supervisor(home, said.append) as supervisor:
        supervisor.keep(python("mortal", code))
        supervisor.until(lambda: starts.exists() and starts.read_text() == "xx", what="mortal", timeout_seconds=10)
    assert said == ["mortal ended (exit code 0) and is started again."]


def test_what_dies_again_and_again_ends_everything_with_its_log(
    home: Home, below: Callable[[], list[psutil.Process]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(module, "LONGEST_PAUSE_SECONDS", 0.01)
    with Supervisor(home, lambda _: None) as supervisor:
        supervisor.keep(python("steady", "import time; time.sleep(60)"))
        supervisor.keep(python("broken", "raise SystemExit('no such setting')"))
        steady = below()
        with pytest.raises(GaveUp, match=r"(?s)broken ended 6 times within a minute.*no such setting"):
            supervisor.forever()
    assert alive(steady) == []


def test_a_stubborn_program_and_its_children_are_gone_within_five_seconds(
    home: Home, below: Callable[[], list[psutil.Process]], tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    code = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "child = 'import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)';"
        "subprocess.Popen([sys.executable, '-c', child]);"
        f"open({str(ready)!r}, 'w').close(); time.sleep(60)"
    )
    with Supervisor(home, lambda _: None) as supervisor:
        supervisor.keep(python("stubborn", code))
        supervisor.until(ready.exists, what="stubborn", timeout_seconds=10)
        everything = below()
        assert len(everything) >= 2
        began = time.monotonic()
    assert time.monotonic() - began < 5
    psutil.wait_procs(everything, timeout=2)
    assert alive(everything) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_wait(home: Home, number: signal.Signals) -> None:
    threading.Timer(0.1, os.kill, (os.getpid(), number)).start()
    with Supervisor(home, lambda _: None) as supervisor:
        supervisor.keep(python("steady", "import time; time.sleep(60)"))
        with pytest.raises(Stopped):
            supervisor.forever()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_one_program_at_a_time_in_a_home(home: Home) -> None:
    another = Home.at(home.path).locked("another")
    refused = pytest.raises(CannotStart, match=r"already running.*localhost:8000")
    with home.locked("http://localhost:8000"), refused:
        another.__enter__()
    with home.locked("after it"):
        pass


def test_what_a_killed_supervisor_left_is_ended_and_nobody_else(
    home: Home, below: Callable[[], list[psutil.Process]]
) -> None:
    supervisor = Supervisor(home, lambda _: None)
    supervisor.__enter__()
    supervisor.keep(python("left", "import time; time.sleep(60)"))
    left = [process for process in below() if "time.sleep(60)" in " ".join(process.cmdline())]
    note = (home.path / "processes.json").read_text()
    bystander = note.replace('"left"', '"bystander"').replace(str(left[0].pid), str(os.getpid()))
    (home.path / "processes.json").write_text(f"{bystander[:-1]}, {note[1:]}")
    assert home.end_leftovers() == ["left"]
    assert alive(left) == []
    supervisor.__exit__(None, None, None)


def test_a_server_is_known_by_its_name_and_its_data(tmp_path: Path) -> None:
    mine = Path(sys.executable).resolve().name
    assert os.getpid() in {process.pid for process in living(psutil.Process().name(), Path.cwd())}
    assert living(mine, tmp_path) == []
