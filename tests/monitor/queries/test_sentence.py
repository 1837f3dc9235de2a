"""The sentence of an incident, and the names that stand out in it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.models import Anomaly, Project, Run
from monitor.queries.headlines import headlines
from monitor.queries.sentence import Part, headline, names_in, parts_of
from tests.factories import NOW, make_anomaly, make_incident, make_project, make_run

pytestmark = pytest.mark.django_db


def said(parts: tuple[Part, ...]) -> str:
    return "".join(part.text for part in parts).replace("\u00a0", " ")


def leak(project: Project, **fields: object) -> tuple[Anomaly, Run]:
    source = make_run(project=project, run_id="r-1", last_at=NOW - timedelta(seconds=42))
    victim = make_run(project=project, run_id="r-2")
    given: dict[str, object] = {
        "path": "$.cart.session_id", "source_run_id": "r-1", "source_step": "Add", "source_path": "$.session_id",
        "source_event_id": "e", "source_occurred_at": NOW - timedelta(seconds=45),
        "occurred_at": NOW - timedelta(seconds=1),
    }  # fmt: skip
    return make_anomaly(run=victim, **{**given, **fields}), source


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {"source_resource": "redis:cart:current"},
            "Session s-1’s cart entered run r-2 at LoadCart, through redis key cart:current, "
            "41 s after run r-1 had ended.",
        ),
        (
            {"leak_class": "spatial", "path": "$.session_id"},
            "Session s-1 entered run r-2 at LoadCart, while run r-1 was at work.",
        ),
        (
            {"leak_class": "scoping", "rule": "execution-id-changed", "observed": "exe-1"},
            "Execution id exe-1 entered run r-2 at LoadCart, within its family, from run r-1.",
        ),
        (
            {"rule": "foreign-tenant", "observed": "t-1", "path": "$.user_profile['org_id']"},
            "Tenant t-1’s user profile entered run r-2 at LoadCart, 41 s after run r-1 had ended.",
        ),
        (
            {"rule": "residue-at-start", "path": "$.promo", "severity": "high"},
            "Run r-2 started with $.promo at LoadCart, left over from run r-1, which had ended 41 s before.",
        ),
        (
            {"rule": "uncleared-field", "path": "$.promo", "severity": "high", "source_resource": "redis:k"},
            "Run r-2 still holds $.promo at LoadCart, left over from run r-1, which had ended 41 s before, "
            "through redis key k.",
        ),
    ],
)
def test_each_kind_of_leak_has_its_sentence(fields: dict[str, object], sentence: str) -> None:
    anomaly, source = leak(make_project(), **fields)
    assert said(headline(anomaly, source)) == sentence


def test_everything_else_says_the_message_with_its_names_set_apart() -> None:
    run = make_run(project=make_project(), run_id="r-2")
    message = "Run r-2 has lost its own s-1 at Pay.enter ($.session_id)."
    anomaly = make_anomaly(
        run=run, rule="identity-lost", leak_class="integrity", severity="warning", message=message,
        expected="s-1", observed=None, step="Pay",
    )  # fmt: skip
    parts = headline(anomaly, None)
    assert said(parts) == message
    assert [part for part in parts if part.kind != "text"] == [
        Part("r-2", "run"), Part("s-1", "code"), Part("Pay", "step"), Part("$.session_id", "code"),
    ]  # fmt: skip


def test_names_are_found_as_whole_words_and_longest_first() -> None:
    parts = parts_of("run r-2 of r-22 and r-2x", {"r-2": "run", "r-22": "run"})
    assert [part.text for part in parts if part.kind == "run"] == ["r-2", "r-22"]
    assert said(parts) == "run r-2 of r-22 and r-2x"
    assert parts_of("plain", {}) == (Part("plain"),)


def test_a_list_says_the_same_as_the_page_of_each_incident() -> None:
    project = make_project()
    incident = make_incident(project=project)
    anomaly, source = leak(project, incident=incident)
    bare = make_incident(project=project, title="Nothing stands any more")
    found = headlines(project, [incident, bare])
    anomaly.refresh_from_db()
    assert found[incident.pk] == headline(anomaly, source)
    assert said(found[bare.pk]) == "Nothing stands any more"
    assert names_in(anomaly)["r-2"] == "run"
