"""Which anomalies are one problem, decided without a database."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from monitor.models import Incident
from monitor.services.grouping import (
    decide,
    fingerprint,
    general_path,
    prevailing_class,
    spread_past,
    worst,
)
from tests.factories import NOW

DAY = timedelta(days=1)


def incident(pk: int, status: str = "open", **fields: object) -> Incident:
    return Incident(pk=pk, status=status, **fields)


@pytest.mark.parametrize(
    ("path", "general"),
    [
        ("$", "$"),
        ("$.a[0].b[12]", "$.a[*].b[*]"),
        ("$['a[0]'][3]", "$['a[0]'][*]"),
        (r"$['it\'s [1]'][1]", r"$['it\'s [1]'][*]"),
        (r"$['\\'][7]", r"$['\\'][*]"),
    ],
)
def test_list_indexes_and_nothing_else_are_made_general(path: str, general: str) -> None:
    assert general_path(path) == general


def test_a_fingerprint_is_of_workflow_rule_and_general_path() -> None:
    one = fingerprint("checkout", "foreign-session", "$.items[0].session_id")
    assert one.startswith("v1:")
    assert one == fingerprint("checkout", "foreign-session", "$.items[7].session_id")
    assert one != fingerprint("refund", "foreign-session", "$.items[0].session_id")
    assert one != fingerprint("checkout", "foreign-tenant", "$.items[0].session_id")
    assert one != fingerprint("checkout", "foreign-session", "$.session_id")


def test_the_parts_of_a_fingerprint_do_not_run_into_each_other() -> None:
    assert fingerprint("a", "bc", "$") != fingerprint("ab", "c", "$")


@pytest.mark.parametrize(
    ("incidents", "holds", "reason", "pk"),
    [
        ([], (), "new", None),
        ([incident(1)], (), "standing", 1),
        ([incident(1, "acknowledged")], (), "standing", 1),
        ([incident(1, "known")], (), "standing", 1),
        ([incident(1, "resolved", resolved_at=NOW - DAY)], (), "reopened", 1),
        ([incident(1, "resolved", resolved_at=NOW - 8 * DAY)], (), "window_over", None),
        ([incident(1, "resolved", resolved_at=NOW - 7 * DAY)], (), "reopened", 1),
        ([incident(1, "resolved", resolved_at=NOW - DAY)], (1,), "late", 1),
        ([incident(1, "false_positive")], (), "known_false", 1),
        ([incident(1, "false_positive"), incident(2)], (), "standing", 2),
        ([incident(1, "resolved", resolved_at=NOW - DAY), incident(2)], (1,), "late", 1),
        ([incident(1, "open", withdrawn_at=NOW)], (), "returned", 1),
        ([incident(2, "open", withdrawn_at=NOW), incident(1)], (), "standing", 1),
        ([incident(2), incident(1, "resolved", resolved_at=NOW)], (), "standing", 2),
    ],
)
def test_the_decision_names_its_reason(
    incidents: list[Incident], holds: tuple[int, ...], reason: str, pk: int | None
) -> None:
    decision = decide(incidents, holds_run=holds, now=NOW, window=7 * DAY)
    assert (decision.reason, decision.incident and decision.incident.pk) == (reason, pk)


def test_the_class_is_that_of_most_and_unknown_gives_way() -> None:
    assert prevailing_class(Counter(unknown=5, spatial=1), "unknown") == "spatial"
    assert prevailing_class(Counter(temporal=2, spatial=1), "spatial") == "temporal"
    assert prevailing_class(Counter(temporal=2, spatial=2), "spatial") == "spatial"
    assert prevailing_class(Counter(unknown=2), "spatial") == "unknown"
    assert prevailing_class(Counter(), "spatial") == "spatial"


def test_the_worst_severity_stands() -> None:
    assert worst(["warning", "critical", "high"]) == "critical"


def test_spreading_is_logged_at_round_numbers_of_runs() -> None:
    assert [runs for runs in range(1, 30) if spread_past(runs - 1, runs)] == [2, 5, 10, 20]
    assert spread_past(3, 40)
    assert not spread_past(6, 9)
