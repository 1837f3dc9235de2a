"""Redacts events by a policy, in one walk over what they hold."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from typing import Any

import msgspec

from ingestion.redaction.policy import Policy
from ingestion.redaction.secrets import KINDS, MAX_CARD_DIGITS, hide_patterns, is_card_number, may_look_secret
from monitor.detection.event import Event
from monitor.detection.values import FINGERPRINT, canonical, is_fingerprint, number_text

CANARY = "canary"
_DIGEST_CHARS = 32
_ACTION = None
"""Marks in the tree of rules what happens at a place, among the names of its members."""
_Tree = dict[Any, Any]
_CONTAINERS = frozenset({dict, list})


class Redactor:
    """Redacts by a policy under a project's key. Equal values give equal fingerprints, in this project alone.

    Empty values are kept: that a field was cleared is no secret, and rules ask for it.
    """

    def __init__(self, policy: Policy, key: bytes) -> None:
        self.policy = policy
        self._key = key

    def redacted(self, event: Event) -> Event:
        """The event with what is not to be stored hashed or dropped; the same one where nothing is."""
        changes: dict[str, Any] = {}
        walk = _Walk(self, event.context)
        context = walk.members(event.context, self._tree(event.context), walk.names)
        if context is not event.context:
            changes["context"] = context
        if self.policy.hashes_identity:
            own = {"execution_id": event.execution_id, "session": event.session, "tenant": event.tenant}
            changes |= {name: self.fingerprint(value) for name, value in own.items() if value}
        if self.policy.defaults and (event.attributes or event.accesses):
            self._beside(event, changes)
        return replace(event, **changes) if changes else event

    def fingerprint(self, value: Any) -> str:
        """The keyed fingerprint of a JSON value (HMAC-SHA256, 128 bits); texts and numbers compare as text."""
        if is_fingerprint(value):
            return str(value)
        if isinstance(value, str):
            text = value
        else:
            is_number = type(value) is int or type(value) is float
            text = number_text(value) if is_number else canonical(value)
        digest = hmac.new(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
        return FINGERPRINT + digest[:_DIGEST_CHARS]

    def _beside(self, event: Event, changes: dict[str, Any]) -> None:
        """What stands beside the context: labels, but for canaries, and the keys of shared resources."""
        keys = {str(place): one.key for place, one in enumerate(event.accesses)}
        labels = {name: value for name, value in event.attributes.items() if name != CANARY}
        fresh = _Walk(self, [labels, keys]).members(labels, {}, True)
        if fresh is not labels:
            changes["attributes"] = {**event.attributes, **fresh}
        hidden = _Walk(self, keys).members(keys, {}, True)
        if hidden is not keys:
            changes["accesses"] = tuple(
                replace(one, key=key) for one, key in zip(event.accesses, hidden.values(), strict=True)
            )

    def _tree(self, context: dict[str, Any]) -> _Tree:
        """What the rules say of the places of a context; of two rules for one place the first stands."""
        tree: _Tree = {}
        for rule in self.policy.rules:
            for location, _ in rule.path.find(context):
                node = tree
                for part in location:
                    node = node.setdefault(part, {})
                node.setdefault(_ACTION, rule.action)
        return tree


class _Walk:
    """One walk over what an event holds; `names`: the names of members matter."""

    __slots__ = ("_fingerprint", "_hashes_identity", "_patterns", "_secrets", "names")

    def __init__(self, redactor: Redactor, held: Any) -> None:
        policy = redactor.policy
        self._fingerprint = redactor.fingerprint
        self._hashes_identity = policy.hashes_identity
        self._secrets = policy.defaults
        self._patterns = policy.defaults and _may_look_secret(held)
        self.names = policy.defaults or policy.hashes_identity

    def members(self, holder: dict[str, Any], tree: _Tree, wary: bool) -> dict[str, Any]:
        """The object redacted; the same one where nothing changes. `wary`: the defaults count."""
        changed: dict[str, Any] | None = None
        patterns = self._patterns
        for name, value in holder.items():
            kind = type(value)
            if not tree and kind not in _CONTAINERS and not (wary and (patterns or KINDS[name])):
                continue
            fresh = self._value(name, value, tree.get(name) if tree else None, wary)
            if fresh is not value:
                changed = dict(holder) if changed is None else changed
                if fresh is _DROPPED:
                    del changed[name]
                else:
                    changed[name] = fresh
        return holder if changed is None else changed

    def _elements(self, name: str, holder: list[Any], tree: _Tree, wary: bool) -> list[Any]:
        fresh = [
            self._value(name, value, tree.get(place) if tree else None, wary) for place, value in enumerate(holder)
        ]
        if all(one is other for one, other in zip(fresh, holder, strict=True)):
            return holder
        return [one for one in fresh if one is not _DROPPED]

    def _value(self, name: str, value: Any, node: _Tree | None, wary: bool) -> Any:
        """What stands for a member, or for an element of a list that is one (`name`)."""
        kind = type(value)
        if node:
            action = node.get(_ACTION)
            if action == "drop":
                return _DROPPED
            if action == "hash":
                return self._fingerprint(value) if value else value
            wary = wary and action is None
        if kind is dict:
            return self.members(value, node or {}, wary)
        if kind is list:
            return self._elements(name, value, node or {}, wary)
        return self._leaf(name, value, kind) if wary and value else value

    def _leaf(self, name: str, value: Any, kind: type) -> Any:
        if kind is not str and kind is not int:
            return value
        named = KINDS[name]
        if named == "own":
            return self._fingerprint(value) if self._hashes_identity else value
        if self._secrets and (named == "any" or (named == "text" and kind is str)):
            return self._fingerprint(value)
        return self._by_looks(value) if self._patterns else value

    def _by_looks(self, value: str | int) -> str | int:
        """A text or an integer with what looks like a secret hashed."""
        if isinstance(value, int):
            return self._fingerprint(value) if is_card_number(str(value)[: MAX_CARD_DIGITS + 1]) else value
        if value.startswith(FINGERPRINT) or not _may_look_secret(value):
            return value
        hidden = hide_patterns(value, self._fingerprint)
        return value if hidden == value else hidden


def _may_look_secret(held: Any) -> bool:
    try:
        return may_look_secret(msgspec.json.encode(held))
    except (ValueError, RecursionError):
        return True


_DROPPED: Any = object()
