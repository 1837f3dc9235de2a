"""What a program's context holds is shown and never run."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opens
from tests.browser.guard import Guard
from tests.browser.shop import Shop

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=\"document.title='pwned'\"><script>alert(1)</script>{{ 7|add:7 }}"


def test_a_hostile_context_does_nothing(shop: Shop, opens: Opens) -> None:
    leak = shop.leak(
        workflow="<b>checkout</b>",
        value=HOSTILE,
        **{HOSTILE: HOSTILE, "list": [HOSTILE], "_hx": '" hx-get="/setup/" hx-trigger="load'},
    )
    shop.settle()
    page = opens(shop, shop.admin)
    for address in ("/", "/incidents/?q=", "/runs/", "/metrics/", "/incidents/INC-1/"):
        page.goto(address)
        assert_harmless(page)
    victim = page.get_by_role("article", name="Victim: ")
    expect(victim.locator("mark.foreign").first).to_contain_text("<img src=x")

    page.locator("#evidence .is-victim h3 a").click()
    expect(page.get_by_role("heading", level=2, name="LoadCart")).to_be_visible()
    expect(page.locator("#point")).to_contain_text("<script>alert(1)</script>")
    assert_harmless(page)
    page.get_by_label("JSONPath").fill(f"$['{HOSTILE}']")
    page.get_by_label("JSONPath").press("Enter")
    expect(page).to_have_url(re.compile("path="))
    assert_harmless(page)
    assert leak.victim == page.locator("#run-id").inner_text()


def assert_harmless(page: Page) -> None:
    """The guard of the browser sees dialogs and refused scripts; here is that no element came of it."""
    expect(page.locator("body")).to_contain_text("checkout</b>")
    expect(page.locator("img, script:not([src])")).to_have_count(0)
    assert page.title() != "pwned"


def test_the_policy_is_in_force_and_the_guard_sees_it(shop: Shop, opens: Opens, guard: Guard) -> None:
    page = opens(shop, shop.admin)
    page.goto("/")
    with page.expect_console_message(lambda message: "Content Security Policy" in message.text):
        page.evaluate(
            "document.body.append(Object.assign(document.createElement('script'), {text: 'document.title = 1'}))"
        )
    assert page.title() != "1"
    assert len(guard.complaints) == 1
    guard.complaints.clear()


def test_the_documentation_of_the_api_keeps_the_policy_too(shop: Shop, opens: Opens) -> None:
    page = opens(shop, shop.admin)
    page.goto("/api/v1/docs")
    expect(page.get_by_text("/api/v1/events", exact=True).first).to_be_visible()
