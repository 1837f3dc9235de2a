"""The layers of the house hold, and the detection core needs nothing but itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from importlinter import cli

ROOT = Path(__file__).resolve().parent.parent.parent


def test_import_contracts_hold() -> None:
    assert cli.lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


def test_detection_and_metrics_load_without_any_framework() -> None:
    code = (
        "import sys; import monitor.detection.engine, monitor.detection.catalogue, monitor.metrics.definitions;"
        "print(sorted({'django', 'celery', 'ninja', 'redis', 'pydantic', 'psycopg'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
