"""What people do on a page, as several journeys need it."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.browser.shop import PASSWORD, Leak, Shop

LEARNED = {
    "Summary": "A cart went to another session.",
    "Impact": "One run of one session.",
    "Root cause": "The key of the cart is **not** scoped.",
    "Was a guideline unclear?": "No.",
    "Did the review miss it, and why could it?": "The key stands in another file.",
    "Was there a gap in tests?": "No test has two sessions.",
}
"""What must be written before a postmortem can be published."""


def sign_in(page: Page, shop: Shop) -> None:
    page.goto("/")
    page.get_by_label("E-mail or user name").fill(shop.admin.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def status_of(page: Page) -> Locator:
    """Where an incident says its status and who set it."""
    return page.locator(".inc-state")


def resolve(page: Page, reason: str) -> None:
    page.locator("#ask-resolve summary").click()
    page.get_by_label("What fixed it?").fill(reason)
    page.locator("#do-resolve").click()
    expect(status_of(page)).to_contain_text("Resolved by")


def write_postmortem(page: Page) -> None:
    """Writes what is needed into the form of a postmortem, and saves it."""
    for section, text in LEARNED.items():
        page.get_by_role("textbox", name=section).fill(text)
    page.get_by_role("button", name="Save", exact=True).last.click()


def assert_it_says_what_happened(page: Page, leak: Leak) -> None:
    """The sentence, and both snapshots with the value marked in each."""
    sentence = page.get_by_role("heading", level=1)
    for name in (leak.value, leak.victim, leak.source, "LoadCart", leak.key):
        expect(sentence).to_contain_text(name)
    for side, mark in (("Source", ".own"), ("Victim", "mark.foreign")):
        shown = page.get_by_role("article", name=f"{side}: ")
        expect(shown.locator(mark).first).to_have_text(f'"{leak.value}"')


def await_keys(page: Page) -> None:
    """Returns once the page's script has run, of which the theme button is the sign: before, keys do nothing."""
    expect(page.get_by_role("button", name="Theme")).to_be_visible()


def press_until_focused(page: Page, key: str, wanted: Locator) -> None:
    for _ in range(60):
        page.keyboard.press(key)
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{key} never leads to it")
