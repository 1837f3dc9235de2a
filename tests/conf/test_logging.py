"""Logs are JSON with constant messages; no path, argument or exception text gets in."""

from __future__ import annotations

import json
import logging
import sys

from monitor.conf.logging import JsonLines, WithoutValues, logging_config


def logged(logger: str, message: str, *args: object, failing: bool = False, **extra: object) -> dict[str, object]:
    exc_info = None
    if failing:
        try:
            raise ValueError("secret value")
        except ValueError:
            exc_info = sys.exc_info()
    record = logging.LogRecord(logger, logging.ERROR, __file__, 1, message, args, exc_info)
    record.__dict__.update(extra)
    assert WithoutValues().filter(record)
    formatter = logging_config(level="INFO", as_json=True)["formatters"]["json"]
    found = JsonLines(formatter["format"], rename_fields=formatter["rename_fields"]).format(record)
    return dict(json.loads(found))


def test_a_line_is_json_with_its_ids() -> None:
    line = logged("monitor.services.detect", "a run was judged", run=7)
    assert line["message"] == "a run was judged"
    assert line["run"] == 7
    assert {"time", "level", "logger"} <= set(line)


def test_an_exception_is_its_type_and_its_places() -> None:
    text = str(logged("monitor.tasks", "failed", failing=True)["exc_info"])
    assert text.startswith("ValueError < ")
    assert "test_logging.py" in text
    assert "secret value" not in text


def test_libraries_that_met_a_value_keep_it_to_themselves() -> None:
    line = logged("django.request", "Not Found: %s", "/runs/secret value/", request="<secret value>")
    assert "secret value" not in json.dumps(line)
    data = {"name": "monitor.tasks.judge", "id": "1", "exc": "secret value"}
    line = logged("celery.app.trace", "Task %(name)s failed: %(exc)s", data, data=data)
    assert "secret value" not in json.dumps(line)
    assert line["task"] == "monitor.tasks.judge"
