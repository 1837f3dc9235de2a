"""The whole program notices that it has gone blind: its workers stand still, and a synthetic leak is missed."""

from __future__ import annotations

import json
import os
import signal
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.conf.running import Running, free_port, running
from tests.reliability.stack import until

pytestmark = pytest.mark.faults


def readiness(port: int) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer:
        return dict(json.load(answer))


def state(port: int, part: str) -> str:
    return str(readiness(port)["checks"][part]["state"])


def stand_still(one: Running, number: signal.Signals) -> None:
    """The whole process group of the workers."""
    os.killpg(os.getpgid(one.child("celery", "worker").pid), number)


def lines(home: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (home / "log" / f"{name}.log").read_text().splitlines()]


def said_by_beat(home: Path) -> str:
    return " ".join(line["message"] for line in lines(home, "beat"))


def test_a_line_that_stands_still_is_noticed_and_its_end_too(tmp_path: Path) -> None:
    home, port = tmp_path / "home", free_port()
    with running(home, port, SYNTHETIC_LEAK_SECONDS="3", SYNTHETIC_LEAK_DEADLINE_SECONDS="5") as one:
        until(lambda: state(port, "self_check") == "ok", seconds=60, what="no leak was ever detected")
        stand_still(one, signal.SIGSTOP)
        until(lambda: state(port, "self_check") == "degraded", seconds=60, what="the missed leak was not noticed")
        found = readiness(port)
        assert found["status"] == "degraded"
        assert "was not detected within 5 s" in found["checks"]["self_check"]["detail"]
        until(lambda: state(port, "workers") == "down", seconds=60, what="the silent workers were not noticed")
        stand_still(one, signal.SIGCONT)
        until(lambda: readiness(port)["status"] == "ready", seconds=60, what="it never recovered")
        until(lambda: "passes again" in said_by_beat(home), seconds=30, what="its end was not settled")

    said = [line["message"] for line in lines(home, "beat")]
    assert "the self-check missed its leak" in said
    assert said.count("the self-check passes again") == 1
    for name in ("web", "worker", "beat"):
        assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines(home, name)), name
