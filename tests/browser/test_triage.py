"""Somebody on call, from the leak to its end: with the mouse, and by keyboard alone."""

from __future__ import annotations

import json
import queue
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect
from standardwebhooks.webhooks import Webhook

from monitor.channels.webhook import new_secret
from monitor.models import Channel
from tests.browser.conftest import Opens
from tests.browser.people import (
    assert_it_says_what_happened,
    await_keys,
    press_until_focused,
    resolve,
    sign_in,
    status_of,
)
from tests.browser.shop import PASSWORD, Shop
from tests.factories import make_channel
from tests.monitor.channels.receiver import Receiver, answer, receiving

pytestmark = pytest.mark.browser


class Phone:
    """Somebody's receiver: each message that comes in can be waited for, and has a good signature."""

    def __init__(self, receiver: Receiver, channel: Channel) -> None:
        self.channel = channel
        self.rings: queue.Queue[None] = queue.Queue()
        self.receiver = receiver
        receiver.respond = self._respond

    def next(self) -> dict[str, Any]:
        """The next message; its signature must hold."""
        self.rings.get(timeout=20)
        request = self.receiver.requests[self._read]
        self._read += 1
        Webhook(self.channel.secret).verify(request.body, request.headers)
        message: dict[str, Any] = json.loads(request.body)
        return message

    _read = 0

    def _respond(self, handler: BaseHTTPRequestHandler) -> None:
        answer(204, b"")(handler)
        self.rings.put(None)


@pytest.fixture
def phone(shop: Shop) -> Iterator[Phone]:
    with receiving(answer(204, b"")) as receiver:
        channel = make_channel(project=shop.project, url=receiver.url, secret=new_secret(), now=timezone.now())
        yield Phone(receiver, channel)


def test_a_leak_appears_by_itself_is_understood_and_closed(shop: Shop, phone: Phone, opens: Opens) -> None:
    page = opens(shop)
    sign_in(page, shop)
    expect(page.get_by_role("heading", name="No events yet")).to_be_visible()
    page.evaluate("window.neverLeft = true")

    leak = shop.leak()
    item = page.locator("[data-row]")
    expect(item).to_contain_text(leak.victim)
    expect(page.get_by_role("heading", level=1)).to_contain_text("1 open: 1 critical")
    assert page.evaluate("window.neverLeft") is True, "the page was loaded again"
    opened = phone.next()

    item.get_by_role("link").click()
    assert_it_says_what_happened(page, leak)
    page.get_by_role("button", name="Acknowledge").click()
    expect(status_of(page)).to_contain_text(f"Acknowledged by {shop.admin.username}")
    resolve(page, "The cart has a key of its session now")
    expect(page.locator("#time")).to_contain_text("The cart has a key of its session now")
    resolved = phone.next()

    assert [opened["type"], resolved["type"]] == ["incident.opened", "incident.resolved"]
    assert {opened["data"]["key"], resolved["data"]["key"]} == {"INC-1"}
    shop.settle()
    assert len(phone.receiver.requests) == 2
    page.get_by_role("navigation", name="Main", exact=True).get_by_role("link", name="Overview").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Nothing open")


def test_the_same_by_keyboard_alone(shop: Shop, opens: Opens) -> None:
    leak = shop.leak(n=1)
    shop.leak(n=2, workflow="returns")
    shop.settle()
    page = opens(shop)
    page.goto("/")
    expect(page.get_by_label("E-mail or user name")).to_be_focused()
    page.keyboard.type(shop.admin.username)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    rows = page.locator("[data-row]")
    expect(rows).to_have_count(2)
    await_keys(page)

    for key, place in (("j", 0), ("j", 1), ("j", 1), ("k", 0), ("k", 0)):
        page.keyboard.press(key)
        expect(rows.nth(place).get_by_role("link")).to_be_focused()
    if leak.victim not in rows.nth(0).inner_text():
        page.keyboard.press("j")
    page.keyboard.press("Enter")
    assert_it_says_what_happened(page, leak)

    await_keys(page)
    page.keyboard.press("?")
    help_ = page.get_by_role("dialog", name="Keys")
    expect(help_).to_be_visible()
    page.keyboard.press("a")
    page.keyboard.press("Escape")
    expect(help_).to_be_hidden()
    expect(status_of(page)).to_contain_text("Open")

    page.keyboard.press("a")
    expect(status_of(page)).to_contain_text("Acknowledged")
    press_until_focused(page, "Tab", page.locator("#ask-resolve summary"))
    page.keyboard.press("Enter")
    press_until_focused(page, "Tab", page.get_by_label("What fixed it?"))
    page.keyboard.type("a? j, k and / are only text here")
    press_until_focused(page, "Tab", page.locator("#do-resolve"))
    page.keyboard.press("Enter")
    expect(status_of(page)).to_contain_text("Resolved")
    expect(page.locator("#time")).to_contain_text("a? j, k and / are only text here")

    await_keys(page)
    page.keyboard.press("g")
    page.keyboard.press("i")
    expect(page).to_have_url(f"{shop.url}/incidents/")
    await_keys(page)
    page.keyboard.press("/")
    expect(page.get_by_role("textbox", name="Query")).to_be_focused()
