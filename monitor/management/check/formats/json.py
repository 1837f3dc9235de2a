"""json: the shape of the API's anomalies, with the counts and the errors beside them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from textwrap import indent
from typing import Any

from monitor.management.check.formats.format import Format
from monitor.management.check.report import Report
from monitor.queries.anomalies import found_as_json


def write(report: Report) -> Iterator[str]:
    """One JSON object in ASCII. Source: INTERFACES.md, "Command line"."""
    yield "{"
    yield f'  "events": {report.events},'
    yield f'  "runs": {report.runs},'
    yield from _list("anomalies", map(found_as_json, report.anomalies), end=",")
    yield from _list("errors", map(asdict, report.complaints), end="")
    yield "}"


def _list(name: str, items: Iterable[Any], *, end: str) -> Iterator[str]:
    """Item by item, so that a long list is never one string."""
    yield f'  "{name}": ['
    before = None
    for item in items:
        if before is not None:
            yield f"{before},"
        before = indent(json.dumps(item, indent=2), "    ")
    if before is not None:
        yield before
    yield f"  ]{end}"


FORMAT = Format("json", "one JSON object, for programs", write)
