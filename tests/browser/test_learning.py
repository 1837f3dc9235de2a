"""From a resolved incident to what was learned: postmortem, report and figures say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from monitor.metrics.words import duration
from tests.browser.conftest import Opens
from tests.browser.people import LEARNED, write_postmortem
from tests.browser.shop import Shop

pytestmark = pytest.mark.browser


def test_a_postmortem_is_written_published_and_stands_in_the_report(shop: Shop, opens: Opens) -> None:
    incident = resolved_incident(shop)
    page = opens(shop, shop.admin, accept_downloads=True)
    page.goto(f"/incidents/{incident}/")
    page.get_by_role("button", name="Begin postmortem").first.click()
    timeline = page.get_by_role("textbox", name="Timeline")
    expect(timeline).to_have_value(re.compile("First leak.*resolved", re.DOTALL | re.IGNORECASE))

    add_action(page, text="Put the session into the key", owner=shop.admin.username)
    write_postmortem(page)
    expect(page.locator(".doc-head")).to_contain_text("A draft, and whole.")
    expect(page.locator("strong", has_text="not")).to_be_visible()
    page.get_by_role("button", name="Publish").click()
    expect(page.locator(".doc-head")).to_contain_text("Published")

    with page.expect_download() as download:
        page.get_by_role("link", name="Markdown").click()
    text = Path(download.value.path()).read_text()
    assert download.value.suggested_filename.endswith(".md")
    for part in (*LEARNED.values(), "Put the session into the key", incident):
        assert part in text

    title = page.get_by_role("heading", level=1).inner_text()
    page.get_by_role("navigation", name="Main", exact=True).get_by_role("link", name="Reports").click()
    page.locator("[data-row]").first.get_by_role("link").click()
    expect(page.locator(".worst")).to_contain_text(incident)
    expect(page.locator(".doc-list").get_by_role("link", name=title)).to_be_visible()
    expect(page.get_by_role("region", name="Actions")).to_contain_text("Put the session into the key")


def test_the_metrics_page_shows_what_the_api_says(shop: Shop, opens: Opens) -> None:
    resolved_incident(shop)
    shop.leak(n=2, workflow="returns")
    shop.settle()
    page = opens(shop, shop.admin)
    page.goto("/metrics/")
    with page.expect_download() as csv:
        page.get_by_role("link", name="CSV").click()
    assert "returns" in Path(csv.value.path()).read_text()

    link = page.get_by_role("link", name="JSON").get_attribute("href")
    period = page.request.get(link or "").json()
    asked = f"from={period['from']}&to={period['to']}".replace("+", "%2B")
    by_workflow = shop.api(f"/metrics?{asked}&by=workflow")["groups"]
    assert period["groups"] == by_workflow
    assert sum(group["incidents"] for group in by_workflow) == 2

    (whole,) = shop.api(f"/metrics?{asked}")["groups"]
    expect(figure(page, "Incidents").locator(".figure-value")).to_have_text("2")
    expect(figure(page, "Incidents")).to_contain_text("still open")
    for name, field in (
        ("Time to detect", "mttd_seconds"),
        ("Time to acknowledge", "mtta_seconds"),
        ("Time to resolve", "mttr_seconds"),
    ):
        said = whole[field]
        expected = [*(duration(said[kind]) for kind in ("mean", "median", "p90")), str(said["n"])]
        expect(figure(page, name).locator("dt")).to_have_text(["mean", "median", "p90", "n"])
        expect(figure(page, name).locator("dd")).to_have_text(expected)

    page.get_by_role("navigation", name="Break down by").get_by_role("link", name="Severity").click()
    expect(page.get_by_role("region", name="By severity")).to_contain_text("critical")
    page.go_back()
    expect(page.get_by_role("region", name="By workflow")).to_contain_text("returns")


def resolved_incident(shop: Shop) -> str:
    """The key of an incident that was acknowledged and resolved through the API."""
    shop.leak()
    shop.settle()
    (incident,) = shop.api("/incidents")["items"]
    for act in ("acknowledge", "resolve"):
        shop.api(f"/incidents/{incident['id']}/{act}", method="POST")
    key: str = incident["key"]
    return key


def add_action(page: Page, *, text: str, owner: str) -> None:
    actions = page.get_by_role("textbox", name="Action")
    present = actions.count()
    page.get_by_role("button", name="Add an action").click()
    expect(actions).to_have_count(present + 1)
    actions.last.fill(text)
    page.get_by_label("Owner").last.fill(owner)


def figure(page: Page, name: str) -> Locator:
    return page.locator(".metric").filter(has=page.get_by_role("heading", name=name))
