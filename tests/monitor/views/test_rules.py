"""The pages of the rules."""

from __future__ import annotations

import pytest

from monitor.detection.catalogue import CATALOGUE
from tests.factories import make_incident
from tests.monitor.views.cast import Cast, make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def test_every_rule_has_a_page_that_says_what_why_and_how(cast: Cast) -> None:
    listed = cast.viewer.get("/rules/").content.decode()
    for rule in CATALOGUE:
        assert f'href="/rules/{rule.id}/"' in listed
        page = cast.viewer.get(f"/rules/{rule.id}/").content.decode()
        for heading in ("Why it matters", "A leaking example", "A clean example", "How to fix it"):
            assert heading in page, rule.id
        assert page.count("<li>") >= len(rule.guide.fix)


def test_a_rule_says_what_it_found_here(cast: Cast) -> None:
    make_incident(project=cast.project, rule="foreign-session")
    assert "INC-1, open" in cast.viewer.get("/rules/foreign-session/").content.decode()
    assert cast.viewer.get("/rules/").context["rows"][1][1].incidents == 1
    assert "Nothing yet in this project" in cast.viewer.get("/rules/foreign-tenant/").content.decode()


def test_what_is_no_rule_is_not_found(cast: Cast) -> None:
    assert cast.viewer.get("/rules/no-such-rule/").status_code == 404
