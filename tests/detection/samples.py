"""Events and maps for the detection tests: recorded ones, generated ones, and ones made by hand."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import rfc8785

from monitor.detection.context_map import ContextMap
from monitor.detection.event import Access, Event
from monitor.detection.maps import parse_map

DATA = Path(__file__).parent / "data"
TRACES = Path(__file__).parent / "traces"
BEGIN = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Sample:
    """Events in order of arrival, the maps they are judged by, and what must be found."""

    name: str
    events: tuple[Event, ...]
    maps: Mapping[str, ContextMap]
    expected: Mapping[str, Any]


def read_event(raw: Mapping[str, Any]) -> Event:
    """An event from its wire form, which is known to be right."""
    fields = dict(raw)
    digest = hashlib.sha256(rfc8785.dumps(dict(raw))).hexdigest()
    event_id = fields.pop("event_id", f"auto-{digest}")
    fields["occurred_at"] = datetime.fromisoformat(fields["occurred_at"]).astimezone(UTC)
    fields["accesses"] = tuple(Access(**access) for access in fields.get("accesses", ()))
    return Event(event_id=event_id, **fields)


def maps_of(texts: Iterable[str]) -> dict[str, ContextMap]:
    """Maps by the workflow each is about."""
    return {one.workflow: one for one in map(parse_map, texts)}


def event(moment: str, context: dict[str, Any], *, at: float = 0, **fields: Any) -> Event:
    """An event at `Step.phase`, `at` seconds after the beginning of all tests."""
    step, _, phase = moment.rpartition(".")
    fields.setdefault("run_id", "r-1")
    fields.setdefault("workflow", "checkout")
    attempt, branch = fields.get("attempt", 1), fields.get("branch")
    fields.setdefault("event_id", f"{fields['run_id']}/{at}/{moment}/{attempt}/{branch}")
    when = BEGIN + timedelta(seconds=at)
    return Event(occurred_at=when, step=step, phase=phase, context=context, **fields)


@cache
def scenario(name: str) -> Sample:
    """One recorded scenario of the labelled corpus."""
    folder = DATA / "corpus" / name
    with gzip.open(folder / "events.ndjson.gz", "rt", encoding="utf-8") as lines:
        events = tuple(read_event(json.loads(line)) for line in lines)
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml"))]
    expected = json.loads(gzip.decompress((folder / "expected.json.gz").read_bytes()))
    return Sample(name, events, maps_of(texts), expected)


def scenario_names() -> list[str]:
    """The recorded scenarios."""
    return sorted(path.name for path in (DATA / "corpus").iterdir())


def random_streams() -> Iterator[Sample]:
    """The generated streams with the answers of a literal reading of RULES.md."""
    with gzip.open(DATA / "random.ndjson.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            raw = json.loads(line)
            events = tuple(map(read_event, raw["events"]))
            yield Sample(raw["name"], events, maps_of(raw["maps"]), {"anomalies": raw["anomalies"]})


def map_texts(name: str) -> dict[str, str]:
    """The maps of a recorded or generated sample as they were sent, by workflow."""
    folder = DATA / "corpus" / name
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml"))]
    if not folder.is_dir():
        with gzip.open(DATA / "random.ndjson.gz", "rt", encoding="utf-8") as lines:
            texts = next(raw["maps"] for line in lines if (raw := json.loads(line))["name"] == name)
    return {parse_map(text).workflow: text for text in texts}


def trace_names() -> list[tuple[str, str]]:
    """The traces that stand beside the rules: (rule, leaking or clean)."""
    return sorted((path.parent.name, path.stem) for path in TRACES.glob("*/*.json"))


@cache
def trace(rule: str, kind: str) -> Sample:
    """A small hand-made trace of one rule."""
    raw = json.loads((TRACES / rule / f"{kind}.json").read_text(encoding="utf-8"))
    events = tuple(map(read_event, raw["events"]))
    return Sample(f"{rule}/{kind}", events, maps_of(raw.get("maps", ())), raw)
