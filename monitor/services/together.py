"""What a run shows only together with others: its parent and children, its group, the victims of its keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from django.db import Error as DatabaseError

from monitor.detection.anomaly import Finding
from monitor.detection.catalogue import CATALOGUE
from monitor.detection.context_map import ContextMap
from monitor.detection.engine import RuleError
from monitor.detection.family import next_of_kin
from monitor.detection.family_rule import FamilyRule, family_findings
from monitor.detection.identity import KinRun
from monitor.detection.runs import Run as RunBehind
from monitor.detection.views import RunView
from monitor.models import Run
from monitor.services import leaking_keys, outcomes
from monitor.services.family import Relatives, judged_together
from monitor.services.lookup import views_of

FAMILY_RULES = tuple(rule for rule in CATALOGUE if isinstance(rule, FamilyRule))


@dataclass(slots=True)
class Together:
    """Findings, the rules that raised, and the runs for which another output counts from now on."""

    run: Run
    findings: list[Finding] = field(default_factory=list)
    errors: list[RuleError] = field(default_factory=list)
    turned: set[int] = field(default_factory=set)

    def ask(self, rule_id: str, question: Callable[[], Iterable[Finding]]) -> None:
        """Adds what a rule finds; one that raises is noted and stops no other."""
        try:
            found = list(question())
        except DatabaseError:
            raise
        except Exception as error:  # a broken rule must not silence its neighbours, nor lose the run
            self.errors.append(RuleError(rule_id, self.run.run_id, type(error).__name__))
        else:
            self.findings += found


def found_together(
    run: Run, view: RunView, relatives: Relatives, made: outcomes.Outcomes, maps: Mapping[str, ContextMap]
) -> Together:
    """What a run that was judged whole shows together with others, under the locks of its judgement.

    Stores its outcomes on the way.
    """
    together = Together(run)
    _with_family(together, view, relatives, maps)
    references, together.turned = made.store()
    together.ask(outcomes.RULE, lambda: outcomes.findings(made, references, view.runs, maps))
    together.ask(leaking_keys.RULE, lambda: leaking_keys.findings(run, view.runs, maps))
    return together


def _with_family(together: Together, view: RunView, relatives: Relatives, maps: Mapping[str, ContextMap]) -> None:
    near = judged_together(together.run, relatives, maps)
    if not near:
        return
    views = {
        one.run_id: one for one in views_of(together.run.project, {one.pk for one in near}, maps=maps).values()
    }
    for one in view.runs:
        kin = next_of_kin(one.as_kin(), one.kin)
        parents, children = (_runs_of(people, view, views) for people in (kin.ancestors, kin.descendants))
        for rule in FAMILY_RULES:
            ask = partial(family_findings, one, parents=parents, children=children, rules=(rule,))
            together.ask(rule.id, ask)


def _runs_of(people: Iterable[KinRun], view: RunView, views: Mapping[str, RunView]) -> Sequence[RunBehind]:
    """The relatives whose events were read: the runs behind one id can be each other's relatives too."""
    known = {**views, view.run_id: view}
    return [known[one.run_id].runs[one.number] for one in people if one.run_id in known]
