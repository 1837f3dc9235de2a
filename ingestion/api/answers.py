"""Answers as JSON. The schemas describe them on the documentation page; they do not filter them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from django.http import HttpResponse

_ENCODER = msgspec.json.Encoder()


def answer(body: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    """A JSON answer; fields that a schema does not name stand beside those it does."""
    return HttpResponse(_ENCODER.encode(body), status=status, content_type="application/json")
