"""Theme, times and a phone in the hand: what a reader has set stays so."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opens
from tests.browser.people import assert_it_says_what_happened, status_of
from tests.browser.shop import Shop

pytestmark = pytest.mark.browser

BACKGROUND = "getComputedStyle(document.body).backgroundColor"
INDIA = "Asia/Kolkata"


def test_the_theme_follows_the_system_until_one_is_chosen_and_then_stays(shop: Shop, opens: Opens) -> None:
    page = opens(shop, shop.admin, color_scheme="dark")
    page.goto("/")
    dark = page.evaluate(BACKGROUND)
    page.emulate_media(color_scheme="light")
    light = page.evaluate(BACKGROUND)
    assert light != dark

    theme = page.get_by_role("button", name="Theme")
    for said, shown in (("light", light), ("dark", dark)):
        theme.click()
        expect(theme).to_have_accessible_name(f"Theme: {said}")
        assert page.evaluate(BACKGROUND) == shown
    page.get_by_role("link", name="Incidents").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Incidents")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate(BACKGROUND) == dark

    theme.click()
    page.reload()
    expect(theme).to_have_accessible_name("Theme: follows the system")
    assert page.evaluate(BACKGROUND) == light


def test_times_are_the_readers_own_with_utc_on_hover(shop: Shop, opens: Opens) -> None:
    shop.leak()
    shop.settle()
    page = opens(shop, shop.admin, timezone_id=INDIA)
    page.goto("/incidents/INC-1/")
    times = page.locator("#time time[data-show=clock]")
    expect(times.first).to_be_visible()
    for time in times.all():
        at = datetime.fromisoformat(time.get_attribute("datetime") or "")
        expect(time).to_have_text(f"{at.astimezone(ZoneInfo(INDIA)):%H:%M:%S}")
        expect(time).to_have_attribute("title", f"{at:%Y-%m-%d %H:%M:%S} UTC")
    assert at.utcoffset() == timedelta(0)
    expect(page.locator("[data-zone]").first).to_have_text("GMT+5:30")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_incident_is_taken_on_a_phone(theme: str, shop: Shop, opens: Opens) -> None:
    leak = shop.leak()
    shop.settle()
    page = opens(
        shop,
        shop.admin,
        viewport={"width": 380, "height": 800},
        has_touch=True,
        is_mobile=True,
        color_scheme=theme,
    )
    page.goto("/")
    page.locator("[data-row]").get_by_role("link").first.tap()
    assert_it_says_what_happened(page, leak)
    assert_at_hand(page, "Acknowledge")
    page.get_by_role("button", name="Acknowledge").tap()
    expect(status_of(page)).to_contain_text("Acknowledged")
    page.locator("#ask-resolve summary").tap()
    page.get_by_label("What fixed it?").fill("A key of its own")
    page.locator("#do-resolve").tap()
    expect(status_of(page)).to_contain_text("Resolved")
    assert_at_hand(page, "Begin postmortem")

    tabs = page.get_by_role("navigation", name="Main, short")
    expect(tabs).to_be_in_viewport()
    tabs.get_by_text("More").tap()
    tabs.get_by_role("link", name="Set up").tap()
    expect(page).to_have_url(re.compile("/setup/$"))


def assert_at_hand(page: Page, name: str) -> None:
    """The button is on the first screen, and large enough for a thumb."""
    button = page.get_by_role("button", name=name).first
    expect(button).to_be_in_viewport(ratio=1)
    box = button.bounding_box()
    assert box is not None
    assert box["height"] >= 40
