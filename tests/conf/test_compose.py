"""docker-compose.yml and the image: what each service must have, as far as a file can say it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent.parent
COMPOSE: dict[str, Any] = YAML(typ="safe").load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
IMAGE = (ROOT / ".docker" / "Dockerfile").read_text()


def test_the_services_are_those_of_the_deployment() -> None:
    assert set(SERVICES) == {"web", "worker", "beat", "migrate", "postgres", "redis"}


def test_only_web_is_published() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["web"]


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_nothing_runs_before_the_migration_has(name: str) -> None:
    assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "migrate"])
def test_each_service_restarts_and_says_whether_it_is_well(name: str) -> None:
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert "healthcheck" in SERVICES[name] or "HEALTHCHECK" in IMAGE


@pytest.mark.parametrize("name", ["postgres", "redis"])
def test_data_is_on_a_volume_and_reached_from_inside_alone(name: str) -> None:
    volume = SERVICES[name]["volumes"][0].split(":")[0]
    assert volume in COMPOSE["volumes"]
    assert SERVICES[name]["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"]["internal"] is True


def test_no_secret_stands_in_the_file_and_each_is_demanded() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for secret in ("SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD"):
        uses = re.findall(rf"\$\{{{secret}[^}}]*\}}", text)
        assert uses
        assert all(use.startswith(f"${{{secret}:?") for use in uses)


def test_every_variable_passed_in_is_a_setting() -> None:
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs/settings.md").read_text(), re.MULTILINE))
    assert set(SERVICES["web"]["environment"]) <= documented


def test_the_image_runs_as_an_ordinary_user() -> None:
    user = re.findall(r"^USER (\S+)$", IMAGE, re.MULTILINE)
    assert user == ["crosstalk"]
    assert IMAGE.index("USER crosstalk") < IMAGE.index("\nCMD")
    assert "collectstatic" in IMAGE
