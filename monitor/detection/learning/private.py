"""Learns `private`: the paths whose values belong to one person each."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from monitor.detection.diff import leaves
from monitor.detection.identity import DEFAULT_NAMES
from monitor.detection.learning.past import Names, Past, PastRun, names_of
from monitor.detection.learning.proposal import Line, Support
from monitor.detection.paths import render
from monitor.detection.values import identity_text, is_fingerprint

MIN_SESSIONS = 5
MIN_VALUES = 5
MAX_SESSIONS_A_VALUE = 5
"""On the average; values that more sessions share do not tell people apart."""
MIN_CHARS = 3

_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?|\d\d?:\d\d(:\d\d.*)?")
_AMOUNT = re.compile(r"-?\d+([.,]\d+)*\s?(%|[A-Z]{3})?|([A-Z]{3}|[$€£¥])\s?\d+([.,]\d+)*")
_ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}(:\d+)?|[0-9a-f]*:[0-9a-f:]+", re.IGNORECASE)
_ID_NAME = re.compile(r"(.*[_-])?(id|no|number|ref|key)|.*(Id|No|Number|Ref|Key)")


@dataclass(slots=True)
class _Seen:
    """Which sessions held which value at which place, and which held it anywhere at all."""

    at: defaultdict[Names, defaultdict[str, set[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )
    anywhere: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    in_lists: set[Names] = field(default_factory=set)


def private(past: Past, support: Support) -> Iterator[Line]:
    """Paths at which each session has one value of its own, which comes back only along with others of its.

    A value is its session's own where no other session holds it anywhere, or where the sessions that
    do share further such values: a returning customer. Source: FOREIGN-VALUE.md, "Definition".
    """
    seen = _Seen()
    sessions: set[str] = set()
    for past_run in past.runs:
        if past_run.run.own.session is not None:
            sessions.add(past_run.run.own.session)
            _take(past_run, past_run.run.own.session, seen)
    if len(past.runs) < support.min_runs:
        return
    fit = {place: values for place, values in seen.at.items() if _tells_apart(place, values)}
    together = _together(fit)
    for place in sorted(fit):
        shared = [seen.anywhere[value] for value in fit[place] if len(seen.anywhere[value]) > 1]
        if all(_is_one_person(group, together) for group in shared):
            held = {session for holders in fit[place].values() for session in holders}
            back = f"{len(shared)} of them come back" if shared else "none in two sessions"
            note = f"{len(fit[place])} values, {back}"
            yield Line(("private",), render(place), len(held), len(sessions), "sessions", note)


def _take(past_run: PastRun, session: str, seen: _Seen) -> None:
    own = past_run.run.own
    ids = {past_run.run.run_id, own.execution_id, own.session, own.tenant}
    for at in past_run.distinct_leaves():
        for place, leaf in at.items():
            for location, value in leaves(leaf, place):
                text = _text(value, str(location[-1]))
                if text is None or identity_text(value) in ids or location[-1] in DEFAULT_NAMES:
                    continue
                seen.anywhere[text].add(session)
                if names_of(location) == location:
                    seen.at[place][text].add(session)


def _text(value: Any, name: str) -> str | None:
    """The value as people compare it, or None for one that may stand anywhere (FOREIGN-VALUE.md, "Silent")."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    if isinstance(value, int):
        return str(value) if _ID_NAME.fullmatch(name) else None
    text = value.strip()
    if is_fingerprint(text):
        return text
    if len(text) < MIN_CHARS or any(kind.fullmatch(text) for kind in (_TIME, _ADDRESS)):
        return None
    if _AMOUNT.fullmatch(text) and not (text.isdigit() and _ID_NAME.fullmatch(name)):
        return None
    return unicodedata.normalize("NFC", text).casefold()


def _tells_apart(place: Names, values: dict[str, set[str]]) -> bool:
    """Whether the values at a place tell people apart, and every session has only one of them."""
    holders = Counter(session for group in values.values() for session in group)
    sessions = len(holders)
    return (
        bool(place)
        and sessions >= MIN_SESSIONS
        and len(values) >= MIN_VALUES
        and len(values) * MAX_SESSIONS_A_VALUE >= sessions
        and max(holders.values()) == 1
        and max(map(len, values.values())) * 2 <= sessions
    )


def _together(fit: dict[Names, Any]) -> Counter[tuple[str, str]]:
    """How many different values each two sessions share at the fit places."""
    shared: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for values in fit.values():
        for text, holders in values.items():
            for pair in _pairs(holders):
                shared[pair].add(text)
    return Counter({pair: len(texts) for pair, texts in shared.items()})


def _pairs(holders: set[str]) -> Iterator[tuple[str, str]]:
    return pairwise(sorted(holders))


def _is_one_person(holders: set[str], together: Counter[tuple[str, str]]) -> bool:
    return all(together[pair] > 1 for pair in _pairs(holders))
