"""What the services behind the API promise: keys, maps, projects."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from monitor.models import ApiKey, MapVersion, Membership, Project, Workflow
from monitor.queries.maps import map_in_force, maps_of
from monitor.queries.projects import by_slug, key_of_token
from monitor.services.actor import SYSTEM, Actor
from monitor.services.keys import create_key, note_use, revoke_key
from monitor.services.maps import put_map
from monitor.services.projects import add_member, create_project
from tests.factories import NOW, make_project, make_user

pytestmark = pytest.mark.django_db


def map_text(workflow: str = "checkout", n: int = 1) -> str:
    return f"version: 1\nworkflow: {workflow}\nsize_limit_bytes: {n}\n"


def test_a_key_is_shown_once_and_kept_as_a_digest():
    project, user = make_project(), make_user()
    key, token = create_key(project=project, name="ci", scopes=["write", "read"], by=Actor.of_user(user), now=NOW)
    other, second = create_key(project=project, name="ci", scopes=["read"], by=SYSTEM, now=NOW)

    assert token.startswith("ct_")
    assert len(token) == 43
    assert token != second
    assert token.startswith(key.prefix)
    assert (key.scopes, key.created_by, other.created_by) == (["read", "write"], user, None)
    row = ApiKey.objects.values().get(pk=key.pk)
    assert not any(token in str(value) for value in row.values())
    assert key_of_token(token, NOW) == key
    assert key_of_token(token + "x", NOW) is None


def test_a_given_token_may_be_anything_and_is_hardly_shown():
    key, token = create_key(
        project=make_project(), name="demo", scopes=["read"], by=SYSTEM, now=NOW, token="abc123"
    )
    assert token == "abc123"
    assert key.prefix == "ab"


@pytest.mark.parametrize(
    ("scopes", "token"), [([], None), (["admin"], None), (["read", "root"], None), (["read"], " ")]
)
def test_a_key_without_sense(scopes, token):
    with pytest.raises(ValueError, match="key"):
        create_key(project=make_project(), name="x", scopes=scopes, by=SYSTEM, now=NOW, token=token)


def test_a_key_ends_by_time_or_by_hand():
    key, token = create_key(
        project=make_project(),
        name="x",
        scopes=["read"],
        by=SYSTEM,
        now=NOW,
        expires_at=NOW + timedelta(seconds=1),
    )
    assert key_of_token(token, NOW) == key
    assert key_of_token(token, NOW + timedelta(seconds=1)) is None
    revoke_key(key=key, by=SYSTEM, now=NOW)
    revoke_key(key=key, by=SYSTEM, now=NOW + timedelta(days=1))
    assert key.revoked_at == NOW
    assert key_of_token(token, NOW) is None


def test_noting_the_use_of_a_key_is_cheap(django_assert_num_queries):
    key, _ = create_key(project=make_project(), name="x", scopes=["read"], by=SYSTEM, now=NOW)
    with django_assert_num_queries(1):
        note_use(key=key, now=NOW)
    key.refresh_from_db()
    with django_assert_num_queries(0):
        note_use(key=key, now=NOW + timedelta(seconds=59))
    note_use(key=key, now=NOW + timedelta(seconds=60))
    key.refresh_from_db()
    assert key.last_used_at == NOW + timedelta(seconds=60)


def test_maps_in_force():
    project, other = make_project(), make_project()
    for n in (1, 2):
        put_map(project=project, workflow="checkout", text=map_text(n=n), by=SYSTEM, now=NOW)
    put_map(project=project, workflow="refund", text=map_text("refund"), by=SYSTEM, now=NOW)

    in_force = map_in_force(project, "checkout")
    assert in_force is not None
    assert in_force.size_limit_bytes == 2
    assert map_in_force(project, "nothing") is None
    assert map_in_force(other, "checkout") is None
    assert {name: one.size_limit_bytes for name, one in maps_of(project).items()} == {"checkout": 2, "refund": 1}
    assert maps_of(other) == {}
    back = put_map(project=project, workflow="checkout", text=map_text(n=1), by=SYSTEM, now=NOW)
    assert back.number == 3


@pytest.mark.django_db(transaction=True)
def test_two_who_put_a_map_at_once_get_two_versions():
    project = make_project()
    start = threading.Barrier(2)
    failures: list[BaseException] = []

    def put(n: int) -> None:
        try:
            start.wait(timeout=10)
            for round_ in range(5):
                text = map_text(n=n * 100 + round_)
                put_map(project=Project(pk=project.pk), workflow="checkout", text=text, by=SYSTEM, now=NOW)
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    people = [threading.Thread(target=put, args=(n,)) for n in (1, 2)]
    for person in people:
        person.start()
    for person in people:
        person.join(timeout=30)
    assert failures == []
    assert sorted(MapVersion.objects.values_list("number", flat=True)) == list(range(1, 11))
    assert Workflow.objects.count() == 1


def test_projects_and_their_people():
    user = make_user()
    project = create_project(name="Shop & Co", by=Actor.of_user(user), now=NOW, time_zone="Europe/Berlin")
    assert (project.slug, project.time_zone) == ("shop-co", "Europe/Berlin")
    assert by_slug("shop-co") == project
    assert create_project(name="Shop & Co", by=SYSTEM, now=NOW).slug == "shop-co-2"
    assert create_project(name="東京", by=SYSTEM, now=NOW).slug == "project"
    assert Membership.objects.get(project=project).role == "admin"

    add_member(project=project, user=user, role="viewer", now=NOW)
    assert Membership.objects.get(project=project, user=user).role == "viewer"
    with pytest.raises(ValueError, match="role"):
        add_member(project=project, user=user, role="king", now=NOW)


@pytest.mark.parametrize(
    "wrong", [{"name": " "}, {"name": "x", "time_zone": "Mars/Olympus"}, {"name": "x", "slug": "taken"}]
)
def test_a_project_that_cannot_be(wrong):
    create_project(name="First", by=SYSTEM, now=NOW, slug="taken")
    with pytest.raises(ValueError, match=r"name|zone|slug"):
        create_project(by=SYSTEM, now=NOW, **wrong)
    assert Project.objects.count() == 1
