"""How logs look: one JSON object a line, a constant message, ids beside it, and no value ever.

Messages of our own code are constant already. A library puts what it met into its message (a path, an
argument, an exception's text), so of the libraries that handle values only the template is logged, and
of an exception its type and its frames, never its text: that may quote a context.
"""

import logging
import traceback
from types import TracebackType
from typing import Any

from pythonjsonlogger.json import JsonFormatter

_HANDLES_VALUES = ("django.", "celery.app.trace", "celery.worker.strategy", "ninja", "csp")
_EXCEPTION = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class WithoutValues(logging.Filter):
    """Leaves of a record what names an event, and drops what may quote a value."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always lets the record pass, after taking the values out of it."""
        if record.name.startswith(_HANDLES_VALUES):
            data = record.__dict__.get("data")
            if isinstance(data, dict) and "name" in data:
                record.task, record.task_id = data["name"], data.get("id")
            record.msg, record.args = str(record.msg), ()
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
    """One JSON object a line: time, level, logger, message and the record's extra fields."""

    def formatException(self, ei: Any) -> str:
        """The frames of an exception, without its text."""
        return frames(ei)


class TextLines(logging.Formatter):
    """The same for people: no extra fields."""

    def formatException(self, ei: Any) -> str:
        """The frames of an exception, without its text."""
        return frames(ei)


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
            # One line a task, thousands a day, that say nothing
            "celery.app.trace": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
        },
    }
