"""The id of an event whose sender gave none."""

from __future__ import annotations

import json

import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.formats.canonical import check_event
from ingestion.formats.identifiers import canonical_json
from tests.factories import event_dict
from tests.ingestion.test_canonical import json_values


@settings(max_examples=500, deadline=None)
@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), json_values, max_size=4), st.booleans())
def test_the_derived_id_is_of_the_canonical_json(event, ascii_only):
    raw = json.dumps(event, ensure_ascii=ascii_only).encode()
    assert canonical_json(raw, event) == rfc8785.dumps(event)


def test_huge_integers_keep_two_events_two():
    ids = set()
    for number in (2**53, 2**53 + 1, str(2**53)):
        event = event_dict(event_id="x", context={"n": number})
        del event["event_id"]
        event["occurred_at"] = "2026-11-20T10:00:00Z"
        ids.add(check_event(json.dumps(event).encode()).event_id)
        ids.add(check_event(json.dumps(event, indent=1).encode()).event_id)
    assert len(ids) == 3
    assert all(len(one.removeprefix("auto-")) == 64 for one in ids)
