"""How long it takes to find the runs that may be the source of a value, among many, and what that index weighs.

A database of its own in a temporary folder, filled with the values of made-up runs (`held_values`); one
connection. `python -m benchmarks.index_lookup` prints the figures as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

import django

from benchmarks.result import Result
from monitor.management.servers.embedded import servers
from monitor.management.servers.home import Home


def measure() -> list[Result]:
    """Every figure, measured in a process of its own: Django is set up for one database only."""
    command = [sys.executable, "-m", "benchmarks.index_lookup"]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return [Result(**one) for one in json.loads(answer.stdout)]


def _measured() -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="crosstalk-bench-") as folder, servers(Home.at(Path(folder))) as env:
        named = {"SECRET_KEY": "for this benchmark", "DJANGO_SETTINGS_MODULE": "monitor.conf.settings"}
        os.environ.update({**env, **named})
        django.setup()
        # Models can be imported only now.
        figures: list[Result] = import_module("benchmarks.held_values").figures()
        return figures


if __name__ == "__main__":
    print(json.dumps([asdict(one) for one in _measured()]))
