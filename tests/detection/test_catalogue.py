"""The catalogue is whole: every rule's file is listed, described and proven by a trace of either kind."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from string import Formatter

import pytest

from monitor.detection import rules
from monitor.detection.catalogue import CATALOGUE, rule_by_id
from monitor.detection.rule import Rule
from tests.detection.samples import trace_names

SECTIONS = ("Why it matters:", "Leaking:", "Clean:", "False positives:", "Source:")
every_rule = pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.id)


def test_every_file_of_the_rules_folder_is_listed_once() -> None:
    listed = [type(rule).__module__.rpartition(".")[2] for rule in CATALOGUE]
    assert sorted(listed) == sorted(module.name for module in pkgutil.iter_modules(rules.__path__))


@pytest.mark.parametrize("module", [module.name for module in pkgutil.iter_modules(rules.__path__)])
def test_a_file_holds_one_rule_named_like_it(module: str) -> None:
    members = vars(import_module(f"monitor.detection.rules.{module}")).values()
    own = [one for one in members if inspect.isclass(one) and one.__module__.endswith(module)]
    assert [one.id for one in own if issubclass(one, Rule)] == [module.replace("_", "-")]


def test_no_id_repeats_and_each_is_found() -> None:
    ids = [rule.id for rule in CATALOGUE]
    assert len(set(ids)) == len(ids)
    assert [rule_by_id(one) for one in ids] == list(CATALOGUE)
    with pytest.raises(KeyError):
        rule_by_id("no-such-rule")


@every_rule
def test_every_rule_has_a_leaking_and_a_clean_trace(rule: Rule) -> None:
    assert {(rule.id, "leaking"), (rule.id, "clean")} <= set(trace_names())


def test_no_trace_is_of_an_unknown_rule() -> None:
    assert {rule for rule, _ in trace_names()} == {rule.id for rule in CATALOGUE}


@every_rule
def test_every_rule_explains_itself(rule: Rule) -> None:
    docstring = inspect.getdoc(type(rule)) or ""
    assert all(section in docstring for section in SECTIONS), "HOUSE rule 6"
    guide = rule.guide
    texts = (guide.summary, guide.why, guide.leaking, guide.clean, guide.false_positives, guide.source, rule.title)
    assert all(texts)
    assert len(guide.fix) >= 2
    named = {field for _, field, _, _ in Formatter().parse(rule.says) if field}
    assert named <= {"run_id", "place", "observed", "expected"}
    assert "run_id" in named


@every_rule
def test_severity_kind_and_class_are_those_of_the_contract(rule: Rule) -> None:
    assert rule.severity in ("warning", "high", "critical")
    assert rule.kind in ("state", "change", "run")
    assert rule.leak_class in (None, "temporal", "spatial", "scoping", "integrity")
