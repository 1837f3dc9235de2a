"""What a step did to the context: the paths that were set, changed or removed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from monitor.detection.paths import Location, render
from monitor.detection.values import same

SHOWN = 100
Sign = Literal["+", "~", "−"]


@dataclass(frozen=True, slots=True)
class Change:
    """One path; `before` is meant where it was changed or removed, `after` where it was set or changed."""

    sign: Sign
    path: str
    before: Any = None
    after: Any = None
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """The changes in document order, the first `SHOWN` of `total`."""

    changes: tuple[Change, ...]
    added: int
    changed: int
    removed: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.added + self.changed + self.removed


def difference(before: Any, after: Any, *, foreign: frozenset[str] = frozenset()) -> Difference:
    """From one context to another; `foreign` paths are marked. A new object counts once, at its own path,
    unless something foreign lies below it."""
    found = list(_changes(before, after, (), foreign))
    signs = [change.sign for change in found]
    return Difference(
        changes=tuple(found[:SHOWN]),
        added=signs.count("+"),
        changed=signs.count("~"),
        removed=signs.count("−"),
    )


def _changes(before: Any, after: Any, at: Location, foreign: frozenset[str]) -> Iterator[Change]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in [*after, *(name for name in before if name not in after)]:
            yield from _member(before, after, name, at, foreign)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _changes(old, new, (*at, index), foreign)
    elif not same(before, after):
        path = render(at)
        yield Change("~", path, before, after, "foreign" if path in foreign else "")


def _member(
    before: dict[str, Any], after: dict[str, Any], name: str, at: Location, foreign: frozenset[str]
) -> Iterator[Change]:
    place = (*at, name)
    if name not in after:
        yield Change("−", render(place), before=before[name])
    elif name in before:
        yield from _changes(before[name], after[name], place, foreign)
    else:
        yield from _set(after[name], place, foreign)


def _set(value: Any, at: Location, foreign: frozenset[str]) -> Iterator[Change]:
    path = render(at)
    below = path not in foreign and any(each.startswith((path + ".", path + "[")) for each in foreign)
    if below and isinstance(value, dict):
        for name, member in value.items():
            yield from _set(member, (*at, name), foreign)
    elif below and isinstance(value, list):
        for index, member in enumerate(value):
            yield from _set(member, (*at, index), foreign)
    else:
        yield Change("+", path, after=value, mark="foreign" if path in foreign else "")
