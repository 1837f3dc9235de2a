"""What a run is judged by, and the name under which a state can be gone on from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from monitor.detection.context_map import ContextMap
from monitor.detection.holdings import Watch
from monitor.detection.identity import Kin, KinRun
from monitor.detection.rule import Rule
from monitor.detection.values import value_key


@dataclass(frozen=True, slots=True)
class Setting:
    """What a run is judged by, the same for all its events.

    `family` is the family as the caller gave it; `kin` is the run's own part of that.
    """

    context_map: ContextMap | None
    family: Kin
    kin: Kin
    watch: Watch | None
    rules: tuple[Rule, ...]

    @property
    def joins(self) -> Mapping[str, Collection[str]]:
        """The branches that each join step joins, by the map."""
        if self.context_map is None:
            return {}
        found: dict[str, set[str]] = {}
        for section in self.context_map.parallel:
            found.setdefault(section.join, set()).update(section.branches)
        return found


def digest_of(setting: Setting) -> str:
    """Names a setting: a state can be advanced only under the setting that it was made under."""
    kin = [[_plain(one) for one in side] for side in (setting.family.ancestors, setting.family.descendants)]
    context_map = setting.context_map.digest if setting.context_map else None
    watch = setting.watch.digest if setting.watch else None
    return value_key([[rule.id for rule in setting.rules], context_map, watch, kin]).hex()


def _plain(kin: KinRun) -> list[str | None]:
    own, said = kin.own, kin.asserted
    texts = [own.execution_id, own.session, own.tenant, said.execution_id, said.session, said.tenant]
    first_at = kin.first_at.isoformat() if kin.first_at else None
    return [kin.run_id, str(kin.number), kin.parent_run_id, first_at, *texts]
