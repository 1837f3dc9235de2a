"""How a rule describes itself in SARIF: a reportingDescriptor from its guide."""

from __future__ import annotations

from typing import Any

from monitor.detection.catalogue import CATALOGUE
from monitor.detection.rule import Rule

LEVELS = {"critical": "error", "high": "error", "warning": "warning"}
RULE_INDEX = {rule.id: index for index, rule in enumerate(CATALOGUE)}


def descriptor(rule: Rule) -> dict[str, Any]:
    """The rule with its level and its help, as plain text and as Markdown. Source: SARIF 2.1.0, section 3.49."""
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.id.split("-")),
        "shortDescription": {"text": _plain(rule.title)},
        "fullDescription": {"text": _plain(f"{rule.guide.summary} {rule.guide.why}")},
        "help": {"text": _plain(_help(rule, bold="")), "markdown": _plain(_help(rule, bold="**"))},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {
            "tags": ["context-leak" if rule.leak_class != "integrity" else "integrity", rule.kind],
            "severity": rule.severity,
            "class": rule.leak_class or "by source",
            "needs": rule.needs or "nothing",
        },
    }


def _help(rule: Rule, *, bold: str) -> str:
    guide = rule.guide
    steps = "\n".join(f"{number}. {step}" for number, step in enumerate(guide.fix, start=1))
    parts = {
        "Leaking": guide.leaking,
        "Clean": guide.clean,
        "False positives": guide.false_positives,
        "What to do": f"\n\n{steps}",
        "Source": guide.source,
    }
    told = (f"{bold}{name}:{bold} {text}".replace(": \n", ":\n") for name, text in parts.items())
    return "\n\n".join([f"{guide.summary} {guide.why}", *told])


def _plain(text: str) -> str:
    """Braces are doubled in message strings (section 3.11.5)."""
    return text.replace("{", "{{").replace("}", "}}")
