"""A bar for a person at a terminal, and nothing in the log of a pipeline."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ingestion.checking import ROOT, check_outside, leak, lines


@pytest.fixture
def leaking(tmp_path) -> Path:
    path = tmp_path / "leak.ndjson"
    path.write_bytes(lines(leak()))
    return path


def at_a_terminal(*args: str, stdin: bytes | None = None) -> tuple[str, bytes]:
    """What a terminal at the standard error shows, and the standard output beside it."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "manage.py", "check_events", *args]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=theirs, input=stdin, check=False)
    os.close(theirs)
    with open(ours, "rb", buffering=0) as terminal:
        shown = b""
        try:
            while share := terminal.read(4096):
                shown += share
        except OSError:  # the other end is closed
            pass
    assert done.returncode == 1
    return shown.decode(), done.stdout


def test_a_terminal_shows_how_far_it_is(leaking):
    shown, said = at_a_terminal(str(leaking), "--format", "json")
    assert "Reading" in shown
    assert "100%" in shown
    assert said == check_outside(leaking, "--format", "json").stdout


def test_so_it_does_where_the_size_is_not_known(leaking):
    assert "Reading" in at_a_terminal(stdin=leaking.read_bytes())[0]


def test_it_may_be_silenced(leaking):
    assert at_a_terminal(str(leaking), "--verbosity", "0")[0] == ""


def test_a_log_gets_none(leaking):
    assert check_outside(leaking).stderr == b""
