"""Each page, wide and at a phone's width, light and dark: nothing overflows, nothing keeps people out."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from pytest_django.plugin import DjangoDbBlocker

from tests.browser.conftest import Opens
from tests.browser.guard import Guard
from tests.browser.world import PAGES, World, make_world
from tests.reliability.stack import Stack

pytestmark = pytest.mark.browser

WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 380, "height": 800}
THEMES = ("light", "dark")
CONTRAST_ALONE = {"runOnly": ["color-contrast", "link-in-text-block"], "resultTypes": ["violations"]}
"""What a theme can change: it redefines colours alone."""
EVERYTHING = {"resultTypes": ["violations"]}
TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  const scrolls = (element) => {
    for (let each = element; each && each !== document.body; each = each.parentElement) {
      if (["auto", "scroll"].includes(getComputedStyle(each).overflowX)) return true;
    }
    return false;
  };
  const outside = [...document.body.querySelectorAll("*")].filter((element) => {
    const box = element.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && (box.right > width + 1 || box.left < -1) &&
      getComputedStyle(element).visibility !== "hidden" && !element.closest("svg svg, defs") && !scrolls(element);
  });
  return [document.documentElement.scrollWidth - width, ...outside.slice(0, 5).map((each) => each.outerHTML.slice(0, 120))];
}"""


@pytest.fixture(scope="module")
def world(running: Stack, chromium: object) -> World:
    return make_world(running)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_for_everybody(name: str, world: World, opens: Opens, guard: Guard) -> None:
    address, user = world.places[name]
    if name in {"not-found", "no-project"}:
        guard.expected.add(world.shop.url + address)
    page = opens(world.shop, user, viewport=WIDE, color_scheme="light")
    page.goto(address)
    for size, checks in ((WIDE, (EVERYTHING, CONTRAST_ALONE)), (PHONE, (CONTRAST_ALONE, EVERYTHING))):
        page.set_viewport_size(size)
        assert page.evaluate(TOO_WIDE) == [0], f"wider than {size['width']} px"
        for theme, options in zip(THEMES, checks, strict=True):
            page.emulate_media(color_scheme=theme)
            assert barriers(page, options) == [], f"{theme}, {size['width']} px"


def barriers(page: Page, options: dict[str, Any]) -> list[str]:
    """What axe calls serious or critical, with the elements concerned."""
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{each['id']}: {', '.join(str(node['target']) + ' ' + node['failureSummary'] for node in each['nodes'])}"
        for each in found
        if each["impact"] in {"serious", "critical"}
    ]
