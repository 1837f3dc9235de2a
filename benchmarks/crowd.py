"""What a pass of foreign-value over a project's runs costs: time, memory, and bytes stored a run.

A database of its own in a temporary folder, filled with a shop's runs (`shoppers`); one worker.
`python -m benchmarks.crowd` prints the figures as JSON.
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
    command = [sys.executable, "-m", "benchmarks.crowd"]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return [Result(**one) for one in json.loads(answer.stdout)]


def _measured() -> list[Result]:
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory(prefix="crosstalk-bench-") as folder, servers(Home.at(Path(folder))) as env:
        named = {"SECRET_KEY": "for this benchmark", "DJANGO_SETTINGS_MODULE": "monitor.conf.settings"}
        os.environ.update({**env, **named})
        django.setup()
        # Models can be imported only now.
        figures: list[Result] = import_module("benchmarks.crowd_figures").figures()
        return figures


if __name__ == "__main__":
    print(json.dumps([asdict(one) for one in _measured()]))
