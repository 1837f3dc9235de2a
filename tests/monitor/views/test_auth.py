"""Signing in and out, guessing passwords, and choosing a project."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client, override_settings

from monitor.models import Membership
from monitor.services import guesses
from tests.factories import NOW, make_project, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_guesses_yet() -> None:
    guesses._here.clear()
    guesses._redis.cache_clear()


def a_name() -> str:
    """A name that nobody has guessed for yet, in this run of the tests or another."""
    return f"k{uuid.uuid4().hex[:12]}"


@pytest.mark.parametrize("typed", ["{name}", "{name}@example.com", "{NAME}@EXAMPLE.COM"])
def test_a_name_or_an_email_and_the_password_lead_to_where_one_was_going(typed: str) -> None:
    user = make_user(name=a_name(), project=make_project())
    client = Client()
    typed = typed.format(name=user.username, NAME=user.username.upper())
    asked = {"name": typed, "password": "correct horse", "next": "/incidents/?q=is:open"}
    response = client.post("/sign-in/", asked)
    assert (response.status_code, response["Location"]) == (302, "/incidents/?q=is:open")
    assert client.get("/incidents/").status_code == 200


def test_a_wrong_password_says_so_and_keeps_the_name() -> None:
    user = make_user(name=a_name())
    page = Client().post("/sign-in/", {"name": user.username, "password": "wrong"}).content.decode()
    assert "do not belong together" in page
    assert f'value="{user.username}"' in page
    assert "wrong" not in page


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_nobody_is_led_off_the_site(elsewhere: str) -> None:
    user = make_user(name=a_name(), project=make_project())
    asked = {"name": user.username, "password": "correct horse", "next": elsewhere}
    assert Client().post("/sign-in/", asked)["Location"] == "/"


def test_guesses_are_refused_after_a_while_even_the_right_one() -> None:
    user = make_user(name=a_name(), project=make_project())
    client = Client(REMOTE_ADDR=f"fd00::{uuid.uuid4().hex[:4]}:{uuid.uuid4().hex[:4]}")
    for _ in range(guesses.LIMITS["name and address"]):
        assert client.post("/sign-in/", {"name": user.username, "password": "wrong"}).status_code == 200
    response = client.post("/sign-in/", {"name": user.username, "password": "correct horse"})
    assert response.status_code == 429
    assert "Too many wrong passwords" in response.content.decode()


def test_guesses_are_refused_without_redis_too() -> None:
    user = make_user(name=a_name(), project=make_project())
    client = Client()
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        guesses._redis.cache_clear()
        for _ in range(guesses.LIMITS["name and address"]):
            client.post("/sign-in/", {"name": user.username, "password": "wrong"})
        response = client.post("/sign-in/", {"name": user.username, "password": "correct horse"})
    guesses._redis.cache_clear()
    assert response.status_code == 429


def test_signing_out_ends_the_session() -> None:
    client = Client()
    client.force_login(make_user(project=make_project()))
    assert client.post("/sign-out/")["Location"] == "/sign-in/"
    assert client.get("/")["Location"].startswith("/sign-in/")


def test_one_chooses_among_ones_own_projects() -> None:
    first, second, foreign = make_project(name="A"), make_project(name="B"), make_project(name="C")
    user = make_user(project=first)
    Membership.objects.create(project=second, user=user, role="viewer", created_at=NOW)
    client = Client()
    client.force_login(user)
    assert f'value="{second.slug}"' in client.get("/").content.decode()
    assert client.post("/project/", {"project": second.slug})["Location"] == "/"
    assert f"viewer of {second.name}" in client.get("/").content.decode()
    assert client.post("/project/", {"project": foreign.slug}).status_code == 404


def test_a_link_names_its_project() -> None:
    first, second, foreign = make_project(name="A"), make_project(name="B"), make_project(name="C")
    user = make_user(project=first)
    Membership.objects.create(project=second, user=user, role="viewer", created_at=NOW)
    client = Client()
    client.force_login(user)
    assert "viewer of B" in client.get("/", {"project": second.slug}).content.decode()
    assert "viewer of B" in client.get("/").content.decode()
    assert client.get("/", {"project": foreign.slug}).status_code == 404


def test_the_administration_has_no_door_of_its_own() -> None:
    response = Client().get("/admin/", follow=True)
    assert response.redirect_chain[-1][0].startswith("/sign-in/?next=/admin/")
    client = Client()
    client.force_login(make_user())
    assert client.get("/admin/", follow=True).status_code == 403


def test_an_admin_of_the_server_adds_people_to_projects() -> None:
    staff = make_user()
    staff.is_staff = staff.is_superuser = True
    staff.save()
    client = Client()
    client.force_login(staff)
    form = {
        "name": "Shop", "slug": "new-shop", "time_zone": "UTC", "memberships-TOTAL_FORMS": "1",
        "memberships-INITIAL_FORMS": "0", "memberships-0-user": staff.pk, "memberships-0-role": "admin",
    }  # fmt: skip
    assert client.post("/admin/monitor/project/add/", form).status_code == 302
    assert Membership.objects.get(project__slug="new-shop").user == staff
    assert "No events yet" in client.get("/").content.decode()
