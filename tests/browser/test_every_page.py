"""Each page, wide and at a phone's width, light and dark: nothing overflows, nothing keeps people out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.contrib.auth.models import User
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.conftest import new_context
from tests.browser.guard import Guard
from tests.browser.world import PAGES, World, make_world
from tests.reliability.stack import Stack

pytestmark = pytest.mark.browser

WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 380, "height": 800}
THEMES = ("light", "dark")
REFUSALS = {"not-found", "no-project"}
"""Pages that come with an error's status, which the console tells of."""
EVERYTHING: dict[str, Any] = {}
CONTRAST_ALONE = {"runOnly": ["color-contrast", "link-in-text-block"]}
"""What a theme can change: it redefines colours and nothing else."""
BARRIERS = """async (options) => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"], preload: false, ...options });
  return violations.filter(({ impact }) => ["serious", "critical"].includes(impact))
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target} ${node.failureSummary}`));
}"""
TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  const scrolls = (element) => {
    for (let each = element; each && each !== document.body; each = each.parentElement) {
      if (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(each).overflowX)) return true;
    }
    return false;
  };
  const outside = [...document.body.querySelectorAll("*")].filter((element) => {
    const box = element.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && (box.right > width + 1 || box.left < -1) &&
      element.checkVisibility({ visibilityProperty: true }) && !scrolls(element);
  });
  const found = outside.slice(0, 5).map((each) => each.outerHTML.slice(0, 120));
  return document.documentElement.scrollWidth > width ? ["the page scrolls sideways", ...found] : found;
}"""
UNFOLD = "of => document.querySelectorAll(of).forEach((each) => { each.open = true; })"


@dataclass
class Walker:
    """Goes through the world as each of its people, in one browser a person, so that nothing is fetched twice."""

    world: World
    chromium: Browser
    guard: Guard = field(default_factory=Guard)
    contexts: dict[User | None, BrowserContext] = field(default_factory=dict)

    @contextmanager
    def at(self, name: str) -> Iterator[Page]:
        address, user = self.world.places[name]
        self.guard.complaints.clear()
        self.guard.expected = {self.world.shop.url + address} if name in REFUSALS else set()
        if user not in self.contexts:
            self.contexts[user] = new_context(self.chromium, self.guard, self.world.shop, user)
        page = self.contexts[user].new_page()
        try:
            page.set_viewport_size(WIDE)
            page.goto(address)
            yield page
        finally:
            page.close()


@pytest.fixture(scope="module")
def walker(running: Stack, chromium: Browser) -> Iterator[Walker]:
    one = Walker(make_world(running), chromium)
    yield one
    for context in one.contexts.values():
        context.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_for_everybody(name: str, walker: Walker) -> None:
    with walker.at(name) as page:
        page.evaluate(AXE_SCRIPT)
        page.evaluate(UNFOLD, "details:not(.menu)")
        for size, rules in ((WIDE, (EVERYTHING, CONTRAST_ALONE)), (PHONE, (CONTRAST_ALONE, EVERYTHING))):
            page.set_viewport_size(size)
            assert page.evaluate(TOO_WIDE) == [], f"wider than {size['width']} px"
            for theme, options in zip(THEMES, rules, strict=True):
                page.emulate_media(color_scheme=theme)
                assert page.evaluate(BARRIERS, options) == [], f"{theme}, {size['width']} px"
        page.evaluate(UNFOLD, "details.menu")
        assert page.evaluate(TOO_WIDE) == [], "an open menu leaves the phone"
    assert walker.guard.complaints == []
