"""Every page of the site, in a project where something is on each of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from django.contrib.auth.models import User
from django.urls import URLPattern, reverse
from django.utils import timezone

from monitor.metrics.periods import Quarter
from monitor.models import Incident, Postmortem
from monitor.urls import urlpatterns
from tests.browser.shop import Shop
from tests.factories import make_channel, make_postmortem, make_user
from tests.reliability.stack import Stack

NO_PAGES = {
    *("heartbeat", "setup-waiting", "setup-webhook-line"),  # fragments
    *("metrics-csv", "metrics-json", "postmortem-markdown"),  # files
    *("sign-out", "choose-project", "incident-act", "postmortem-begin", "postmortem-publish"),  # posted
    *("setup-key", "setup-key-revoke", "setup-webhook", "setup-webhook-test", "setup-webhook-remove"),  # posted
    "admin-sign-in",  # leads to sign-in
}
"""Named addresses that show no page of their own; every other one is walked."""
OF_URLS = sorted(
    pattern.name
    for pattern in urlpatterns
    if isinstance(pattern, URLPattern) and pattern.name and pattern.name not in NO_PAGES
)
STATES = (
    "overview-quiet",
    "overview-empty",
    "incident-resolved",
    "incident-with-endless-names",
    "incidents-wrong-query",
    "run-with-endless-names",
    "run-clean",
    "runs-empty",
    "metrics-empty",
    "postmortems-empty",
    "setup-empty",
    "no-project",
    "not-found",
)
"""What the same addresses look like at other times."""
PAGES = (*OF_URLS, *STATES)


@dataclass(frozen=True)
class World:
    """`places` says of each page its address and who looks at it."""

    shop: Shop
    places: dict[str, tuple[str, User | None]] = field(default_factory=dict)


def make_world(stack: Stack) -> World:
    """A shop with leaks, one of them resolved and written up; a quiet one; an empty one; a person of none."""
    shop = Shop.of(stack, name="Shop")
    leak = shop.leak(n=1)
    shop.settle()
    _close(shop, number=1)
    long = "a-very-long-name-without-any-place-to-break-" * 3
    shop.leak(n=2, workflow=long, value=f"s-{long}", **{long: {long: [long] * 3}})
    shop.leak(n=3, workflow="returns")
    shop.settle()
    postmortem = _written(shop)
    make_channel(project=shop.project, name="on call", url=f"https://hooks.example.com/{long}", now=timezone.now())
    quiet, empty = Shop.of(stack, name="Quiet"), Shop.of(stack, name="Empty")
    quiet.leak()
    quiet.settle()
    _close(quiet, number=1)
    endless = Incident.objects.get(project=shop.project, workflow=long)
    of = {
        "incident": {"key": Incident.objects.get(project=shop.project, workflow="returns").key},
        "run": {"run_id": leak.victim},
        "rule": {"rule_id": "foreign-session"},
        "report": {"quarter": Quarter.of(timezone.now(), timezone.get_default_timezone()).name},
        "postmortem": {"uuid": postmortem.uuid},
        "postmortem-edit": {"uuid": postmortem.uuid},
    }
    places: dict[str, tuple[str, User | None]] = {
        name: (reverse(name, kwargs=of.get(name)), shop.admin) for name in OF_URLS
    }
    places["sign-in"] = (reverse("sign-in"), None)
    places |= {
        "overview-quiet": ("/", quiet.admin),
        "overview-empty": ("/", empty.admin),
        "incident-resolved": ("/incidents/INC-1/", shop.admin),
        "incident-with-endless-names": (f"/incidents/{endless.key}/", shop.admin),
        "incidents-wrong-query": ("/incidents/?q=severity:purple", shop.admin),
        "run-with-endless-names": (f"/runs/{long}-2/", shop.admin),
        "run-clean": (f"/runs/{leak.source}/", shop.admin),
        "runs-empty": ("/runs/", empty.admin),
        "metrics-empty": ("/metrics/", empty.admin),
        "postmortems-empty": ("/postmortems/", quiet.admin),
        "setup-empty": ("/setup/", empty.admin),
        "no-project": ("/", make_user(now=timezone.now())),
        "not-found": ("/incidents/INC-999/", shop.admin),
    }
    return World(shop, places)


def _close(shop: Shop, *, number: int) -> None:
    found = Incident.objects.get(project=shop.project, number=number)
    for act in ("acknowledge", "resolve"):
        shop.api(f"/incidents/{found.key}/{act}", method="POST")


def _written(shop: Shop) -> Postmortem:
    incident = Incident.objects.get(project=shop.project, number=1)
    now = timezone.now()
    table = "| what | where |\n| --- | --- |\n| cart | redis |\n"
    code = "```\n" + "key = 'cart:' + session + ':' + tenant " * 4 + "\n```\n"
    postmortem = make_postmortem(
        project=shop.project,
        incident=incident,
        now=now,
        summary=f"A cart went to **another** session.\n\n{table}\n{code}",
        timeline=f"- {now:%Y-%m-%d %H:%M:%S} UTC: **First leak**",
    )
    postmortem.actions.create(
        text="Scope the key", owner="kieran", due=(now - timedelta(days=3)).date(), position=0
    )
    return postmortem
