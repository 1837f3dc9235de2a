"""What stands at a declared path, kept as plain data and compared with what stands there later."""

from __future__ import annotations

from typing import Any

from monitor.detection.diff import Change, collapse, leaf_changes
from monitor.detection.paths import Path
from monitor.detection.scene import Scene

Watched = tuple[bool, dict[str, Any]]
"""Whether the snapshot was partial, and the members of its context that the path can reach."""


def values_at(path: Path, scene: Scene) -> Watched:
    """What a path can reach in the scene's event."""
    context = scene.event.context
    top = path.plan[0] if path.plan else None
    if isinstance(top, str):
        context = {top: context[top]} if top in context else {}
    return scene.event.partial, context


def differing(kept: Watched, path: Path, scene: Scene) -> list[Change]:
    """Where the path differs from what was kept, as RULES.md names such places."""
    partial, before = kept
    _, after = values_at(path, scene)
    leaves = leaf_changes(before, after, gains=not partial, losses=not scene.event.partial)
    places = [one.location for one in leaves if path.covers(one.location, before, after)]
    if not scene.event.partial:
        now = {place for place, _ in path.find(after)}
        places += [place for place, _ in path.find(before) if place not in now]
    return collapse(places, before, after) if places else []
