"""A newcomer's first minutes: a key, a first event from a terminal, a receiver that is told."""

from __future__ import annotations

import json
import subprocess

import pytest
from playwright.sync_api import expect
from standardwebhooks.webhooks import Webhook

from tests.browser.conftest import Opens
from tests.browser.shop import Shop
from tests.monitor.channels.receiver import answer, receiving

pytestmark = pytest.mark.browser


def test_the_first_event_is_sent_by_the_command_on_the_page(shop: Shop, opens: Opens) -> None:
    page = opens(shop, shop.admin, permissions=["clipboard-read", "clipboard-write"])
    page.goto("/")
    page.get_by_role("link", name="Send the first event").click()
    page.get_by_label("What is it for?").fill("checkout workers")
    page.get_by_role("button", name="Create key").click()
    expect(page.locator("#waiting")).to_contain_text("Waiting for your first event")
    page.evaluate("window.neverLeft = true")

    page.locator("[data-copies=curl]").click()
    expect(page.locator("[data-copies=curl]")).to_have_text("Copied")
    command = page.evaluate("navigator.clipboard.readText()")
    assert command.strip() == page.locator("#curl").inner_text().strip()
    sent = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=30, check=True)
    assert json.loads(sent.stdout)["accepted"] == 1

    expect(page.locator("#waiting")).to_contain_text("First event received")
    assert page.evaluate("window.neverLeft") is True, "the page was loaded again"
    page.get_by_role("link", name="See run hello-1").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("This run kept to its own context")


def test_a_receiver_is_added_and_tested(shop: Shop, opens: Opens) -> None:
    with receiving(answer(204, b"")) as receiver:
        page = opens(shop, shop.admin)
        page.goto("/setup/")
        page.get_by_label("Name").fill("on call")
        page.get_by_label("Webhook address").fill(receiver.url)
        page.get_by_role("button", name="Add receiver").click()
        secret = page.locator("#secret").inner_text()
        page.get_by_role("button", name="Test").click()
        expect(page.locator(".receivers")).to_contain_text("delivered")
        expect(page.locator(".receivers")).to_contain_text("answered 204")
    (request,) = receiver.requests
    Webhook(secret).verify(request.body, request.headers)
