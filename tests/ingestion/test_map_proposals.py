"""Learned maps over HTTP: proposed from stored clean runs, adopted by somebody, line by line or whole."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from monitor.detection.maps import parse_map
from monitor.models import MapVersion, Work
from monitor.services.maps import MapMoved
from tests.factories import NOW
from tests.ingestion.caller import Caller, is_problem
from tests.monitor.services.story import event, leak, post, settle, tell

pytestmark = pytest.mark.django_db
URL = "/workflows/checkout/map/proposal"


def runs(count: int, *, begin: int = 0, **more: Any):
    """Runs that load a cart, read from Redis, and end."""
    for n in range(begin, begin + count):
        run_id, second = f"r-{n}", n * 10
        first = {"session_id": f"s-{n}", "locale": "en", **more}
        read = [{"store": "redis", "op": "read", "key": f"cart:s-{n}"}]
        yield event(run_id, second, session=f"s-{n}", phase="enter", context=first)
        loaded = {**first, "cart": {"id": f"cart-{n}"}}
        yield event(run_id, second + 1, session=f"s-{n}", context=loaded, accesses=read, final=True)


@pytest.fixture(autouse=True)
def _few(settings):
    settings.LEARN_MIN_RUNS = 5


def proposal(caller: Caller) -> dict[str, Any]:
    got = caller.get(URL)
    assert got.status_code == 200, got.content
    return got.json()


def keys(got: dict[str, Any]) -> list[str]:
    return [line["key"] for line in got["lines"]]


ALL = [
    "identity.session:$.session_id",
    "private:$.cart.id",
    "inputs:locale",
    "inputs:session_id",
    "steps.LoadCart.writes:$.cart",
    "steps.LoadCart.resources:redis:cart:{session}",
]


def test_a_map_is_proposed_with_what_each_line_rests_on(caller, project):
    tell(project, runs(6))
    got = proposal(caller)
    assert (got["workflow"], got["clean_runs"], got["map_version"], got["left_out"]) == ("checkout", 6, None, [])
    assert (got["looked_at"]["runs"], got["looked_at"]["events"], got["looked_at"]["cut"]) == (6, 12, None)
    assert keys(got) == ALL
    assert got["lines"][4] == {
        "key": "steps.LoadCart.writes:$.cart", "at": "steps.LoadCart.writes", "value": "$.cart",
        "seen": 6, "of": 6, "units": "executions", "rare": False, "note": "", "declared": False,
    }  # fmt: skip
    assert "- $.cart  # in 6 of 6 executions" in got["text"]
    assert parse_map(got["text"], workflow="checkout").inputs == ("locale", "session_id")


def test_runs_with_an_anomaly_with_gaps_or_still_to_be_judged_are_not_learned_from(caller, project):
    tell(project, runs(6))
    tell(project, leak("v-1", "o-1", second=1000))
    gap = [event("g-1", 2000 + n, "s-g", sequence=n, session="s-g", final=n == 5) for n in (0, 5)]
    tell(project, gap)
    tell(project, [event("w-1", 3000, "s-w", session="s-w", context={"open": 1})])
    post(project, [event("r-1", 4000, "s-1", session="s-1", context={"late": 1})])
    got = proposal(caller)
    assert got["clean_runs"] == 6
    assert not [key for key in keys(got) if "open" in key or "late" in key]


def test_with_too_few_runs_nothing_is_proposed(caller, project):
    tell(project, runs(4))
    got = proposal(caller)
    assert (got["lines"], got["left_out"]) == ([], [{"at": "$", "why": "4 clean runs were seen; 5 are needed"}])
    assert "# Left out: $: 4 clean runs" in got["text"]
    is_problem(caller.post(f"{URL}/adopt", {"digest": got["digest"]}), 409)
    assert MapVersion.objects.count() == 0


def test_adopting_all_of_it_makes_a_map_that_reports_nothing_there(caller, project):
    tell(project, runs(6))
    got = proposal(caller)
    put = caller.post(f"{URL}/adopt", {"digest": got["digest"]})
    assert put.status_code == 200, put.content
    assert put.json()["version"] == 1
    version = MapVersion.objects.get()
    assert version.created_by_key == caller.key
    assert put.json()["text"] == version.text == caller.get("/workflows/checkout/map").json()["text"]
    dry = Client().post(
        "/api/v1/workflows/checkout/map/dry-run", version.text, content_type="text/yaml", headers=caller.headers
    )
    assert dry.json()["would_report"]["anomalies"] == 0
    again = proposal(caller)
    assert keys(again) == ALL
    assert all(line["declared"] for line in again["lines"])
    assert again["digest"] != got["digest"]
    assert caller.post(f"{URL}/adopt", {"digest": again["digest"]}).json()["version"] == 1


def test_lines_are_adopted_one_by_one_and_what_a_person_declared_stays(caller, project):
    tell(project, runs(6))
    ours = "version: 1\nworkflow: checkout\nowner: us   # who else\n"
    ours += "steps:\n  LoadCart: {writes: [$.cart, $.scratch]}\n"
    caller.put("/workflows/checkout/map", ours)
    got = proposal(caller)
    declared = {line["key"] for line in got["lines"] if line["declared"]}
    assert declared == {"steps.LoadCart.writes:$.cart"}
    lines = ["identity.session:$.session_id", "steps.LoadCart.writes:$.cart"]
    put = caller.post(f"{URL}/adopt", {"digest": got["digest"], "lines": lines}).json()
    assert put["version"] == 2
    assert put["text"].startswith(ours)
    found = parse_map(put["text"])
    assert [path.text for path in found.identity.session] == ["$.session_id"]
    assert [path.text for path in found.steps["LoadCart"].writes or ()] == ["$.cart", "$.scratch"]
    assert (found.inputs, found.owner) == (None, "us")


def test_running_runs_are_judged_by_the_adopted_map(caller, project):
    tell(project, runs(6))
    got = proposal(caller)
    tell(project, [event("w-1", 900, session="s-w", phase="enter", context={"session_id": "s-w", "left": "over"})])
    assert Work.objects.count() == 0
    caller.post(f"{URL}/adopt", {"digest": got["digest"]})
    settle(now=timezone.now())
    page = caller.get("/anomalies?run_id=w-1").json()
    assert [(one["rule"], one["path"]) for one in page["items"]] == [("residue-at-start", "$.left")]


def test_a_proposal_that_has_changed_is_not_adopted(caller, project, monkeypatch):
    tell(project, runs(6))
    digest = proposal(caller)["digest"]
    tell(project, runs(2, begin=6))
    assert proposal(caller)["digest"] == digest
    tell(project, runs(1, begin=8, coupon="C-1"))
    assert proposal(caller)["digest"] != digest
    assert "look again" in is_problem(caller.post(f"{URL}/adopt", {"digest": digest}), 409)["detail"]

    def moved(**_: Any) -> None:
        raise MapMoved

    monkeypatch.setattr("monitor.services.learned_maps.put_map", moved)
    is_problem(caller.post(f"{URL}/adopt", {"digest": proposal(caller)["digest"]}), 409)
    assert MapVersion.objects.count() == 0


def test_what_is_no_adoption(caller, project):
    tell(project, runs(6))
    got = proposal(caller)
    problem = is_problem(caller.post(f"{URL}/adopt", {"digest": got["digest"], "lines": ["inputs:nothing"]}), 422)
    assert problem["errors"] == [{"field": "lines", "error": "no such line", "key": "inputs:nothing"}]
    is_problem(caller.post(f"{URL}/adopt", {"lines": []}), 422)
    is_problem(caller.post(f"{URL}/adopt", {"digest": got["digest"], "lines": "all"}), 422)
    is_problem(Caller(project, "read").post(f"{URL}/adopt", {"digest": got["digest"]}), 403)
    is_problem(Caller(project, "write").get(URL), 403)


def test_children_are_learned_from_their_clean_runs(caller, project):
    story = []
    for n in range(6):
        ids = {"session": f"s-{n}"}
        before = {"session_id": f"s-{n}", "order": {"id": f"o-{n}"}}
        story += [
            event(f"r-{n}", n * 10, phase="enter", context=before, **ids),
            event(f"c-{n}", n * 10 + 1, workflow="charge", parent_run_id=f"r-{n}", parent_step="LoadCart",
                  context={**before, "receipt": f"x-{n}"}, final=True, **ids),
            event(f"r-{n}", n * 10 + 2, context={**before, "receipt": f"x-{n}"}, final=True, **ids),
        ]  # fmt: skip
    tell(project, story)
    got = proposal(caller)
    assert got["looked_at"]["relatives"] == 6
    assert [key for key in keys(got) if key.startswith("children")] == [
        "children.charge.passes:$.order",
        "children.charge.passes:$.session_id",
        "children.charge.requires:$.order",
        "children.charge.requires:$.session_id",
        "children.charge.returns:$.receipt",
    ]


def test_nobody_learns_from_another_project(caller, project, stranger):
    tell(project, runs(6), now=NOW)
    assert proposal(stranger)["clean_runs"] == 0
