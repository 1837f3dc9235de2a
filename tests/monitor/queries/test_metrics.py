"""The SQL says what the definitions say."""

from __future__ import annotations

import random
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.metrics.definitions import Figures, IncidentTimes, figures
from monitor.metrics.periods import Month, Quarter
from monitor.models import Incident, Project
from monitor.queries.metrics import DIMENSIONS, as_json, by_month, by_quarter, first_detected_at, groups
from tests.factories import NOW, make_incident, make_project

pytestmark = pytest.mark.django_db
STATUSES = ("open", "acknowledged", "mitigated", "resolved", "known", "false_positive")


def make_random_incident(project: Project, rng: random.Random) -> Incident:
    """Any incident that the database's constraints allow, up to a year old, reopened ones among them."""
    status = rng.choice(STATUSES)
    detected_at = NOW - timedelta(seconds=rng.uniform(0, 365 * 86_400))
    fields: dict[str, Any] = {}
    if rng.random() < 0.7:
        fields |= {
            "acknowledged_at": detected_at + timedelta(seconds=rng.expovariate(1 / 300)),
            "acknowledged_by": "a",
        }
    if status == "resolved" or rng.random() < 0.2:
        fields |= {"resolved_at": detected_at + timedelta(seconds=rng.expovariate(1 / 9000)), "resolved_by": "a"}
    return make_incident(
        project=project,
        status=status,
        workflow=rng.choice(["checkout", "chat", "invoice"]),
        leak_class=rng.choice(["temporal", "spatial", "scoping", "integrity", "unknown"]),
        rule=rng.choice(["foreign-session", "residue-at-start"]),
        severity=rng.choice(["warning", "high", "critical"]),
        occurred_at=detected_at - timedelta(seconds=rng.gauss(30, 40)),
        detected_at=detected_at,
        withdrawn_at=NOW if rng.random() < 0.1 else None,
        **fields,
    )


def times(incident: Incident) -> IncidentTimes:
    return IncidentTimes(
        status=incident.status,
        occurred_at=incident.occurred_at,
        detected_at=incident.detected_at,
        acknowledged_at=incident.acknowledged_at,
        resolved_at=incident.resolved_at,
        withdrawn=incident.withdrawn_at is not None,
    )


def flat(figure: Figures) -> list[float | None]:
    counts, summaries = astuple(figure)[:8], astuple(figure)[8:]
    return [*counts, *(value for summary in summaries for value in summary)]


def same(ours: Figures, defined: Figures) -> bool:
    return flat(ours) == [None if value is None else pytest.approx(value, abs=1e-3) for value in flat(defined)]


@pytest.mark.parametrize("seed", range(4))
def test_the_sql_equals_the_definition_on_random_incidents(seed: int) -> None:
    rng = random.Random(seed)
    project, other = make_project(time_zone="America/New_York"), make_project()
    mine = [make_random_incident(project, rng) for _ in range(rng.choice([1, 3, 60]))]
    make_random_incident(other, rng)
    since, until = NOW - timedelta(days=200), NOW - timedelta(days=20)
    within = [incident for incident in mine if since <= incident.detected_at < until]

    [everything] = groups(project, since=since, until=until)
    assert everything.key == {}
    assert same(everything.figures, figures(map(times, within)))

    for by, column in DIMENSIONS.items():
        found = {group.key[by]: group.figures for group in groups(project, since=since, until=until, by=by)}
        for value in {getattr(incident, column) for incident in mine} | set(found):
            expected = figures(times(incident) for incident in within if getattr(incident, column) == value)
            if expected.incidents or expected.false_positives:
                assert same(found.pop(value), expected)
        assert found == {}


def test_trends_equal_the_definition_in_the_projects_own_quarters_and_months() -> None:
    rng = random.Random(7)
    project = make_project(time_zone="Pacific/Auckland")
    mine = [make_random_incident(project, rng) for _ in range(80)]
    from zoneinfo import ZoneInfo

    zone = ZoneInfo("Pacific/Auckland")
    quarters = [Quarter.of(NOW, zone).plus(-index) for index in reversed(range(6))]
    for quarter, got in zip(quarters, by_quarter(project, quarters), strict=True):
        within = [each for each in mine if Quarter.of(each.detected_at, zone) == quarter]
        assert same(got, figures(map(times, within)))
    months = [Month.of(NOW, zone).plus(-index) for index in reversed(range(14))]
    for month, got in zip(months, by_month(project, months), strict=True):
        within = [each for each in mine if Month.of(each.detected_at, zone) == month]
        assert same(got, figures(map(times, within)))


def test_an_incident_belongs_to_the_period_it_was_detected_in() -> None:
    project = make_project()
    new_year = datetime(2027, 1, 1, tzinfo=UTC)
    make_incident(
        project=project,
        occurred_at=new_year - timedelta(hours=1),
        detected_at=new_year,
        status="resolved",
        resolved_at=new_year + timedelta(days=200),
        resolved_by="Nada",
    )
    assert groups(project, since=None, until=new_year)[0].figures.incidents == 0
    assert groups(project, since=new_year, until=None)[0].figures.resolve.n == 1


def test_no_incidents_is_one_group_of_nulls() -> None:
    [group] = groups(make_project(), since=None, until=None)
    null = {"mean": None, "median": None, "p90": None, "n": 0}
    got = as_json(group)
    assert got["key"] == {}
    assert (got["incidents"], got["still_open"], got["false_positives"]) == (0, 0, 0)
    assert got["mttd_seconds"] == got["mtta_seconds"] == got["mttr_seconds"] == null
    assert groups(make_project(), since=None, until=None, by="workflow") == []


def test_a_breakdown_by_anything_else_says_what_there_is() -> None:
    with pytest.raises(ValueError, match="workflow, class, rule, severity; not by 'colour'"):
        groups(make_project(), since=None, until=None, by="colour")


def test_the_first_incident_says_where_the_quarters_begin() -> None:
    project = make_project()
    assert first_detected_at(project) is None
    make_incident(project=project)
    earlier = make_incident(project=project, detected_at=NOW - timedelta(days=400))
    assert first_detected_at(project) == earlier.detected_at


@pytest.mark.parametrize("incidents", [2, 20])
def test_a_breakdown_is_one_query(incidents: int, django_assert_num_queries: Any) -> None:
    project = make_project()
    for index in range(incidents):
        make_incident(project=project, workflow=f"workflow-{index}")
    with django_assert_num_queries(1):
        assert len(groups(project, since=None, until=None, by="workflow")) == incidents
