"""The recordings: read, given fresh ids, and moved in time so that they end now.

Each was taken from a small program that really ran. A play gives every run, execution, session and
event id a new ending, the same wherever the id stands, so that a second play is a second day of
traffic and no repetition.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "recordings"
NAMES = (
    "threads-threadlocal-dirty",
    "asyncio-contextvar-default",
    "stageflow-stress-shared-job",
    "stageflow-adversarial-cache",
    "celery-retry-headers",
    "shop-cart-clean",
)
_TOKEN = re.compile(r"[0-9A-Za-z]+(?:[-_][0-9A-Za-z]+)+")
_ENDING = re.compile(r"[0-9a-f]{8}$")
_RENEWED = ("event_id", "run_id", "execution_id", "session")


@dataclass(frozen=True, slots=True)
class Recording:
    """One scenario, ready to be sent: `expected` and `also_allowed` are (rule, run id) pairs."""

    name: str
    about: str
    framework: str
    map_text: str | None
    events: tuple[dict[str, Any], ...]
    expected: frozenset[tuple[str, str]]
    also_allowed: frozenset[tuple[str, str]]

    @property
    def clean(self) -> bool:
        """Whether nothing at all may be found in it."""
        return not self.expected and not self.also_allowed

    @property
    def map_workflow(self) -> str | None:
        """The workflow that its context map is for."""
        found = re.search(r"^workflow: *(\S+)", self.map_text or "", re.MULTILINE)
        return found[1] if found else None

    @property
    def run_ids(self) -> frozenset[str]:
        """Every run of it."""
        return frozenset(event["run_id"] for event in self.events)

    @property
    def workflows(self) -> frozenset[str]:
        """Every workflow of it."""
        return frozenset(event["workflow"] for event in self.events)


def recordings(*, now: datetime, play: str) -> Iterator[Recording]:
    """All of them, ending at `now`, with the ids of this play (any string that no earlier play had)."""
    for name in NAMES:
        yield _read(FOLDER / name, now=now, play=play)


def _read(folder: Path, *, now: datetime, play: str) -> Recording:
    text = gzip.decompress((folder / "events.ndjson.gz").read_bytes()).decode()
    labels = json.loads((folder / "labels.json").read_text())
    map_file = folder / "map.yaml"
    names = _new_names(text, play)
    return Recording(
        name=folder.name,
        about=labels["about"],
        framework=labels["framework"],
        map_text=map_file.read_text() if map_file.exists() else None,
        events=tuple(_moved(_renamed(text, names), now)),
        expected=_pairs(labels["expected"], names),
        also_allowed=_pairs(labels["also_allowed"], names),
    )


def _new_names(text: str, play: str) -> Mapping[str, str]:
    """For every id in the recording the one of this play, of the same shape."""
    ids = {value for line in text.splitlines() for value in _ids(json.loads(line))}
    return {value: _new_name(value, play) for value in ids}


def _ids(event: Mapping[str, Any]) -> Iterator[str]:
    for name in _RENEWED:
        if event.get(name):
            yield event[name]


def _new_name(value: str, play: str) -> str:
    digest = hashlib.sha256(f"{play} {value}".encode()).hexdigest()[:8]
    return _ENDING.sub(digest, value) if _ENDING.search(value) else f"{value}-{digest}"


def _renamed(text: str, names: Mapping[str, str]) -> str:
    return _TOKEN.sub(lambda found: names.get(found[0], found[0]), text)


def _moved(text: str, now: datetime) -> Iterator[dict[str, Any]]:
    """The events, all moved by the same time, the last of them to `now`."""
    events = [json.loads(line) for line in text.splitlines()]
    times = [datetime.fromisoformat(event["occurred_at"]) for event in events]
    shift: timedelta = now - max(times)
    for event, at in zip(events, times, strict=True):
        event["occurred_at"] = (at + shift).isoformat()
        yield event


def _pairs(labels: Mapping[str, list[str]], names: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset((rule, names.get(run, run)) for rule, runs in labels.items() for run in runs)
