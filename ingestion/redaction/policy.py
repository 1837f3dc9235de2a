"""What a project says of its events: per path keep, hash or drop, and whether well-known secrets are hashed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from monitor.detection.paths import Path, PathError, compile_path

Action = Literal["keep", "hash", "drop"]
MAX_RULES = 200
_MEMBERS = ("defaults", "identity", "rules")


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens to what stands at a path, and below it."""

    path: Path
    action: Action


@dataclass(frozen=True, slots=True)
class Policy:
    """A project's policy.

    `defaults`: well-known secrets are hashed, by name and by pattern. `hashes_identity`: so are the asserted
    identity and the members of a context with a default identity name. Rules come first.
    """

    defaults: bool
    hashes_identity: bool
    rules: tuple[Rule, ...]


class PolicyError(ValueError):
    """The policy is refused: `mistakes` name each field and say what to send."""

    def __init__(self, mistakes: list[dict[str, str]]) -> None:
        super().__init__(f"{len(mistakes)} mistakes")
        self.mistakes = mistakes


def parse_policy(document: Any) -> Policy:
    """A policy from its JSON: {"defaults": true, "identity": "keep", "rules": [{"path", "action"}]}.

    Every member may be absent. Raises PolicyError with all mistakes.
    """
    if not isinstance(document, Mapping):
        raise PolicyError([{"field": "", "error": "must be an object with defaults, identity and rules"}])
    mistakes = [
        {"field": str(name), "error": f"unknown: send {', '.join(_MEMBERS)}"}
        for name in document
        if name not in _MEMBERS
    ]
    defaults, identity, rules = (
        document.get("defaults", True),
        document.get("identity", "keep"),
        document.get("rules", []),
    )
    if not isinstance(defaults, bool):
        mistakes.append({"field": "defaults", "error": "must be true or false"})
    if identity not in ("keep", "hash"):
        mistakes.append({"field": "identity", "error": 'must be "keep" or "hash"'})
    if not isinstance(rules, list) or len(rules) > MAX_RULES:
        mistakes.append({"field": "rules", "error": f"must be a list of at most {MAX_RULES} rules"})
        rules = []
    read = [_rule(place, one, mistakes) for place, one in enumerate(rules)]
    if mistakes:
        raise PolicyError(mistakes)
    return Policy(defaults, identity == "hash", tuple(one for one in read if one is not None))


def _rule(place: int, document: Any, mistakes: list[dict[str, str]]) -> Rule | None:
    at = f"rules[{place}]"
    if not isinstance(document, Mapping) or set(document) != {"path", "action"}:
        mistakes.append({"field": at, "error": "must be an object with path and action"})
        return None
    if document["action"] not in get_args(Action):
        mistakes.append({"field": f"{at}.action", "error": 'must be "keep", "hash" or "drop"'})
        return None
    try:
        path = compile_path(document["path"]) if isinstance(document["path"], str) else None
    except PathError as error:
        mistakes.append({"field": f"{at}.path", "error": f"no JSONPath (RFC 9535): {error}"})
        return None
    if path is None or path.prefix == ():
        mistakes.append({"field": f"{at}.path", "error": "must be a JSONPath below $, like $.customer.email"})
        return None
    return Rule(path, document["action"])


def policy_as_json(policy: Policy) -> dict[str, Any]:
    """The policy as `parse_policy` reads it."""
    return {
        "defaults": policy.defaults,
        "identity": "hash" if policy.hashes_identity else "keep",
        "rules": [{"path": one.path.text, "action": one.action} for one in policy.rules],
    }
