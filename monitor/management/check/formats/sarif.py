"""sarif: the Static Analysis Results Interchange Format, version 2.1.0, as code scanning services take it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any

from monitor.detection.anomaly import Anomaly, Source
from monitor.detection.catalogue import CATALOGUE
from monitor.management.check.formats.format import Format
from monitor.management.check.formats.sarif_rules import LEVELS, RULE_INDEX, descriptor
from monitor.management.check.places import uri
from monitor.management.check.report import Complaint, Report
from monitor.management.check.spool import Place
from monitor.management.check.wording import printable, said
from monitor.queries.anomalies import found_as_json

VERSION = "0.1.0"
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

JSONDict = dict[str, Any]


def write(report: Report) -> Iterator[str]:
    """One SARIF log with one run, in ASCII, a result a line. Source: OASIS SARIF 2.1.0 with errata 01."""
    driver = {"name": "Crosstalk", "version": VERSION, "rules": [descriptor(rule) for rule in CATALOGUE]}
    yield f'{{"$schema": "{SCHEMA}", "version": "2.1.0", "runs": [{{'
    yield f'"tool": {json.dumps({"driver": driver})},'
    yield f'"invocations": [{json.dumps(_invocation(report))}],'
    yield f'"properties": {json.dumps({"events": report.events, "runs": report.runs})},'
    yield '"results": ['
    before = None
    for result in _results(report):
        if before is not None:
            yield f"{before},"
        before = json.dumps(result)
    if before is not None:
        yield before
    yield "]}]}"


def _invocation(report: Report) -> JSONDict:
    return {
        "executionSuccessful": not report.complaints,
        "exitCode": report.exit_code,
        "toolExecutionNotifications": [_notification(one) for one in report.complaints],
    }


def _notification(complaint: Complaint) -> JSONDict:
    place: JSONDict = {"artifactLocation": {"uri": uri(complaint.file)}}
    if complaint.line is not None:
        place["region"] = {"startLine": complaint.line}
    return {
        "level": "error",
        "message": _message(said(complaint)),
        "locations": [{"physicalLocation": place}],
        "properties": {"field": complaint.field},
    }


def _results(report: Report) -> Iterator[JSONDict]:
    seen: Counter[str] = Counter()
    for anomaly in report.anomalies:
        trouble = _digest(anomaly.rule, anomaly.workflow, anomaly.step, anomaly.phase, anomaly.path)
        seen[trouble] += 1
        yield {
            "ruleId": anomaly.rule,
            "ruleIndex": RULE_INDEX[anomaly.rule],
            "level": LEVELS[anomaly.severity],
            "message": _message(anomaly.message),
            "locations": [_location(report.place(anomaly.event_id), _logical(anomaly))],
            "relatedLocations": _related(anomaly.source, report),
            "partialFingerprints": {
                "primaryLocationLineHash": f"{trouble}:{seen[trouble]}",
                "anomaly/v1": _digest(*anomaly.key),
            },
            "properties": found_as_json(anomaly),
        }


def _related(source: Source | None, report: Report) -> list[JSONDict]:
    if source is None:
        return []
    carrier = f", carried by {source.resource}" if source.resource else ""
    said = f"The value came from here: run {source.run_id}, {source.step} ({source.path}){carrier}."
    logical = _named(source.path, (source.run_id, source.step, source.path))
    return [{"id": 1, **_location(report.place(source.event_id), logical), "message": _message(said)}]


def _location(place: Place | None, logical: JSONDict) -> JSONDict:
    if place is None:
        return {"logicalLocations": [logical]}
    physical = {"artifactLocation": {"uri": uri(place.file)}, "region": {"startLine": place.line}}
    return {"physicalLocation": physical, "logicalLocations": [logical]}


def _logical(anomaly: Anomaly) -> JSONDict:
    return _named(anomaly.path, (anomaly.run_id, f"{anomaly.step}.{anomaly.phase}", anomaly.path))


def _named(name: str, way: Iterable[str]) -> JSONDict:
    return {"name": name, "fullyQualifiedName": "/".join(way), "kind": "value"}


def _message(text: str) -> JSONDict:
    """Braces are doubled, and no value can pose as an embedded link (section 3.11)."""
    return {"text": printable(text).replace("{", "{{").replace("}", "}}").replace("](", "] (")}


def _digest(*parts: object) -> str:
    return sha256(json.dumps(parts).encode()).hexdigest()[:32]


FORMAT = Format("sarif", "SARIF 2.1.0, for code scanning", write)
