"""The shallowest paths that cover some places without covering others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from monitor.detection.learning.past import Names

MAX_NAMES = 24
"""Of more members than this below one object, the names are data: the object stands for them."""


@dataclass(frozen=True, slots=True)
class Covering:
    """A path with the wanted places at or below it; `varying` where it stands for names that are data."""

    place: Names
    places: tuple[Names, ...]
    varying: bool = False


@dataclass(slots=True)
class _Node:
    """A name on the way: whether a place to cover ends here, or another one that must not be covered."""

    inner: dict[str, _Node] = field(default_factory=dict)
    wanted: bool = False
    foreign: bool = False


def cover(wanted: Iterable[Names], known: Iterable[Names]) -> list[Covering]:
    """Paths that cover every wanted place, and of the other known ones none, in document order.

    A place below a wanted one belongs to it. The root itself is only given where it is wanted, or
    where the names right below it vary without end.
    """
    root = _Node()
    for place in known:
        _reach(root, place).foreign = True
    for place in wanted:
        _reach(root, place).wanted = True
    found = list(_covering(root, ()))
    if len(found) > MAX_NAMES and len(root.inner) > MAX_NAMES and not root.wanted:
        tops = {one.place[0] for one in found}
        if len(tops) > MAX_NAMES:
            return [Covering((), _wanted(found), varying=True)]
    return found


def _reach(root: _Node, place: Names) -> _Node:
    node = root
    for name in place:
        node = node.inner.setdefault(name, _Node())
    return node


def _covering(node: _Node, place: Names) -> Iterator[Covering]:
    if node.wanted or (place and _is_whole(node)):
        places = tuple(_places(node, place))
        if places:
            yield Covering(place, places)
        return
    found = [one for name in sorted(node.inner) for one in _covering(node.inner[name], (*place, name))]
    if place and len({one.place[len(place)] for one in found}) > MAX_NAMES:
        yield Covering(place, _wanted(found), varying=True)
    else:
        yield from found


def _is_whole(node: _Node) -> bool:
    """Whether nothing here or below is foreign, but for what a wanted place above it covers."""
    if node.wanted:
        return True
    return not node.foreign and all(_is_whole(inner) for inner in node.inner.values())


def _places(node: _Node, place: Names) -> Iterator[Names]:
    if node.wanted:
        yield place
    for name, inner in node.inner.items():
        yield from _places(inner, (*place, name))


def _wanted(found: Iterable[Covering]) -> tuple[Names, ...]:
    return tuple(place for one in found for place in one.places)
