"""What is hashed or dropped at the door: by rules, by name, by what it looks like."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.redaction.policy import Policy, PolicyError, parse_policy, policy_as_json
from ingestion.redaction.redactor import Redactor
from ingestion.redaction.secrets import KINDS, is_card_number
from monitor.detection.event import Access
from monitor.detection.history import judge_all
from tests.detection.samples import event, scenario, scenario_names
from tests.detection.scoring import score

KEY = b"k" * 32
CARD = "4111 1111 1111 1111"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"


def redactor(**policy: Any) -> Redactor:
    return Redactor(parse_policy(policy), KEY)


def redacted(context: dict[str, Any], **policy: Any) -> dict[str, Any]:
    return redactor(**policy).redacted(event("A.exit", context)).context


def fp(value: Any) -> str:
    return redactor().fingerprint(value)


def test_secrets_are_hashed_by_the_names_of_their_members() -> None:
    context = {
        "password": "hunter2", "userPassword": "x", "API-Key": "k", "client_secret": "c", "pin": 1234,
        "nested": [{"Authorization": "Basic abc"}, {"token": "t"}],
    }  # fmt: skip
    assert redacted(context) == {
        "password": fp("hunter2"), "userPassword": fp("x"), "API-Key": fp("k"), "client_secret": fp("c"),
        "pin": fp(1234), "nested": [{"Authorization": fp("Basic abc")}, {"token": fp("t")}],
    }  # fmt: skip


def test_what_only_sounds_like_a_secret_is_kept() -> None:
    context = {
        "tokens": 120, "token_count": 7, "secretary": "Ann", "password": "", "pin": None, "passwordless": True,
        "token": 12, "session_id": "s-1", "sessionKey": "s-2", "order": "4111 1111 1111 1112",
        "ean": "4006381333931", "iso": "2026-11-20T10:00:00.123456789Z", "amount": 1234567890123.45,
    }  # fmt: skip
    found = redactor().redacted(event("A.exit", context))
    assert found.context == context


def test_secrets_are_hashed_by_what_they_look_like_also_inside_of_texts() -> None:
    found = redacted({"note": f"paid with {CARD}, thanks", "header": f"Bearer {TOKEN}", "n": 4111111111111111})
    assert found["note"] == f"paid with {fp(CARD)}, thanks"
    assert TOKEN not in found["header"]
    assert found["n"] == fp("4111111111111111")
    for secret in ("AKIAIOSFODNN7EXAMPLE", "ghp_abcdefghijklmnopqrstuvwxyz0123", "xoxb-123456789012-abc", TOKEN):
        assert redacted({"note": f"see {secret}!"})["note"] == f"see {fp(secret)}!"
    pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"
    assert redacted({"file": pem}) == {"file": fp(pem)}


def test_rules_come_before_the_defaults() -> None:
    rules = [
        {"path": "$.password", "action": "keep"},
        {"path": "$.customer", "action": "keep"},
        {"path": "$.customer.email", "action": "hash"},
        {"path": "$.items[*].owner", "action": "drop"},
        {"path": "$..street", "action": "hash"},
        {"path": "$.whole", "action": "hash"},
    ]
    context = {
        "password": "p", "customer": {"email": "a@b.c", "secret": "s", "street": "x"},
        "items": [{"owner": "Ann", "sku": 1}, {"sku": 2}], "whole": {"a": [1]}, "token": "t",
    }  # fmt: skip
    assert redacted(context, rules=rules) == {
        "password": "p", "customer": {"email": fp("a@b.c"), "secret": "s", "street": fp("x")},
        "items": [{"sku": 1}, {"sku": 2}], "whole": fp({"a": [1]}), "token": fp("t"),
    }  # fmt: skip
    assert redacted(context, defaults=False) == context


def test_fingerprints_compare_as_identities_do_and_differ_between_projects() -> None:
    assert fp(1) == fp(1.0) == fp("1")
    assert fp({"a": 1, "b": 2}) == fp({"b": 2.0, "a": 1})
    assert fp("fp:sent") == "fp:sent"
    assert Redactor(parse_policy({}), b"other" * 7).fingerprint("x") != fp("x")


def test_a_project_may_hash_whose_a_run_is() -> None:
    one = event("A.exit", {"session_id": "s-1", "n": {"tenantId": 7}}, session="s-1", execution_id="x-1")
    found = redactor(identity="hash").redacted(one)
    assert (found.session, found.execution_id, found.tenant) == (fp("s-1"), fp("x-1"), None)
    assert found.context == {"session_id": fp("s-1"), "n": {"tenantId": fp(7)}}


def test_labels_and_keys_of_resources_are_looked_at_and_canaries_kept() -> None:
    one = replace(
        event("A.exit", {}, attributes={"canary": CARD, "token": "t", "note": CARD}),
        accesses=(Access("redis", "read", f"card:{CARD}", None),),
    )
    found = redactor().redacted(one)
    assert found.attributes == {"canary": CARD, "token": fp("t"), "note": fp(CARD)}
    assert found.accesses[0].key == f"card:{fp(CARD)}"


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], ""),
        ({"rule": []}, "rule"),
        ({"defaults": 1}, "defaults"),
        ({"identity": "drop"}, "identity"),
        ({"rules": {}}, "rules"),
        ({"rules": [{"path": "$.a"}]}, "rules[0]"),
        ({"rules": [{"path": "$.a", "action": "hash"}, {"path": "$.a", "action": "mask"}]}, "rules[1].action"),
        ({"rules": [{"path": "a[", "action": "hash"}]}, "rules[0].path"),
        ({"rules": [{"path": "$", "action": "drop"}]}, "rules[0].path"),
        ({"rules": [{"path": 7, "action": "drop"}]}, "rules[0].path"),
    ],
)
def test_a_mistake_in_a_policy_is_named(document: Any, field: str) -> None:
    with pytest.raises(PolicyError) as refused:
        parse_policy(document)
    assert [one["field"] for one in refused.value.mistakes] == [field]


def test_a_policy_reads_back_as_it_was_put() -> None:
    document = {"defaults": False, "identity": "hash", "rules": [{"path": "$.a[*].b", "action": "drop"}]}
    assert policy_as_json(parse_policy(document)) == document
    assert parse_policy({}) == Policy(True, False, ())


@given(st.from_regex(r"[0-9]{13,19}", fullmatch=True))
def test_the_check_digit_is_luhns(digits: str) -> None:
    def luhn(text: str) -> int:
        return sum(sum(divmod(int(one) * (1 + place % 2), 10)) for place, one in enumerate(reversed(text)))

    if is_card_number(digits):
        assert luhn(digits) % 10 == 0
        assert digits[0] in "23456"


def test_names_are_read_without_case_and_separators() -> None:
    assert KINDS["Refresh-Token"] == KINDS["refreshToken"] == "text"
    assert KINDS["CARD_NUMBER"] == "any"
    assert KINDS["cart"] == ""
    assert KINDS["sessionId"] == "own"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text() | st.sampled_from(["password", "pin", "token"]), json_values, max_size=6))
def test_redacting_twice_changes_nothing_more_and_never_the_original(context: dict[str, Any]) -> None:
    before = repr(context)
    once = redacted(context)
    assert redacted(once) == once
    assert repr(context) == before


@pytest.mark.parametrize("name", scenario_names())
def test_the_recordings_are_judged_alike_when_redacted(name: str) -> None:
    sample = scenario(name)
    found = judge_all([redactor().redacted(one) for one in sample.events], sample.maps)
    result = score(sample.expected, found)
    assert (result.missed, result.false) == ([], [])
