"""One checked context event, as every part of the detection core sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

JSONObject = dict[str, Any]
"""A decoded JSON object: its values are what a JSON parser yields, so nothing narrower holds."""


@dataclass(frozen=True, slots=True)
class Access:
    """A shared resource that a step touched; `op` is read, write or delete. Source: EVENTS.md."""

    store: str
    op: str
    key: str
    ttl_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """A context event that was checked against EVENTS.md, with its defaults applied.

    `occurred_at` is aware and in UTC, by the sender's clock. `event_id` is never empty: the caller
    derives one where the sender gave none. The context is shared, never copied: nobody changes it.
    Source: EVENTS.md.
    """

    event_id: str
    occurred_at: datetime
    workflow: str
    run_id: str
    step: str
    phase: str
    context: JSONObject
    parent_run_id: str | None = None
    parent_step: str | None = None
    sequence: int | None = None
    attempt: int = 1
    branch: str | None = None
    status: str = "ok"
    final: bool = False
    execution_id: str | None = None
    session: str | None = None
    tenant: str | None = None
    partial: bool = False
    accesses: tuple[Access, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
