"""One view, two answers: the whole page, or only the part that changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails


def wants_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks for a part: not a boosted link, not a page restored from history."""
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    return htmx is not None and bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def version_of(*seen: object) -> str:
    """A short name for what a reader sees; equal for equal frozen dataclasses.

    Ages ("3 s ago") are left to the browser: what goes in here has absolute times only.
    """
    return hashlib.blake2b(repr(seen).encode("utf-8", "backslashreplace"), digest_size=9).hexdigest()


def unchanged(request: HttpRequest, version: str) -> bool:
    """Whether the browser already shows this version of the fragment (it sends it back as `?seen=`)."""
    return wants_fragment(request) and request.GET.get("seen") == version


def nothing_new() -> HttpResponse:
    """204: htmx swaps nothing, and the page stays as it is."""
    return _told(HttpResponse(status=204))


def render_page(
    request: HttpRequest, page: str, fragment: str, context: Mapping[str, Any], *, version: str = ""
) -> HttpResponse:
    """Renders the fragment for htmx and the whole page for everybody else, from one context.

    Where `version` is given, templates send it back as `?seen=`; an unchanged fragment is answered
    with 204.
    """
    if version and unchanged(request, version):
        return nothing_new()
    template = fragment if wants_fragment(request) else page
    return _told(render(request, template, {**context, "version": version}))


def _told(response: HttpResponse) -> HttpResponse:
    patch_vary_headers(response, ["HX-Request"])
    response.headers["Cache-Control"] = "no-store"
    return response
