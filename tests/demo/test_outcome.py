"""What the demo's check says of a wrong outcome, and which incident it calls the worst."""

from __future__ import annotations

from typing import Any

from monitor.management.demo.outcome import Found, differences, worst
from monitor.management.demo.recording import Recording
from monitor.management.demo.telling import Outcome


def recording(*expected: tuple[str, str]) -> Recording:
    event = {"run_id": "r-1", "workflow": "checkout", "event_id": "e-1"}
    return Recording("a", "about", "none", None, (event,), frozenset(expected), frozenset())


def anomaly(rule: str, run: str, incident: str | None = "INC-1") -> dict[str, Any]:
    return {"rule": rule, "run_id": run, "incident": incident, "source": None}


def test_nothing_is_said_of_what_is_right() -> None:
    found = Found(recording(("foreign-session", "r-1")), (anomaly("foreign-session", "r-1"),))
    assert list(differences(found, {"foreign-session"})) == []


def test_a_miss_a_false_alarm_and_an_anomaly_without_incident_are_named() -> None:
    found = Found(recording(("foreign-session", "r-1")), (anomaly("identity-lost", "r-2", None),))
    assert list(differences(found, {"foreign-session", "identity-lost"})) == [
        "a: foreign-session was not found in run r-1",
        "a: identity-lost was found in run r-2, where nothing is wrong",
        "a: identity-lost in run r-2 stands in no incident",
    ]


def test_a_rule_that_does_not_exist_yet_is_not_missed() -> None:
    assert list(differences(Found(recording(("foreign-value", "r-1")), ()), {"foreign-session"})) == []


def test_the_worst_is_the_most_severe_then_the_widest() -> None:
    def incident(key: str, severity: str, sessions: int, rule: str = "foreign-session") -> dict[str, Any]:
        return {
            "key": key,
            "severity": severity,
            "sessions": sessions,
            "runs": 1,
            "rule": rule,
            "class": "temporal",
        }

    every = [incident("a", "high", 9), incident("b", "critical", 2), incident("c", "critical", 3)]
    found = worst(every)
    assert found is not None
    assert found["key"] == "c"
    assert worst([]) is None


def test_the_json_line_has_the_fields_that_others_read() -> None:
    outcome = Outcome((Found(recording(), ()),), 2, 3, 0.5, "title", "http://localhost/incidents/INC-1/", ())
    assert outcome.as_json() == (
        '{"events": 1, "incidents": 2, "alerts_delivered": 3, "seconds_to_first_incident": 0.5, '
        '"url": "http://localhost/incidents/INC-1/"}'
    )
