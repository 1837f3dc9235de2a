"""Which shared resources a pattern allows. Source: MAPS.md, `resources`.

A pattern is a text such as `redis:cart:{session}`: `*` matches anything, a placeholder what it stands
for in the run. One whose value is not known, or only as a fingerprint, stands for anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from monitor.detection.identity import Identity, Kin, Kind
from monitor.detection.values import is_fingerprint

_TOKENS = re.compile(r"(\*|\{run_id\}|\{execution_id\}|\{session\}|\{tenant\})")


@dataclass(frozen=True, slots=True)
class Names:
    """What the placeholders stand for in one run: each of the texts is as good; none is "not known"."""

    run_id: tuple[str, ...] = ()
    execution_id: tuple[str, ...] = ()
    session: tuple[str, ...] = ()
    tenant: tuple[str, ...] = ()


def names_of(run_id: str, own: Identity, kin: Kin) -> Names:
    """What a run may call itself; a session or tenant that an ancestor asserted is its own too (EVENTS.md)."""
    return Names(
        run_id=(run_id,),
        execution_id=(own.execution_id,) if own.execution_id is not None else (),
        session=_own("session", own, kin),
        tenant=_own("tenant", own, kin),
    )


def _own(kind: Kind, own: Identity, kin: Kin) -> tuple[str, ...]:
    said = (own.of(kind), *(one.asserted.of(kind) for one in kin.ancestors))
    return tuple(dict.fromkeys(text for text in said if text is not None))


def is_allowed(resource: str, patterns: Iterable[str], names: Names) -> bool:
    """Whether a resource (`store:key`) matches one of the patterns, as a whole."""
    return any(_matches(resource, _tokens(pattern), names) for pattern in patterns)


@lru_cache(maxsize=1024)
def _tokens(pattern: str) -> tuple[tuple[str, bool], ...]:
    """The tokens of a pattern, each with whether it is literal text."""
    # A split at a group gives the text before, the first match, the text after it, and so on.
    tokens = ((text, index % 2 == 0) for index, text in enumerate(_TOKENS.split(pattern)))
    return tuple(token for token in tokens if token[0])


def _matches(text: str, tokens: Iterable[tuple[str, bool]], names: Names) -> bool:
    ends = {0}
    for token, is_literal in tokens:
        choices = (token,) if is_literal else _stands_for(token, names)
        if choices is None:
            ends = set(range(min(ends), len(text) + 1))
        else:
            ends = {end + len(one) for end in ends for one in choices if text.startswith(one, end)}
        if not ends:
            return False
    return len(text) in ends


def _stands_for(token: str, names: Names) -> tuple[str, ...] | None:
    """The texts that a token may be; None is anything."""
    match token:
        case "{run_id}":
            known = names.run_id
        case "{execution_id}":
            known = names.execution_id
        case "{session}":
            known = names.session
        case "{tenant}":
            known = names.tenant
        case _:
            return None
    return known if known and not any(map(is_fingerprint, known)) else None
