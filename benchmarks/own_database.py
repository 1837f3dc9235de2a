"""A measurement on a database of its own, in a process of its own: Django is set up for one database only."""

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


def measured_apart(module: str) -> list[Result]:
    """What `show` prints where a module of the benchmarks is run as a program."""
    command = [sys.executable, "-m", module]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return [Result(**one) for one in json.loads(answer.stdout)]


def show(module: str) -> None:
    """Prints the figures of another module as JSON, with a database in a temporary folder under them."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory(prefix="crosstalk-bench-") as folder, servers(Home.at(Path(folder))) as env:
        named = {"SECRET_KEY": "for this benchmark", "DJANGO_SETTINGS_MODULE": "monitor.conf.settings"}
        os.environ.update({**env, **named})
        django.setup()
        # Models can be imported only now.
        figures: list[Result] = import_module(module).figures()
        print(json.dumps([asdict(one) for one in figures]))
