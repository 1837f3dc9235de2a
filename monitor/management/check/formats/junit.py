"""junit: a test report in JUnit's XML, as GitLab and Jenkins read it: a suite a workflow, a test a rule.

The names are the same in every pipeline, so that a rule that begins to fail shows as such.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as ET

from monitor.detection.anomaly import Anomaly
from monitor.detection.catalogue import CATALOGUE
from monitor.detection.rule import Rule
from monitor.management.check.formats.format import Format
from monitor.management.check.report import Complaint, Report
from monitor.management.check.wording import counted, place_of, printable, said, whereabouts

MOST_LISTED = 100
"""Anomalies and complaints that one test lists; the others are counted."""


def write(report: Report) -> Iterator[str]:
    """One XML 1.0 document in ASCII, suite after suite."""
    found = _by_workflow_and_rule(report.anomalies)
    yield "<?xml version='1.0' encoding='us-ascii'?>"
    yield '<testsuites name="Crosstalk">'
    yield _suite("files", [_file(name, complaints) for name, complaints in _by_file(report).items()])
    for workflow in dict.fromkeys([*report.workflows, *(one.workflow for one in report.anomalies)]):
        cases = [_case(workflow, rule, found.get((workflow, rule.id), []), report) for rule in CATALOGUE]
        yield _suite(workflow, cases)
    yield "</testsuites>"


def _by_workflow_and_rule(anomalies: Sequence[Anomaly]) -> dict[tuple[str, str], list[Anomaly]]:
    found: dict[tuple[str, str], list[Anomaly]] = defaultdict(list)
    for one in anomalies:
        found[one.workflow, one.rule].append(one)
    return found


def _by_file(report: Report) -> dict[str, list[Complaint]]:
    found: dict[str, list[Complaint]] = {name: [] for name in report.files}
    for one in report.complaints:
        found.setdefault(one.file, []).append(one)
    return found


def _suite(name: str, cases: Sequence[ET.Element]) -> str:
    suite = ET.Element("testsuite", name=printable(name), tests=str(len(cases)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(case.find(tag) is not None for case in cases)))
    suite.extend(cases)
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode").encode("ascii", "xmlcharrefreplace").decode()


def _file(name: str, complaints: Sequence[Complaint]) -> ET.Element:
    case = ET.Element("testcase", classname="files", name=printable(name), file=printable(name))
    if complaints:
        things = counted(len(complaints), "thing", "things")
        lines = [f"{place_of(one)}: {said(one)}" for one in complaints[:MOST_LISTED]]
        _tell(case, "error", f"{things} could not be read", [*lines, *_more(complaints)])
    return case


def _case(workflow: str, rule: Rule, anomalies: Sequence[Anomaly], report: Report) -> ET.Element:
    case = ET.Element("testcase", classname=printable(workflow), name=rule.id)
    if not anomalies:
        if not rule.speaks(report.maps.get(workflow)):
            ET.SubElement(case, "skipped", message=printable(f"needs {rule.needs} in the workflow's map"))
        return case
    failing = [one for one in anomalies if report.fails(one)]
    if failing:
        runs = counted(len({one.run_id for one in failing}), "run", "runs")
        what = f"{counted(len(failing), 'anomaly', 'anomalies')} in {runs}: {rule.title}"
        _tell(case, "failure", what, _lines(failing, report))
    passing = [one for one in anomalies if not report.fails(one)]
    if passing:
        ET.SubElement(case, "system-out").text = _text(_lines(passing, report))
    return case


def _lines(anomalies: Sequence[Anomaly], report: Report) -> list[str]:
    return [*(_line(one, report) for one in anomalies[:MOST_LISTED]), *_more(anomalies)]


def _line(anomaly: Anomaly, report: Report) -> str:
    place = report.place(anomaly.event_id)
    where = f"{place.file}:{place.line}: " if place else ""
    return f"{where}run {anomaly.run_id} at {whereabouts(anomaly)}: {anomaly.message}"


def _more(things: Sequence[object]) -> list[str]:
    more = len(things) - MOST_LISTED
    return [f"and {more} more"] if more > 0 else []


def _tell(case: ET.Element, tag: str, message: str, lines: Sequence[str]) -> None:
    """The message stands in the text too: GitLab shows no other."""
    told = ET.SubElement(case, tag, message=printable(message), type=case.get("name", ""))
    told.text = _text([message, *lines])


def _text(lines: Sequence[str]) -> str:
    return "\n".join(map(printable, lines))


FORMAT = Format("junit", "JUnit XML, for test reports", write)
