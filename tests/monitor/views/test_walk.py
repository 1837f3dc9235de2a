"""Every address of the site as everybody: anonymous people sign in, strangers find nothing, roles hold."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from monitor.models import Project
from monitor.urls import urlpatterns
from tests.factories import make_api_key, make_channel, make_postmortem
from tests.monitor.views.cast import Cast, make_cast, make_leak

pytestmark = pytest.mark.django_db

OPEN = {"sign-in", "sign-out", "admin-sign-in"}
"""For everybody, signed in or not."""
POSTS = {
    "choose-project": "viewer",
    "incident-act": "responder",
    "postmortem-begin": "responder",
    "postmortem-publish": "responder",
    "setup-key": "admin",
    "setup-key-revoke": "admin",
    "setup-webhook": "admin",
    "setup-webhook-test": "admin",
    "setup-webhook-remove": "admin",
}
"""What is only ever posted, and the least role that may."""
GETS_OF_RESPONDERS = {"postmortem-edit"}
WITHOUT_OBJECT = {"choose-project", "setup-key", "setup-webhook"}
NAMES = sorted(pattern.name for pattern in urlpatterns if isinstance(pattern, URLPattern) and pattern.name)


def addresses(project: Project) -> dict[str, str]:
    """Every named address, filled in with things of the project."""
    leak = make_leak(project)
    postmortem = make_postmortem(project=project, incident=leak.incident)
    key, _ = make_api_key(project=project)
    channel = make_channel(project=project)
    of: dict[str, dict[str, object]] = {
        "incident": {"key": leak.incident.key},
        "incident-act": {"key": leak.incident.key, "action": "acknowledge"},
        "postmortem-begin": {"key": leak.incident.key},
        "run": {"run_id": leak.victim.run_id},
        "rule": {"rule_id": "foreign-session"},
        "report": {"quarter": "2026-Q3"},
        **{
            name: {"uuid": postmortem.uuid}
            for name in ("postmortem", "postmortem-edit", "postmortem-publish", "postmortem-markdown")
        },
        "setup-key-revoke": {"uuid": key.uuid},
        **{
            name: {"uuid": channel.uuid}
            for name in ("setup-webhook-line", "setup-webhook-test", "setup-webhook-remove")
        },
    }
    return {name: reverse(name, kwargs=of.get(name, {})) for name in NAMES}


def ask(client: Client, name: str, address: str) -> int:
    """The status of the answer to what this address is for."""
    response = client.post(address, {}) if name in POSTS else client.get(address)
    return response.status_code


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def test_anonymous_people_are_sent_to_sign_in(cast: Cast) -> None:
    for name, address in addresses(cast.project).items():
        if name in OPEN:
            continue
        response = cast.anonymous.post(address) if name in POSTS else cast.anonymous.get(address)
        assert (response.status_code, response["Location"].split("?")[0]) == (302, "/sign-in/"), name


def test_an_anonymous_fragment_sends_the_whole_page_to_sign_in(cast: Cast) -> None:
    response = cast.anonymous.get("/incidents/", headers={"HX-Request": "true"})
    assert response["HX-Redirect"] == "/sign-in/"


def test_strangers_find_nothing_of_another_project(cast: Cast) -> None:
    """Their own lists are theirs to see; things of another project do not exist for them."""
    own = {"overview", "overview-below", "heartbeat", "incidents", "runs", "rules", "rule", "metrics"}
    own |= {"metrics-csv", "metrics-json", "reports", "report", "postmortems", "setup", "setup-waiting"}
    for name, address in addresses(cast.project).items():
        if name in OPEN | WITHOUT_OBJECT:
            continue
        assert ask(cast.stranger, name, address) in ((200, 302) if name in own else (404,)), name


def test_people_without_a_project_are_told_what_to_do(cast: Cast) -> None:
    for name, address in addresses(cast.project).items():
        if name in OPEN:
            continue
        response = cast.nobody.post(address) if name in POSTS else cast.nobody.get(address)
        assert response.status_code == 403, name
        assert "You belong to no project yet" in response.content.decode(), name


@pytest.mark.parametrize("name", NAMES)
def test_each_role_may_do_what_it_may_and_no_more(cast: Cast, name: str) -> None:
    address = addresses(cast.project)[name]
    if name in OPEN:
        return
    least = POSTS.get(name, "responder" if name in GETS_OF_RESPONDERS else "viewer")
    for role, rank in (("viewer", 0), ("responder", 1), ("admin", 2)):
        allowed = rank >= ("viewer", "responder", "admin").index(least)
        status = ask(getattr(cast, role), name, address)
        assert (status != 403) is allowed, (name, role, status)
        assert status < 500, (name, role)


def test_what_is_posted_is_never_done_by_a_get(cast: Cast) -> None:
    for name, address in addresses(cast.project).items():
        if name in POSTS:
            assert cast.admin.get(address).status_code == 405, name


def test_a_form_without_its_token_changes_nothing(cast: Cast) -> None:
    leak = make_leak(cast.project)
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.responder_user)
    response = client.post(f"/incidents/{leak.incident.key}/acknowledge/")
    leak.incident.refresh_from_db()
    assert (response.status_code, leak.incident.status) == (403, "open")
    assert "too old to be trusted" in response.content.decode()


@pytest.mark.parametrize("key", ["INC-0", "INC-99", "INC-", "INC-1x", "inc-1", "1", "INC-99999999999999999999"])
def test_what_is_no_incident_is_not_found(cast: Cast, key: str) -> None:
    assert cast.viewer.get(f"/incidents/{key}/").status_code == 404


def test_what_does_not_exist_says_so_as_a_page(cast: Cast) -> None:
    response = cast.viewer.get(f"/postmortems/{uuid.uuid4()}/")
    assert response.status_code == 404
    assert "There is nothing here for you" in response.content.decode()
