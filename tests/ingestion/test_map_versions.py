"""The versions of a map over HTTP: listed, given back one by one, by whom they were put."""

from __future__ import annotations

import pytest

from monitor.services.actor import Actor
from monitor.services.maps import MapMoved, put_map
from tests.factories import NOW, make_user
from tests.ingestion.caller import is_problem

pytestmark = pytest.mark.django_db
MAP = "version: 1\nworkflow: {name}\nsize_limit_bytes: {n}\n"


def put(caller, n: int, name: str = "checkout") -> None:
    answer = caller.put(f"/workflows/{name}/map", MAP.format(name=name, n=n))
    assert answer.status_code == 200


def test_all_versions_are_listed_the_latest_first(caller, project, stranger):
    person = make_user(name="ada", project=project)
    text = MAP.format(name="checkout", n=1)
    put_map(project=project, workflow="checkout", text=text, by=Actor.of_user(person), now=NOW)
    put(caller, 2)
    put(stranger, 7)
    listed = caller.get("/workflows/checkout/map/versions").json()
    shown = [(one["version"], one["created_by"]) for one in listed["items"]]
    assert shown == [(2, "key test key"), (1, "ada")]
    assert listed["items"][1]["created_at"] == "2026-11-20T10:00:00Z"
    assert listed["next"] is None
    assert caller.get("/workflows/refund/map/versions").json() == {"items": [], "next": None}


def test_the_list_comes_in_pages(caller):
    for n in range(1, 6):
        put(caller, n)
    first = caller.get("/workflows/checkout/map/versions?limit=3").json()
    rest = caller.get(f"/workflows/checkout/map/versions?limit=3&cursor={first['next']}").json()
    assert [one["version"] for one in (*first["items"], *rest["items"])] == [5, 4, 3, 2, 1]
    is_problem(caller.get("/workflows/checkout/map/versions?cursor=nonsense"), 400)


def test_a_list_costs_the_same_number_of_queries_however_long(caller, django_assert_num_queries):
    for n in range(1, 3):
        put(caller, n)
    with django_assert_num_queries(2):
        caller.get("/workflows/checkout/map/versions")
    for n in range(3, 13):
        put(caller, n)
    with django_assert_num_queries(2):
        caller.get("/workflows/checkout/map/versions")


def test_one_version_is_given_back_as_it_was_put(caller):
    put(caller, 1)
    put(caller, 2)
    got = caller.get("/workflows/checkout/map?version=1").json()
    assert (got["version"], got["text"]) == (1, MAP.format(name="checkout", n=1))
    bare = caller.get("/workflows/checkout/map?version=1", Accept="text/yaml")
    assert (bare.content.decode(), bare["Crosstalk-Map-Version"]) == (got["text"], "1")
    assert caller.get("/workflows/checkout/map").json()["version"] == 2
    assert "no such version" in is_problem(caller.get("/workflows/checkout/map?version=3"), 404)["detail"]
    is_problem(caller.get(f"/workflows/checkout/map?version={2**31 - 1}"), 404)
    for wrong in ("0", "-1", "x", str(2**31)):
        is_problem(caller.get(f"/workflows/checkout/map?version={wrong}"), 422)


@pytest.mark.parametrize(
    "name", ["shop/checkout", "map", "map/versions", "a/map/proposal", "a/map/dry-run/map", "é v2"]
)
def test_a_workflow_may_have_any_name(caller, name):
    put(caller, 1, name)
    assert caller.get(f"/workflows/{name}/map").json()["workflow"] == name
    assert [one["version"] for one in caller.get(f"/workflows/{name}/map/versions").json()["items"]] == [1]
    assert caller.get(f"/workflows/{name}/map/proposal").json()["workflow"] == name


def test_a_map_is_only_replaced_where_the_caller_knows_what_it_replaces(caller, project):
    actor = Actor.of_key(caller.key)

    def replace(n: int, replaces: int) -> int:
        text = MAP.format(name="checkout", n=n)
        return put_map(
            project=project, workflow="checkout", text=text, by=actor, now=NOW, replaces=replaces
        ).number

    assert replace(1, 0) == 1
    with pytest.raises(MapMoved):
        replace(2, 0)
    assert replace(2, 1) == 2
    with pytest.raises(MapMoved):
        replace(3, 1)
