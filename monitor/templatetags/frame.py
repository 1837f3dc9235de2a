"""The frame of every page: where one is, and whether Crosstalk can see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import template
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from monitor.models import Project
from monitor.queries.heartbeat import heartbeat as heartbeat_of

register = template.Library()

NOW = (("overview", "Overview"), ("incidents", "Incidents"), ("runs", "Runs"))
UNDERSTAND = (("metrics", "Metrics"), ("reports", "Reports"), ("postmortems", "Postmortems"))
RUN_IT = (("setup", "Set up"),)


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the navigation; its name is its drawing's too."""

    name: str
    label: str
    href: str
    current: bool


def _places(request: HttpRequest, lines: tuple[tuple[str, str], ...]) -> list[Place]:
    places = []
    for name, label in lines:
        href = reverse(name)
        here = request.path == href if href == reverse("overview") else request.path.startswith(href)
        places.append(Place(name, label, href, here))
    return places


@register.simple_tag(takes_context=True)
def navigation(context: template.Context) -> dict[str, list[Place]]:
    """The groups of the navigation, with the present place marked."""
    request = context["request"]
    return {
        "now": _places(request, NOW),
        "understand": _places(request, UNDERSTAND),
        "run_it": _places(request, RUN_IT),
        "tabs": _places(request, (*NOW, UNDERSTAND[0])),
        "more": _places(request, (*UNDERSTAND[1:], *RUN_IT)),
    }


@register.simple_tag(takes_context=True)
def heartbeat(context: template.Context) -> Any:
    """Whether the current project's events are being judged; None where there is no project."""
    membership = getattr(context.get("request"), "membership", None)
    if membership is None:
        return None
    project: Project = membership.project
    return heartbeat_of(project, now=context.get("now") or timezone.now())
