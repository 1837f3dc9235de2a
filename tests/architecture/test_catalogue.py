"""The catalogue is whole: every rule file is listed, ids are unique, and each says all that its page needs."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from monitor.detection import rules
from monitor.detection.catalogue import CATALOGUE
from monitor.detection.rule import Guide, Rule


def test_every_rule_file_is_in_the_catalogue_once() -> None:
    folder = Path(str(rules.__file__)).parent
    on_disk = {path.stem.replace("_", "-") for path in folder.glob("*.py") if path.stem != "__init__"}
    ids = [rule.id for rule in CATALOGUE]
    assert len(ids) == len(set(ids))
    assert set(ids) == on_disk


@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.id)
def test_a_rule_explains_itself(rule: Rule) -> None:
    assert rule.title
    assert rule.says
    for part in fields(Guide):
        assert getattr(rule.guide, part.name), part.name
    text = type(rule).__doc__ or ""
    for heading in ("Why it matters", "Leaking", "Clean", "False positives", "Source"):
        assert f"{heading}:" in text, heading
