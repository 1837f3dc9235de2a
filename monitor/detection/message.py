"""The one sentence of an anomaly, for an engineer woken at night."""

from __future__ import annotations

import json
from typing import Any

from monitor.detection.anomaly import Finding, Source
from monitor.detection.rule import Rule

MAX_VALUE_CHARS = 80


def sentence(rule: Rule, finding: Finding, source: Source | None) -> str:
    """What is wrong, where it shows and where it came from, in plain English on one line."""
    moment = f"{finding.step}.{finding.phase}"
    what = rule.says.format(
        run_id=finding.run_id,
        place=moment if finding.path == "$" else f"{moment} ({finding.path})",
        observed=shown(finding.observed),
        expected=shown(finding.expected),
    )
    return f"{what}{_whence(finding, source)}."


def shown(value: Any) -> str:
    """A value as a sentence shows it: short, and valid Unicode."""
    if isinstance(value, dict):
        return f"an object of {len(value)} {'member' if len(value) == 1 else 'members'}"
    if isinstance(value, list):
        return f"a list of {len(value)} {'element' if len(value) == 1 else 'elements'}"
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > MAX_VALUE_CHARS:
        return "a huge number"
    text = value if isinstance(value, str) else json.dumps(value)
    text = text if len(text) <= MAX_VALUE_CHARS else text[: MAX_VALUE_CHARS - 1] + "…"
    return text.encode("utf-8", "backslashreplace").decode()


def _whence(finding: Finding, source: Source | None) -> str:
    if source is None:
        return "; where it came from has not been seen" if finding.wants is not None else ""
    if source.run_id == finding.run_id:
        return f"; it comes from {source.step} ({source.path})"
    carrier = f", through {source.resource}" if source.resource else ""
    seconds = (finding.occurred_at - source.occurred_at).total_seconds()
    return f"; it came from run {source.run_id}, {source.step} ({source.path}){carrier}, {_apart(seconds)}"


def _apart(seconds: float) -> str:
    word = "before" if seconds >= 0 else "later"
    seconds = abs(seconds)
    if seconds < 0.001:
        return f"less than 1 ms {word}"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms {word}"
    if seconds < 120:
        return f"{seconds:.0f} s {word}"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min {word}"
    return f"{seconds / 3600:.0f} h {word}"
