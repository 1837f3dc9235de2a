"""What happened to an incident, in order: leaks, the log, and every alert that went out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from monitor.metrics.words import duration
from monitor.models import DeliveryAttempt, Incident, IncidentLog, Notification

WORDS = {
    "opened": "Detected; incident opened",
    "spread": "Spread further",
    "late": "More of a run that was already in it, after the end",
    "recurred": "Recurred, and stays a false positive",
    "returned": "Returned: new events show it again",
    "withdrawn": "Withdrawn: later events disproved all of it",
    "disproved": "Later events disproved all of it",
    "acknowledged": "acknowledged",
    "mitigated": "marked it mitigated",
    "resolved": "resolved",
    "reopened": "reopened",
    "marked_known": "marked it as known",
    "marked_false_positive": "marked it as a false positive",
    "noted": "noted",
    "assigned": "assigned it to",
    "unassigned": "took it from its assignee",
    "postmortem_begun": "began a postmortem",
    "postmortem_edited": "edited the postmortem",
    "postmortem_published": "published the postmortem",
}
SHOWN = 200


@dataclass(frozen=True, slots=True)
class Moment:
    """One line. `mark` is leak, person or empty; `who` did it (empty: by itself); `note` is their own words."""

    at: datetime
    what: str
    mark: str = ""
    who: str = ""
    note: str = ""
    small: str = ""


def timeline(incident: Incident) -> tuple[Moment, ...]:
    """Oldest first. First and last leak are by the senders' clocks, all else by ours."""
    lines = [*_leaks(incident), *_logged(incident), *_alerts(incident)]
    return tuple(sorted(lines, key=lambda line: line.at))


def _leaks(incident: Incident) -> Iterator[Moment]:
    name = "leak" if incident.leak_class != "integrity" else "broken promise"
    yield Moment(incident.occurred_at, f"First {name}", mark="leak", small="by the sender’s clock")
    if incident.last_occurred_at > incident.occurred_at:
        yield Moment(incident.last_occurred_at, f"Last {name} so far", mark="leak", small="by the sender’s clock")


def _logged(incident: Incident) -> Iterator[Moment]:
    latest = IncidentLog.objects.filter(incident=incident).order_by("-at", "-id")[:SHOWN]
    for line in reversed(latest):
        person = line.by if line.by != "Crosstalk" else ""
        what = WORDS.get(line.kind, line.kind.replace("_", " "))
        small = _delay(incident, line)
        if not person:
            runs = line.data.get("runs")
            if line.kind == "spread" and isinstance(runs, int):
                what = f"Spread to {runs:,} runs"
            yield Moment(line.at, what[:1].upper() + what[1:], note=line.note, small=small or _counts(line))
        else:
            yield Moment(line.at, what, mark="person", who=person, note=line.note, small=small)


def _delay(incident: Incident, line: IncidentLog) -> str:
    if line.kind == "opened":
        return f"{_apart(incident.occurred_at, line.at)} after the first leak"
    if line.kind in ("acknowledged", "resolved"):
        return f"{_apart(incident.detected_at, line.at)} after detection"
    return ""


def _counts(line: IncidentLog) -> str:
    known = [(name, line.data.get(name)) for name in ("sessions", "tenants")]
    said = [f"{value:,} {name if value != 1 else name[:-1]}" for name, value in known if isinstance(value, int)]
    return ", ".join(said)


def _alerts(incident: Incident) -> Iterator[Moment]:
    """One line a message: delivered, given up, or still being tried, with how often and why not."""
    messages = Notification.objects.filter(incident=incident).select_related("channel").prefetch_related("tries")
    for message in messages.order_by("created_at", "id")[:SHOWN]:
        tries = sorted(message.tries.all(), key=lambda each: each.number)
        last = tries[-1] if tries else None
        about = message.kind.removeprefix("incident.")
        if message.status == "delivered" and message.delivered_at:
            took = _apart(message.created_at, message.delivered_at)
            again = f", at attempt {len(tries)}" if len(tries) > 1 else ""
            what = f"Alert “{about}” delivered to {message.channel.name} in {took}{again}"
            yield Moment(message.delivered_at, what)
        elif message.status == "given_up":
            what = f"Alert “{about}” to {message.channel.name} given up after {message.attempts} attempts"
            yield Moment(last.at if last else message.created_at, what, small=_answer(last))
        elif last is None:
            yield Moment(message.created_at, f"Alert “{about}” to {message.channel.name} is waiting to go out")
        else:
            what = f"Alert “{about}” to {message.channel.name}: attempt {last.number} failed, another follows"
            yield Moment(last.at, what, small=_answer(last))


def _answer(tried: DeliveryAttempt | None) -> str:
    if tried is None:
        return ""
    return tried.error or (f"answered {tried.status_code}" if tried.status_code else "")


def _apart(earlier: datetime, later: datetime) -> str:
    return duration(max((later - earlier).total_seconds(), 0.0))
