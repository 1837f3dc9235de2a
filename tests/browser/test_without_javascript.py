"""The whole of an incident with nothing but links and forms."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Opens
from tests.browser.people import (
    LEARNED,
    assert_it_says_what_happened,
    resolve,
    sign_in,
    status_of,
    write_postmortem,
)
from tests.browser.shop import Shop

pytestmark = pytest.mark.browser


def test_everything_can_be_done_without_javascript(shop: Shop, opens: Opens) -> None:
    leak = shop.leak()
    shop.settle()
    page = opens(shop, java_script_enabled=False)
    sign_in(page, shop)
    expect(page.get_by_role("heading", level=1)).to_contain_text("1 open: 1 critical")

    page.get_by_role("link", name="Incidents").first.click()
    page.get_by_role("textbox", name="Query").fill("is:open severity:critical workflow:checkout")
    page.get_by_role("button", name="Search").click()
    page.locator("[data-row]").get_by_role("link").first.click()
    assert_it_says_what_happened(page, leak)
    page.get_by_role("button", name="Acknowledge").click()
    expect(status_of(page)).to_contain_text(f"Acknowledged by {shop.admin.username}")
    resolve(page, "A key of its own")

    page.get_by_role("button", name="Begin postmortem").first.click()
    write_postmortem(page)
    page.get_by_role("button", name="Publish").click()
    expect(page.locator(".doc-head")).to_contain_text("Published")
    expect(page.locator(".doc-body")).to_contain_text(LEARNED["Summary"])
    for hidden in page.locator("button[hidden]").all():
        expect(hidden).to_be_hidden()
