"""Each line of a request, a task, a worker and a beat is JSON, carries the ids of its work, and no value."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from granian.log import LOGGING_CONFIG

from monitor import log_ids, tasks
from monitor.conf import logging as conf
from monitor.services import calm, detect
from tests.factories import event_dict, make_project
from tests.ingestion.caller import Caller
from tests.monitor.views.cast import make_cast

SECRET = "a-value-of-a-customer"


class Lines:
    """What was logged since, each line parsed."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def of(self, message: str) -> list[dict[str, Any]]:
        return [line for line in self.all() if line["message"] == message]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """The handler of production, on a stream of ours."""
    found = Lines()
    shape = conf.logging_config(level="DEBUG", as_json=True)["formatters"]["json"]
    handler = logging.StreamHandler(found.stream)
    handler.setFormatter(conf.JsonLines(shape["format"], rename_fields=shape["rename_fields"]))
    handler.addFilter(conf.WithoutValues())
    root = logging.getLogger()
    loggers = [root, *(logging.getLogger(name) for name in ("monitor", "ingestion"))]
    before = [each.level for each in loggers]
    root.addHandler(handler)
    for each in loggers:
        each.setLevel(logging.INFO)
    yield found
    root.removeHandler(handler)
    for each, level in zip(loggers, before, strict=True):
        each.setLevel(level)


@pytest.mark.django_db
def test_a_request_leaves_one_line_with_its_ids(lines: Lines) -> None:
    project = make_project()
    caller = Caller(project)
    answer = Client().get(
        f"/api/v1/runs/{SECRET}?path={SECRET}", headers={**caller.headers, "X-Request-ID": "abc-1"}
    )
    assert (answer.status_code, answer["X-Request-ID"]) == (404, "abc-1")
    (line,) = lines.of("answered")
    assert (line["request_id"], line["project"], line["api_key"]) == (
        "abc-1", str(project.uuid), str(caller.key.uuid),
    )  # fmt: skip
    assert (line["method"], line["route"], line["status"]) == ("GET", "api/v1/runs/<path:run_id>", 404)
    assert line["duration_ms"] >= 0
    assert line["time"].endswith("Z")
    assert SECRET not in lines.stream.getvalue()


@pytest.mark.django_db
def test_a_page_names_its_project_and_person(lines: Lines) -> None:
    cast = make_cast()
    cast.responder.get(f"/incidents/?q={SECRET}")
    (line,) = lines.of("answered")
    assert (line["project"], line["user"]) == (str(cast.project.uuid), cast.responder_user.pk)
    assert SECRET not in lines.stream.getvalue()


@pytest.mark.parametrize("given", ["", "two words", "x" * 101, "a\x00b", "<b>"])
def test_an_id_that_is_none_is_replaced(given: str) -> None:
    ids = [Client().get("/healthz", headers={"X-Request-ID": given})["X-Request-ID"] for _ in range(2)]
    assert ids[0] != ids[1] != given
    assert all(len(each) == 32 for each in ids)


@pytest.mark.django_db
def test_what_is_asked_again_and_again_leaves_no_line_unless_it_fails(lines: Lines, settings: Any) -> None:
    caller = Caller(make_project())
    Client().get("/healthz")
    Client().post(
        "/api/v1/events", json.dumps(event_dict()), content_type="application/json", headers=caller.headers
    )
    assert lines.of("answered") == []
    Client().get("/-/metrics")
    assert [line["status"] for line in lines.of("answered")] == [401]
    settings.ACCESS_LOG = False
    Client().get("/-/metrics")
    assert len(lines.of("answered")) == 1


@pytest.mark.django_db
def test_one_request_leaves_nothing_to_the_next(lines: Lines) -> None:
    caller = Caller(make_project())
    caller.get("/status")
    Client().get("/sign-in/")
    logging.getLogger("monitor").warning("afterwards")
    assert "project" not in lines.of("answered")[1]
    assert "request_id" not in lines.of("afterwards")[0]


@pytest.mark.django_db
def test_a_task_that_fails_says_which_run_of_which_project_and_no_value(
    lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project()
    event = json.dumps(event_dict(context={"name": SECRET}))
    Client().post("/api/v1/events", event, content_type="application/json", headers=Caller(project).headers)

    def broken(*_: object, **__: object) -> None:
        local = {"name": SECRET}
        raise ValueError(f"cannot judge {local}")

    monkeypatch.setattr(calm, "_judge", broken)
    monkeypatch.setattr(detect, "judge", broken)
    tasks.judge.apply(task_id="t-1")
    (line,) = lines.of("a run could not be judged")
    assert (line["task"], line["task_id"]) == ("monitor.tasks.judge", "t-1")
    assert line["project"] == str(project.uuid)
    assert isinstance(line["run"], int)
    assert line["exc_info"].startswith("ValueError < ")
    assert "broken" in line["exc_info"]
    assert SECRET not in lines.stream.getvalue()
    assert log_ids.current() == {}


@pytest.mark.django_db
def test_a_page_that_fails_says_where_and_no_value(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    cast = make_cast()

    def broken(*_: object, **__: object) -> None:
        raise ValueError(SECRET)

    monkeypatch.setattr("monitor.views.overview.overview_of", broken)
    cast.viewer.raise_request_exception = False
    assert cast.viewer.get(f"/?q={SECRET}").status_code == 500
    (line,) = lines.of("a request failed")
    assert line["exc_info"].startswith("ValueError < ")
    assert line["request_id"] == lines.of("answered")[0]["request_id"]
    assert SECRET not in lines.stream.getvalue()


def test_what_python_would_print_becomes_lines(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        conf.take_over()
        try:
            warnings.warn("old", DeprecationWarning, stacklevel=1)
            thread = threading.Thread(target=lambda: int(SECRET))
            thread.start()
            thread.join()
        finally:
            logging.captureWarnings(False)
    assert len([line for line in lines.all() if line["logger"] == "py.warnings"]) == 1
    (line,) = lines.of("an error that nobody caught")
    assert line["exc_info"].startswith("ValueError < ")
    assert SECRET not in lines.stream.getvalue()


def test_granian_logs_json_too() -> None:
    given = json.loads(Path(conf.__file__).with_name("granian.json").read_text())
    assert given["loggers"].keys() == LOGGING_CONFIG["loggers"].keys()
    for logger in given["loggers"].values():
        for handler in logger["handlers"]:
            shape = given["formatters"][given["handlers"][handler]["formatter"]]
            assert shape["()"] == "monitor.conf.logging.JsonLines"
