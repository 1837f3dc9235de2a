"""How logs look: one JSON object a line, a constant message, ids beside it, and no value ever.

Messages of our own code are constant already. A library puts what it met into its message (a path, an
argument, an exception's text), so of the libraries that handle values only the template is logged, and
of an exception its type and its frames, never its text: that may quote a context.
"""

import logging
import sys
import threading
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from monitor import log_ids

_HANDLES_VALUES = ("django.", "celery.app.trace", "celery.worker.strategy", "ninja", "csp")
_CONSTANT = {"%s: %s": "a request failed"}  # Django's own says nothing without its arguments
_EXCEPTION = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class WithoutValues(logging.Filter):
    """Drops of a record what may quote a value, and adds the ids of the request or task."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always lets the record pass, after taking the values out of it."""
        for name, value in log_ids.current().items():
            record.__dict__.setdefault(name, value)
        if record.name.startswith(_HANDLES_VALUES):
            data = record.__dict__.get("data")
            if isinstance(data, dict) and "name" in data:
                record.task, record.task_id = data["name"], data.get("id")
            record.msg, record.args = _CONSTANT.get(str(record.msg), str(record.msg)), ()
            for extra in ("request", "data", "params", "sql"):
                record.__dict__.pop(extra, None)
        return True


def frames(exception: _EXCEPTION) -> str:
    """An exception's chain as types and places, without texts, innermost last."""
    lines: list[str] = []
    error: BaseException | None = exception[1]
    while error is not None:
        places = [
            f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
        ]
        lines.insert(0, " < ".join([type(error).__qualname__, *reversed(places)]))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return " | ".join(lines)


class JsonLines(JsonFormatter):
    """One JSON object a line: time (RFC 3339, UTC), level, logger, message and the record's extra fields."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002 - the base's
        """The record's time in UTC, to the millisecond."""
        return (
            datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        )

    def formatException(self, ei: Any) -> str:
        """The frames of an exception, without its text."""
        return frames(ei)


class TextLines(logging.Formatter):
    """The same for people: no extra fields."""

    def formatException(self, ei: Any) -> str:
        """The frames of an exception, without its text."""
        return frames(ei)


def take_over() -> None:
    """Makes log lines of what Python itself would print to stderr: warnings, and errors that nobody caught.

    For a process that serves; a command at a terminal shows its errors to a person.
    """
    logging.captureWarnings(True)
    logger = logging.getLogger("monitor.uncaught")

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            logger.critical("an error that nobody caught", exc_info=(kind, error, trace))

    def thread_hook(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            hook(args.exc_type, args.exc_value, args.exc_traceback)

    sys.excepthook = hook
    threading.excepthook = thread_hook


def logging_config(*, level: str, as_json: bool) -> dict[str, Any]:
    """The dictionary for `logging.config.dictConfig`: everything to stderr, from `level` on."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"without_values": {"()": "monitor.conf.logging.WithoutValues"}},
        "formatters": {
            "json": {
                "()": "monitor.conf.logging.JsonLines",
                "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
                "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
            },
            "text": {
                "()": "monitor.conf.logging.TextLines",
                "format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s",
            },
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "json" if as_json else "text",
                "filters": ["without_values"],
            }
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": level, "propagate": True},
            "django.request": {"level": "ERROR"},  # what a client did wrong is in the line of its request
            # One line a task, thousands a day, that say nothing
            "celery.app.trace": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
        },
    }
