"""Who is whose ancestor among runs. Source: EVENTS.md, `parent_run_id`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """The run ids above and below a run, nearest first, without the run itself."""

    ancestors: tuple[str, ...]
    descendants: tuple[str, ...]


class Families:
    """The families of a project's runs, from the parent that each run names; cycles do no harm."""

    def __init__(self, parents: Mapping[str, str | None]) -> None:
        self._parents = parents
        self._children: dict[str, list[str]] = {}
        for run_id in sorted(parents):
            if parent := parents[run_id]:
                self._children.setdefault(parent, []).append(run_id)

    def of(self, run_id: str) -> Family:
        """The family of one run."""
        return Family(self._up(run_id), self._down(run_id))

    def _up(self, run_id: str) -> tuple[str, ...]:
        found: dict[str, None] = {}
        parent = self._parents.get(run_id)
        while parent and parent != run_id and parent not in found:
            found[parent] = None
            parent = self._parents.get(parent)
        return tuple(found)

    def _down(self, run_id: str) -> tuple[str, ...]:
        found: dict[str, None] = {}
        level: Iterable[str] = [run_id]
        while level := [
            child for one in level for child in self._children.get(one, ()) if child not in found and child != run_id
        ]:
            found.update(dict.fromkeys(level))
        return tuple(found)
