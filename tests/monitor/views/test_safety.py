"""Other people's data on a page is text; headers forbid what no page needs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from monitor.models import Incident
from monitor.services import incidents as service
from monitor.services.actor import SYSTEM
from tests.factories import NOW, make_anomaly, make_event, make_incident, make_run, make_workflow
from tests.monitor.views.cast import HOSTILE, Cast, make_cast, make_leak

pytestmark = pytest.mark.django_db
TEMPLATES = Path(settings.BASE_DIR) / "templates"


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def hostile_incident(cast: Cast) -> Incident:
    """An incident all of whose strings are an attack."""
    project = cast.project
    make_workflow(project=project, name=HOSTILE, owner=HOSTILE)
    run = make_run(project=project, run_id=f"r-{HOSTILE}", workflow=HOSTILE, session=HOSTILE, tenant=HOSTILE)
    event = make_event(
        run=run, step=HOSTILE, context={HOSTILE: HOSTILE, "deep": {HOSTILE: [HOSTILE]}}, branch=HOSTILE,
        accesses=[{"store": HOSTILE, "op": "read", "key": HOSTILE}], attributes={"a": HOSTILE}, event_id=HOSTILE,
    )  # fmt: skip
    incident = make_incident(project=project, title=HOSTILE, workflow=HOSTILE, path=f"$['{HOSTILE}']")
    make_anomaly(
        run=run, incident=incident, event=event, path=f"$['{HOSTILE}']", observed=HOSTILE, expected=HOSTILE,
        message=f"Session {HOSTILE} stands in run r-{HOSTILE}.",
        source_run_id=HOSTILE, source_step=HOSTILE, source_path=HOSTILE, source_resource=f"redis:{HOSTILE}",
    )  # fmt: skip
    service.add_note(incident=incident, by=SYSTEM, now=NOW, note=HOSTILE)
    return incident


def test_hostile_values_are_escaped_everywhere(cast: Cast) -> None:
    incident = hostile_incident(cast)
    run = incident.affected.get().run
    pages = [
        "/", "/incidents/", "/incidents/?q=%3Cscript%3Ealert(%22x%22)%3C/script%3E", "/runs/",
        "/runs/?session=%3Cscript%3Ealert(%22x%22)%3C/script%3E", f"/incidents/{incident.key}/",
        "/rules/foreign-session/",
    ]  # fmt: skip
    for page in pages:
        text = cast.responder.get(page).content.decode()
        assert "<script>alert" not in text, page
    response = cast.responder.get("/runs/" + run.run_id.replace("/", "%2F") + "/", {"path": HOSTILE})
    assert response.status_code == 200
    assert "<script>alert" not in response.content.decode()
    assert "&lt;script&gt;" in response.content.decode()


def test_every_page_forbids_inline_script_style_and_framing(cast: Cast) -> None:
    for page in ("/", "/incidents/", "/sign-in/", "/nothing/"):
        response = cast.viewer.get(page)
        policy = response["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert response["X-Frame-Options"] == "DENY"
        assert response["Permissions-Policy"]
    make_leak(cast.project)
    assert cast.viewer.get("/")["Cache-Control"] == "no-store"


def test_templates_have_no_inline_script_style_or_unescaped_value() -> None:
    for template in TEMPLATES.rglob("*.html"):
        text = template.read_text()
        assert not re.search(r"\|\s*safe\b|\{% *autoescape off", text), template
        assert not re.search(r"\sstyle=|\son[a-z]+=|<style|javascript:", text), template
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), template


def test_every_drawing_that_a_template_uses_is_there() -> None:
    drawn = set(re.findall(r'id="i-([a-z_]+)"', (TEMPLATES / "components/icons.html").read_text()))
    for template in TEMPLATES.rglob("*.html"):
        text = template.read_text()
        used = set(re.findall(r'{% icon "([a-z_]+)" %}', text)) | set(re.findall(r'href="#i-([a-z_]+)"', text))
        assert used <= drawn, (template, used - drawn)
