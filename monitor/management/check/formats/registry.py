"""The forms that are offered: an explicit list."""

from __future__ import annotations

from monitor.management.check.formats.format import Format
from monitor.management.check.formats.github import FORMAT as GITHUB
from monitor.management.check.formats.json import FORMAT as JSON
from monitor.management.check.formats.junit import FORMAT as JUNIT
from monitor.management.check.formats.sarif import FORMAT as SARIF
from monitor.management.check.formats.text import FORMAT as TEXT

FORMATS: tuple[Format, ...] = (TEXT, JSON, SARIF, JUNIT, GITHUB)

_BY_NAME = {one.name: one for one in FORMATS}


def format_named(name: str) -> Format:
    """The form with this name; raises KeyError for one that is not offered."""
    return _BY_NAME[name]
