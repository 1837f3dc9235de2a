"""What Crosstalk already knows of an incident, as the first text of its postmortem."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from monitor.detection.catalogue import rule_by_id
from monitor.metrics.definitions import IncidentTimes, seconds_to_detect
from monitor.metrics.words import count, duration
from monitor.models import Incident, IncidentLog, Notification, Postmortem, Run

MOST_LINES = 200
"""A log may have thousands of lines; a person edits the timeline."""
WORDS = {
    "opened": "Detected by the rule {rule}",
    "acknowledged": "acknowledged it",
    "mitigated": "stopped the harm",
    "resolved": "resolved it",
    "reopened": "reopened it",
    "marked_known": "marked it as known",
    "marked_false_positive": "marked it as a false positive",
    "noted": "noted",
    "assigned": "assigned it",
    "unassigned": "assigned it to nobody",
}


def first_texts(incident: Incident) -> dict[str, str]:
    """Give the fields that can be filled in: title, summary, impact, timeline and detection, as Markdown.

    Times are in UTC; those of leaks by the senders' clocks, all others by ours. The title names no
    session: it stands in lists and reports.
    """
    return {
        "title": f"{rule_by_id(incident.rule).title}, {incident.workflow} ({incident.key})",
        "summary": _summary(incident),
        "impact": _impact(incident),
        "timeline": "\n".join(_timeline(incident)),
        "detection": f"The rule {incident.rule} found it {_after_leak(incident)}.",
    }


def known_timeline(postmortem: Postmortem) -> list[str]:
    """Give the lines that Crosstalk knows of the postmortem's incidents now, in order of time."""
    return sorted(line for incident in postmortem.incidents.all() for line in _timeline(incident))


def escape(text: str) -> str:
    """Take from a sender's text what Markdown would make a link, an image or markup of; on one line."""
    return re.sub(r"([\\`*\[\]<>|#])", r"\\\1", " ".join(text.split()))


def _summary(incident: Incident) -> str:
    parts = [escape(incident.title), f"The rule {incident.rule} found it {_after_leak(incident)}."]
    if incident.status == "resolved" and incident.resolved_at:
        after = duration((incident.resolved_at - incident.detected_at).total_seconds())
        parts.append(f"{escape(incident.resolved_by)} resolved it {after} after it was detected.")
    else:
        parts.append("It was not resolved when this was begun.")
    return "\n\n".join([parts[0], " ".join(parts[1:])])


def _impact(incident: Incident) -> str:
    within = Run.objects.filter(
        project=incident.project_id,
        workflow=incident.workflow,
        first_at__lte=incident.last_occurred_at,
        last_at__gte=incident.occurred_at,
    ).count()
    lasted = (incident.last_occurred_at - incident.occurred_at).total_seconds()
    runs = f"{incident.run_count:,} of {count(max(within, incident.run_count), 'run')} of {incident.workflow}"
    lines = [
        f"- **Runs**: {escape(runs)} in that time",
        f"- **Sessions**: {incident.session_count or 'none named'}",
        f"- **Tenants**: {incident.tenant_count or 'none named'}",
        f"- **Lasted**: {duration(lasted)}, from the first leak to the last, {_utc(incident.occurred_at)} to "
        f"{_utc(incident.last_occurred_at)} by the senders' clocks",
        f"- **Where**: `{incident.path.replace('`', '')}`",
    ]
    return "\n".join(lines)


def _timeline(incident: Incident) -> list[str]:
    entries = [*_leaks(incident), *_log(incident), *_deliveries(incident)]
    entries.sort(key=lambda entry: entry[0])
    return [f"- {_utc(at)}: {text}" for at, text in entries]


def _leaks(incident: Incident) -> list[tuple[datetime, str]]:
    ordered = incident.anomalies.select_related("run").order_by("occurred_at", "id")
    first, last = ordered.first(), ordered.last()
    entries = []
    for name, anomaly in (("First leak", first), ("Last leak", last)):
        if anomaly is not None and not (name == "Last leak" and anomaly == first):
            where = f"{escape(anomaly.workflow)} at {escape(anomaly.step)}, run {escape(anomaly.run.run_id)}"
            entries.append((anomaly.occurred_at, f"**{name}** in {where} (sender's clock)"))
    return entries


def _log(incident: Incident) -> list[tuple[datetime, str]]:
    rows = IncidentLog.objects.filter(incident=incident).exclude(kind="spread").order_by("at", "id")
    return [(row.at, _log_text(row, incident)) for row in rows[:MOST_LINES]]


def _log_text(row: IncidentLog, incident: Incident) -> str:
    words = WORDS.get(row.kind, row.kind.replace("_", " ")).format(rule=incident.rule)
    note = f": {escape(row.note)}" if row.note else ""
    if row.user_id or row.api_key_id:
        return f"**{escape(row.by)}** {words}{note}"
    return f"{words[0].upper()}{words[1:]}{note}"


def _deliveries(incident: Incident) -> list[tuple[datetime, str]]:
    rows = Notification.objects.filter(incident=incident, status="delivered").select_related("channel")
    return [
        (
            row.delivered_at,
            f"Alert ({escape(row.kind.removeprefix('incident.'))}) delivered to {escape(row.channel.name)} in "
            f"{duration((row.delivered_at - row.created_at).total_seconds())}",
        )
        for row in rows.order_by("delivered_at", "id")[:MOST_LINES]
        if row.delivered_at is not None
    ]


def _after_leak(incident: Incident) -> str:
    times = IncidentTimes(incident.status, incident.occurred_at, incident.detected_at)
    if incident.detected_at < incident.occurred_at:
        return "at once (the sender's clock is ahead of ours)"
    return f"{duration(seconds_to_detect(times))} after the first leak"


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
