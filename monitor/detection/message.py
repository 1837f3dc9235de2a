"""The one sentence of an anomaly, for an engineer woken at night."""

from __future__ import annotations

import json
from typing import Any

from monitor.detection.anomaly import Finding, Source

MAX_VALUE_CHARS = 80
_NOUNS = {"execution-id-changed": "execution id", "foreign-session": "session", "foreign-tenant": "tenant"}


def sentence(finding: Finding, source: Source | None, leak_class: str) -> str:
    """What is wrong, where it shows and where it came from, in plain English on one line."""
    return f"{_what(finding)}{_whence(finding, source, leak_class)}."


def _what(finding: Finding) -> str:
    place = f"{finding.step}.{finding.phase} ({finding.path})"
    value = _short(finding.observed)
    if noun := _NOUNS.get(finding.rule):
        own = _short(finding.expected)
        return f"{noun.capitalize()} {value} stands in run {finding.run_id}, whose own is {own}, at {place}"
    match finding.rule:
        case "run-id-reused":
            return (
                f"Run id {finding.run_id} was used again: {value} is asserted at {finding.step}.{finding.phase}, "
                f"{_short(finding.expected)} before"
            )
        case "identity-lost":
            return f"Run {finding.run_id} has lost its own {_short(finding.expected)} at {place}"
        case "uncleared-field":
            return f"Run {finding.run_id} holds {value} at {place}, where the map says it must be clear"
        case "residue-at-start":
            return f"Run {finding.run_id} starts with {value} at {place}, which is none of its inputs"
        case "residue-at-end":
            return f"Run {finding.run_id} ends with {value} still at {place}, which its map cleans up"
        case "oversized-context":
            return (
                f"The context of run {finding.run_id} is {finding.observed:,} bytes at "
                f"{finding.step}.{finding.phase}, over its limit of {finding.expected:,}"
            )
    return f"{finding.rule} in run {finding.run_id} at {place}"


def _whence(finding: Finding, source: Source | None, leak_class: str) -> str:
    if source is None:
        return "; where it came from has not been seen" if finding.wants is not None else ""
    if leak_class == "integrity":
        return f"; it comes from {source.step} ({source.path})"
    carrier = f", through {source.resource}" if source.resource else ""
    seconds = (finding.occurred_at - source.occurred_at).total_seconds()
    return f"; it came from run {source.run_id}, {source.step} ({source.path}){carrier}, {_apart(seconds)}"


def _apart(seconds: float) -> str:
    word = "before" if seconds >= 0 else "later"
    seconds = abs(seconds)
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms {word}"
    if seconds < 120:
        return f"{seconds:.0f} s {word}"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min {word}"
    return f"{seconds / 3600:.0f} h {word}"


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return f"an object of {len(value)} members"
    if isinstance(value, list):
        return f"a list of {len(value)} elements"
    text = value if isinstance(value, str) else json.dumps(value)
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= MAX_VALUE_CHARS else text[: MAX_VALUE_CHARS - 1] + "…"
