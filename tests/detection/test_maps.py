"""Context maps: the whole of MAPS.md is read, and every mistake is named with its line and key."""

from __future__ import annotations

import json

import pytest

from monitor.detection.context_map import At
from monitor.detection.maps import MapError, by_workflow, parse_map

WHOLE = """\
version: 1
workflow: checkout
risk: high                       # high, medium or low: what is sampled, and how loud it is
owner: payments-oncall
identity:
  execution_id: [$.workflow.execution_id]
  session: [$.session_id]
  tenant: [$.tenant_id]
  ignore: [$.carrier.org_id]
private: [$.customer.email, $.cart.discount_code]
inputs: [workflow, session_id, tenant_id]
cleanup: [scratch, tmp]
must_be_clear:
  - {path: $.cart.discount_code, at: LoadCart.enter}
steps:
  LoadCart:
    reads: [$.session_id]
    writes: [$.cart]
    drops: []
    resources: ["redis:cart:{session}"]
  SpawnCharge: {writes: [$.charge]}
  Idle:
parallel:
  - {branches: [stock, fraud], join: Decide}
children:
  charge-card: {passes: [$.order, $.session_id], requires: [$.order], returns: [$.charge],
                error_paths: [$.charge.error]}
frozen:
  - {path: $.order.items, from: CheckStock, until: ReserveStock}
per_iteration: [$.batch.results]
checkpoints:
  - {save: Checkpoint1, load: LoadCheckpoint, path: $}
reconcile:
  - [$.ledger.transaction_count, $.expected.transaction_count]
compensations: {DebitAccount: RefundAccount}
schema_version: $._version
schemas: {v1: {type: object, required: [customer_id]}}
size_limit_bytes: 1048576
deterministic: false
scoped_keys: true
"""
HEAD = "version: 1\nworkflow: w\n"


def test_the_contract_s_own_map_is_read_whole() -> None:
    found = parse_map(WHOLE)
    assert (found.workflow, found.risk, found.owner) == ("checkout", "high", "payments-oncall")
    assert [path.text for path in found.identity.execution_id] == ["$.workflow.execution_id"]
    assert [path.text for path in found.identity.ignore] == ["$.carrier.org_id"]
    assert (found.inputs, found.cleanup) == (("workflow", "session_id", "tenant_id"), ("scratch", "tmp"))
    assert found.must_be_clear[0].at == At("step", "LoadCart", "enter")
    step = found.steps["LoadCart"]
    assert (step.drops, step.resources) == ((), ("redis:cart:{session}",))
    assert (found.steps["SpawnCharge"].reads, found.steps["SpawnCharge"].resources) == (None, None)
    assert found.steps["Idle"].writes is None
    assert (found.parallel[0].branches, found.parallel[0].join) == (("stock", "fraud"), "Decide")
    assert [path.text for path in found.children["charge-card"].requires] == ["$.order"]
    assert (found.frozen[0].start, found.frozen[0].until) == ("CheckStock", "ReserveStock")
    assert (found.checkpoints[0].save, found.checkpoints[0].path.text) == ("Checkpoint1", "$")
    assert [path.text for path in found.reconcile[0]] == [
        "$.ledger.transaction_count",
        "$.expected.transaction_count",
    ]
    assert found.compensations == {"DebitAccount": "RefundAccount"}
    assert found.schema_version is not None
    assert found.schemas == {"v1": {"type": "object", "required": ["customer_id"]}}
    assert (found.size_limit_bytes, found.deterministic, found.scoped_keys) == (1_048_576, False, True)


def test_only_version_and_workflow_are_needed() -> None:
    found = parse_map(HEAD)
    assert (found.inputs, found.size_limit_bytes, found.risk) == (None, 1_048_576, None)


def test_json_is_yaml() -> None:
    plain = {"version": 1, "workflow": "w", "inputs": ["a", "😀"], "must_be_clear": [{"path": "$.a", "at": "any"}]}
    for text in (json.dumps(plain), json.dumps(plain, indent="\t"), json.dumps(plain, ensure_ascii=False)):
        found = parse_map(text)
        assert found.inputs == ("a", "😀")
        assert found.digest == parse_map(json.dumps(plain)).digest


def test_json_may_hold_characters_that_yaml_refuses() -> None:
    odd = "a\x7f\x85\x9f\u2028\ufffe\ttab\\"
    plain = {"version": 1, "workflow": "w", "inputs": [odd, "b/c"]}
    for text in (json.dumps(plain), json.dumps(plain, indent="\t", ensure_ascii=False).replace("/", "\\/")):
        assert parse_map("\ufeff" + text).inputs == (odd, "b/c")


def test_anchors_and_merge_keys_stand_for_what_they_name() -> None:
    text = """\
version: 1
workflow: w
steps:
  A: &a {writes: &cart [$.cart], drops: []}
  B: {<<: *a, drops: *cart}
  C: {<<: [{reads: [$.a]}, *a]}
"""
    found = parse_map(text).steps
    assert set(found) == {"A", "B", "C"}
    assert (
        [path.text for path in found["B"].writes or ()]
        == [path.text for path in found["B"].drops or ()]
        == ["$.cart"]
    )
    assert ([path.text for path in found["C"].reads or ()], found["C"].drops) == (["$.a"], ())


def test_the_map_must_be_of_the_workflow_that_it_is_for() -> None:
    assert parse_map(HEAD, workflow="w").workflow == "w"
    with pytest.raises(MapError) as refused:
        parse_map("version: 1\nrisk: high\nworkflow: w\n", workflow="v")
    assert [(one.line, one.key) for one in refused.value.errors] == [(3, "workflow")]


def test_the_digest_names_what_the_map_says_not_how() -> None:
    assert parse_map(HEAD).digest == parse_map("workflow: w   # same\nversion: 1\n").digest
    assert parse_map(HEAD).digest != parse_map(HEAD + "inputs: []\n").digest


@pytest.mark.parametrize(
    ("text", "line", "key", "says"),
    [
        ("version: 1\n", 1, "workflow", "missing"),
        ("workflow: w\n", 1, "version", "missing"),
        ("version: 2\nworkflow: w\n", 1, "version", "version 1"),
        ("version: '1'\nworkflow: w\n", 1, "version", "whole number"),
        ("version: 1\nworkflow: 5\n", 2, "workflow", "text"),
        (HEAD + "colour: red\n", 3, "colour", "unknown key"),
        (HEAD + "risk: enormous\n", 3, "risk", "high, medium or low"),
        (HEAD + "owner: ''\n", 3, "owner", "text"),
        (HEAD + "inputs: session_id\n", 3, "inputs", "list"),
        (HEAD + "inputs:\n", 3, "inputs", "list"),
        (HEAD + "inputs:\n  - a\n  - 7\n", 5, "inputs[1]", "text"),
        (HEAD + "identity: [$.a]\n", 3, "identity", "object"),
        (HEAD + "identity:\n  session: $.a\n", 4, "identity.session", "list"),
        (HEAD + "identity:\n  user: [$.a]\n", 4, "identity.user", "unknown key"),
        (HEAD + "private:\n  - $.a\n  - a.b\n", 5, "private[1]", "RFC 9535"),
        (HEAD + "private: [5]\n", 3, "private[0]", "path"),
        (HEAD + "must_be_clear:\n  - {path: $.a}\n", 4, "must_be_clear[0].at", "missing"),
        (HEAD + "must_be_clear:\n  - {path: $.a, at: Load}\n", 4, "must_be_clear[0].at", "STEP.enter"),
        (HEAD + "must_be_clear:\n  - {path: $.a, at: Load.middle}\n", 4, "must_be_clear[0].at", "STEP.enter"),
        (HEAD + "steps: [A]\n", 3, "steps", "object"),
        (HEAD + "steps:\n  A: {}\n  B: {}\n  A: {}\n", 6, "steps.A", "step named twice; first in line 4"),
        (HEAD + "steps:\n  A:\n    write: [$.a]\n", 5, "steps.A.write", "unknown key"),
        (HEAD + "steps:\n  A: {writes: [a]}\n", 4, "steps.A.writes[0]", "RFC 9535"),
        (HEAD + "steps:\n  A: {resources: [{}]}\n", 4, "steps.A.resources[0]", "text"),
        (HEAD + "inputs: [a]\ninputs: [b]\n", 4, "inputs", "key given twice; first in line 3"),
        (HEAD + "parallel:\n  - {branches: [a, b]}\n", 4, "parallel[0].join", "missing"),
        (HEAD + "children:\n  c: {returned: []}\n", 4, "children.c.returned", "unknown key"),
        (HEAD + "frozen:\n  - {path: $.a, from: A}\n", 4, "frozen[0].until", "missing"),
        (HEAD + "checkpoints:\n  - {save: A, load: B, path: b}\n", 4, "checkpoints[0].path", "RFC 9535"),
        (HEAD + "reconcile:\n  - [$.a]\n", 4, "reconcile[0]", "two paths"),
        (HEAD + "compensations: {A: [B]}\n", 3, "compensations.A", "text"),
        (HEAD + "schema_version: v\n", 3, "schema_version", "RFC 9535"),
        (HEAD + "schemas: {v1: 7}\n", 3, "schemas.v1", "JSON Schema"),
        (HEAD + "size_limit_bytes: 0\n", 3, "size_limit_bytes", "whole number"),
        (HEAD + "size_limit_bytes: true\n", 3, "size_limit_bytes", "whole number"),
        (HEAD + "deterministic: 1\n", 3, "deterministic", "true or false"),
        (HEAD + "scoped_keys: 'yes'\n", 3, "scoped_keys", "true or false"),
        (HEAD + 'owner: "a\\0b"\n', 3, "owner", "without NUL"),
        (HEAD + "steps:\n  '': {}\n", 4, "steps.", "a name here must be text of 1 to 200"),
        (HEAD + "compensations:\n  A: \n", 4, "compensations.A", "text"),
        (
            HEAD + "private: ['$.a[', '$.b ']\n",
            3,
            "private[1]",
            "unexpected trailing whitespace at its character 4",
        ),
        (HEAD + "steps:\n  A: {<<: 5}\n", 4, "steps.A.<<", "merge key"),
        (HEAD + "steps: &s\n  B: {}\n<<: {steps: *s, nothing: 1}\n", 5, "nothing", "unknown key"),
        ('{"version": 1,\n "workflow": "w",\n\t"inputs": {}}', 3, "inputs", "list"),
        ('{"version": 1,\n "workflow": "w",\n "workflow": "v"}', 3, "workflow", "given twice; first in line 2"),
        ('{"version": 1,\n "workflow": "w",\n "inputs": [,]}', 3, "$", "YAML"),
        (HEAD + "owner: \x01\n", 3, "$", "does not allow"),
        (HEAD + "inputs: " + "[" * 300, 3, "$", "too deep"),
        (HEAD + "#" * 300_000, 1, "$", "too large"),
        (HEAD + "---\na: b\n", 3, "$", "another document"),
        ("- version: 1\n", 1, "$", "object"),
        ("", 1, "$", "empty"),
        ("version: 1\nworkflow: [\n", 3, "$", "YAML"),
        (HEAD + "inputs: *nowhere\n", 3, "$", "YAML"),
        (HEAD + "? [a]\n: b\n", 3, "$", "plain text"),
        ("a: &a [*a]\n", 1, "a[0]" + "[0]" * 63, "too deep"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_key(text: str, line: int, key: str, says: str) -> None:
    with pytest.raises(MapError) as refused:
        parse_map(text)
    problems = [(one.line, one.key, one.message) for one in refused.value.errors]
    assert [(line, key)] == [(one[0], one[1]) for one in problems if says in one[2]], problems


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(MapError) as refused:
        parse_map("version: 3\nworkflow: w\ncolour: red\nprivate: [a]\nrisk: 1\n")
    assert [one.line for one in refused.value.errors] == [1, 3, 4, 5]
    assert "line 3: colour" in str(refused.value)
    with pytest.raises(MapError) as refused:
        parse_map(HEAD + "steps:\n  A: {}\n  A: {}\n  A: {}\nrisk: 1\nrisk: high\n")
    assert [(one.line, one.key) for one in refused.value.errors] == [
        (5, "steps.A"),
        (6, "steps.A"),
        (7, "risk"),
        (8, "risk"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{" * 100_000,
        "- " * 5_000,
        "#" * 300_000,
        "\x00",
        HEAD + "x: \x01",
        "a: !!python/object/apply:os.system [x]",
    ],
)
def test_hostile_text_is_refused_and_not_run(text: str) -> None:
    with pytest.raises(MapError):
        parse_map(text)


def test_a_short_text_cannot_stand_for_an_endless_one() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    with pytest.raises(MapError, match="too large"):
        parse_map("\n".join(lines))


@pytest.mark.parametrize(
    "text", ["[", "\x00", "a: b: c", "&a", "!!binary x", "\ud800", "%", "a: *b", "{" * 500, "\t", "- - -"]
)
def test_every_refusal_names_a_line(text: str) -> None:
    with pytest.raises(MapError) as refused:
        parse_map(text)
    assert all(one.line is not None and one.line > 0 and one.key and one.message for one in refused.value.errors)


def test_a_workflow_has_one_map() -> None:
    one, other = parse_map(HEAD), parse_map("version: 1\nworkflow: v\n")
    assert by_workflow((one, other)) == {"w": one, "v": other}
    with pytest.raises(MapError, match="two maps"):
        by_workflow((one, one))
