"""Keys of shared resources that name nobody. Source: RULES.md, `unscoped-key`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from monitor.detection.anomaly import Anomaly, Finding
from monitor.detection.context_map import ContextMap
from monitor.detection.event import Access, Event
from monitor.detection.resources import Names, is_allowed, names_of
from monitor.detection.rule import Rule, finding_at
from monitor.detection.runs import Run
from monitor.detection.values import differs, is_fingerprint

IDENTITY_RULES = frozenset(
    {"execution-id-changed", "foreign-session", "foreign-tenant", "foreign-value", "canary-escaped"}
)
"""The rules whose anomaly says that another run's value came in."""


def is_scoped(key: str, names: Names) -> bool:
    """Whether a key holds one of the run's own ids as a whole token between separators."""
    ids = (*names.run_id, *names.execution_id, *names.session, *names.tenant)
    return any(_stands_alone(one, key) for one in ids if one)


@lru_cache(maxsize=4096)
def _stands_alone(token: str, key: str) -> bool:
    start = key.find(token)
    while start >= 0:
        end = start + len(token)
        before, after = key[start - 1 : start], key[end : end + 1]
        if not before.isalnum() and not after.isalnum():
            return True
        start = key.find(token, start + 1)
    return False


def unscoped_writes(event: Event, names: Names) -> list[Access]:
    """The writes of an event under keys that name nobody; where an id is known as a fingerprint only, none."""
    if any(map(is_fingerprint, (*names.execution_id, *names.session, *names.tenant))):
        return []
    return [one for one in event.accesses if one.op == "write" and not is_scoped(one.key, names)]


def is_shared_on_purpose(access: Access, context_map: ContextMap | None) -> bool:
    """Whether a pattern of the map without a placeholder names the resource."""
    steps = context_map.steps.values() if context_map is not None else ()
    patterns = [one for step in steps for one in step.resources or () if "{" not in one]
    return bool(patterns) and is_allowed(f"{access.store}:{access.key}", patterns, Names())


def leaking_keys(source: Run, victims: Iterable[tuple[Run, Sequence[Anomaly]]], rule: Rule) -> Iterable[Finding]:
    """A finding at each write of a run under an unscoped key that a victim of it had read.

    `victims` are runs with their anomalies, as far as this run is their source. Where its map sets
    `scoped_keys` it was told already, but for what is shared on purpose.
    """
    if source.context_map is not None and source.context_map.scoped_keys:
        return
    names = names_of(source.run_id, source.own, source.kin)
    written = [(event, access) for event in source.events for access in unscoped_writes(event, names)]
    if not written:
        return
    read = {
        (access.store, access.key)
        for victim, anomalies in victims
        if any(one.rule in IDENTITY_RULES for one in anomalies) and is_other_session(victim, source)
        for event in victim.events
        for access in event.accesses
        if access.op == "read"
    }
    for event, access in written:
        if (access.store, access.key) in read:
            yield finding_of(rule, event, access, owner=source.number)


def is_other_session(victim: Run, source: Run) -> bool:
    """Whether two runs are known to be of different sessions."""
    mine, theirs = victim.own.session, source.own.session
    return mine is not None and theirs is not None and differs(mine, theirs)


def finding_of(rule: Rule, event: Event, access: Access, *, owner: int) -> Finding:
    """What the rule says of a write."""
    observed = f"{access.store}:{access.key}"
    return finding_at(rule, event, (), owner=owner, expected=None, observed=observed)
