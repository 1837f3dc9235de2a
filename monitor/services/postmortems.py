"""Writing down what was learned: begun from an incident, saved against overwriting, published once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import F

from monitor.models import Incident, Postmortem, PostmortemAction
from monitor.queries.postmortem_sections import Section
from monitor.queries.postmortems import missing, of_incident
from monitor.services import journal
from monitor.services.actor import Actor
from monitor.services.postmortem_draft import first_texts


class Stale(Exception):
    """Somebody saved the postmortem since this text was opened; nothing was saved."""


class Incomplete(Exception):
    """Publishing needs more; `sections` are those that are empty."""

    def __init__(self, sections: Sequence[Section]) -> None:
        self.sections = tuple(sections)
        super().__init__("Still to be written: " + ", ".join(section.title for section in sections) + ".")


@dataclass(frozen=True, slots=True)
class Text:
    """What a person edits; Markdown but for the title."""

    title: str
    summary: str = ""
    impact: str = ""
    timeline: str = ""
    detection: str = ""
    root_cause: str = ""
    guideline_unclear: str = ""
    review_missed: str = ""
    test_gap: str = ""
    made_sense: str = ""
    went_well: str = ""
    searched_elsewhere: str = ""


@dataclass(frozen=True, slots=True)
class ActionLine:
    """An action as it is saved; `pk` is None for a new one."""

    text: str
    owner: str = ""
    due: date | None = None
    done: bool = False
    pk: int | None = None


def begin(*, incident: Incident, by: Actor, now: datetime) -> Postmortem:
    """Begin the incident's postmortem with what is known filled in; begun before, it is given back unchanged."""
    with transaction.atomic():
        locked = Incident.objects.select_for_update(no_key=True, of=["self"]).get(pk=incident.pk)
        present = of_incident(locked)
        if present is not None:
            return present
        postmortem = Postmortem.objects.create(
            project_id=locked.project_id,
            created_at=now,
            created_by=by.user,
            updated_at=now,
            **first_texts(locked),
        )
        postmortem.incidents.add(locked)
        journal.write(incident=locked, kind="postmortem_begun", by=by, now=now)
    return postmortem


def save(
    *,
    postmortem: Postmortem,
    revision: int,
    text: Text,
    actions: Sequence[ActionLine],
    by: Actor,
    now: datetime,
) -> Postmortem:
    """Store what a person wrote on top of the revision that they opened, and the actions as listed.

    Raises Stale when somebody saved since, and Incomplete when a published one would lose a needed section.
    """
    with transaction.atomic():
        stood = Postmortem.objects.filter(pk=postmortem.pk, revision=revision)
        if not stood.update(**asdict(text), revision=F("revision") + 1, updated_at=now):
            raise Stale
        saved = Postmortem.objects.get(pk=postmortem.pk)
        if saved.status == Postmortem.Status.PUBLISHED:
            _demand_whole(saved)
            _tell(saved, "postmortem_edited", by=by, now=now)
        _save_actions(saved, actions, now=now)
    return saved


def publish(*, postmortem: Postmortem, by: Actor, now: datetime) -> Postmortem:
    """Publish it once; publishing again changes nothing. Raises Incomplete with what is still to be written."""
    with transaction.atomic():
        locked = Postmortem.objects.select_for_update(no_key=True, of=["self"]).get(pk=postmortem.pk)
        if locked.status == Postmortem.Status.PUBLISHED:
            return locked
        _demand_whole(locked)
        locked.status = Postmortem.Status.PUBLISHED
        locked.published_at = now
        locked.published_by = by.label
        locked.save(update_fields=["status", "published_at", "published_by"])
        _tell(locked, "postmortem_published", by=by, now=now)
    return locked


def _demand_whole(postmortem: Postmortem) -> None:
    lacking = missing(postmortem)
    if lacking:
        raise Incomplete(lacking)


def _tell(postmortem: Postmortem, kind: str, *, by: Actor, now: datetime) -> None:
    for incident in postmortem.incidents.all():
        journal.write(incident=incident, kind=kind, by=by, now=now)


def _save_actions(postmortem: Postmortem, actions: Sequence[ActionLine], *, now: datetime) -> None:
    """Keep the rows that are still listed (and when they were done), drop the others."""
    stored = {row.pk: row for row in postmortem.actions.all()}
    kept = {action.pk for action in actions}
    PostmortemAction.objects.filter(pk__in=[pk for pk in stored if pk not in kept]).delete()
    for position, action in enumerate(actions):
        row = stored.get(action.pk or 0) or PostmortemAction(postmortem=postmortem)
        row.text, row.owner, row.due, row.position = action.text, action.owner, action.due, position
        row.done_at = (row.done_at or now) if action.done else None
        row.save()
