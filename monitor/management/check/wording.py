"""Sentences that several formats share, and other people's text made safe to print."""

from __future__ import annotations

import re
from collections import Counter

from monitor.detection.anomaly import Anomaly
from monitor.management.check.report import SEVERITIES, Complaint, Report

_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
_COMMAND = re.compile(r"#(?=#\w*\[)")


def printable(text: str) -> str:
    """The text on one line, with escapes for what could act on a terminal or on a pipeline's log.

    Those are control characters, line ends, what turns the direction of writing, halves of surrogate pairs (XML
    takes none of them either), and the `##[` and `##vso[` that pipelines read as commands anywhere in a line.
    """
    shown = _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
    return _COMMAND.sub(r"\\x23", shown)


def counted(count: int, one: str, many: str) -> str:
    """`1 event`, `2 events`."""
    return f"{count} {one if count == 1 else many}"


def place_of(complaint: Complaint) -> str:
    """`file:line`, or the file alone."""
    return complaint.file if complaint.line is None else f"{complaint.file}:{complaint.line}"


def said(complaint: Complaint) -> str:
    """What is wrong, after the field that it is about."""
    return f"{complaint.field}: {complaint.error}" if complaint.field else complaint.error


def whereabouts(anomaly: Anomaly) -> str:
    """`LoadCart.exit attempt 2 branch left, $.cart`."""
    attempt = f" attempt {anomaly.attempt}" if anomaly.attempt > 1 else ""
    branch = f" branch {anomaly.branch}" if anomaly.branch is not None else ""
    return f"{anomaly.step}.{anomaly.phase}{attempt}{branch}, {anomaly.path}"


def summary(report: Report) -> str:
    """One sentence: how many events of how many runs, and what was found in them."""
    tally = Counter(one.severity for one in report.anomalies)
    by_severity = ", ".join(f"{tally[name]} {name}" for name in reversed(SEVERITIES) if tally[name])
    found = (
        f"{counted(len(report.anomalies), 'anomaly', 'anomalies')} ({by_severity})" if tally else "no anomalies"
    )
    unread = (
        f"; {counted(len(report.complaints), 'thing', 'things')} could not be read" if report.complaints else ""
    )
    return (
        f"{counted(report.events, 'event', 'events')} in {counted(report.runs, 'run', 'runs')}: {found}{unread}."
    )
