"""What the repository is: its top level, its file sizes, what it may not mention, what must be in step."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
TOP_LEVEL = {
    "manage.py", "pyproject.toml", "requirements.txt", "Makefile", "LICENSE", "docker-compose.yml", "README.md",
    "monitor", "ingestion", "templates", "tests", "docs", "benchmarks",
    ".ci", ".docker", ".gitignore", ".editorconfig",
}  # fmt: skip
MOST_LINES = {".py": 300, ".js": 300, ".html": 300, ".css": 400}
REGISTRY_HOSTS = (
    "pypi" + ".org",
    "files." + "pythonhosted",
    "npmjs" + ".",
    "proxy.golang" + ".org",
    "extra-index" + "-url",
)
NOT_OURS = ("/wo" + "rk/", "/tmp" + "/x", "clau" + "de", "anthro" + "pic", "pyp" + "i/simple")


def files() -> list[Path]:
    """Every file of the repository that is text, as git sees it: tracked or new, not ignored."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if found.returncode:
        paths = [path for name in TOP_LEVEL for path in [ROOT / name, *(ROOT / name).rglob("*")]]
    else:
        paths = [ROOT / name for name in found.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file() and path.suffix not in {".gz", ".png", ".woff2", ".pyc"}]


def source_files() -> Iterator[Path]:
    for path in files():
        if path.suffix in MOST_LINES and "migrations" not in path.parts:
            yield path


def test_the_top_level_is_what_it_should_be() -> None:
    names = {path.relative_to(ROOT).parts[0] for path in files()}
    assert names == TOP_LEVEL


def test_no_file_is_too_long() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in source_files()
        if "tests" not in path.parts and (lines := len(path.read_text().splitlines())) > MOST_LINES[path.suffix]
    }
    assert long == {}


def test_no_registry_host_stands_anywhere() -> None:
    assert _mentions(REGISTRY_HOSTS) == []


def test_nothing_of_a_workplace_is_mentioned() -> None:
    assert _mentions(NOT_OURS) == []


def test_requirements_are_pinned_with_hashes_and_name_no_index() -> None:
    text = (ROOT / "requirements.txt").read_text()
    entries = re.split(r"\n(?=[a-z0-9])", text[text.index("\namqp") + 1 :])
    for entry in entries:
        assert re.match(r"[a-z0-9._\[\],-]+==\S+", entry), entry[:80]
        assert "--hash=sha256:" in entry, entry[:80]
    assert not re.search(r"^-", text, re.MULTILINE)
    assert "://" not in text


def test_every_direct_dependency_is_in_requirements_and_explained() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    names = set(re.findall(r'^    "([a-z0-9.-]+)', project[: project.index("[tool.")], re.MULTILINE))
    requirements = (ROOT / "requirements.txt").read_text()
    explained = (ROOT / "docs" / "adr" / "dependencies.md").read_text().lower()
    assert names
    assert [
        name for name in sorted(names) if not re.search(rf"^{name}(\[.*\])?==", requirements, re.MULTILINE)
    ] == []
    assert [name for name in sorted(names) if not _is_named(name, explained)] == []


def test_make_help_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None
    shown = subprocess.run(["make", "-C", str(ROOT)], capture_output=True, text=True, check=True).stdout
    for target in phony[1].split():
        assert re.search(rf"^  {target} +\S", shown, re.MULTILINE), target


def test_every_setting_is_documented_and_nothing_else_is() -> None:
    read = set(re.findall(r'env\.[a-z]+\(\s*"([A-Z_]+)"', (ROOT / "monitor/conf/settings.py").read_text()))
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs/settings.md").read_text(), re.MULTILINE))
    assert len(read) > 20
    assert read == documented


def test_nobody_else_reads_the_environment() -> None:
    """Settings come through conf/env.py; the supervisor alone passes an environment on."""
    found = [
        str(path.relative_to(ROOT))
        for path in source_files()
        if path.suffix == ".py"
        and path.parts[len(ROOT.parts)] in {"monitor", "ingestion"}
        and re.search(r"os\.(environ|getenv)", path.read_text())
    ]
    allowed = ("monitor/conf/", "monitor/management/servers/")
    assert [path for path in found if not path.startswith(allowed)] == []


def test_rules_page_is_in_step_with_the_catalogue() -> None:
    from monitor.detection.catalogue import CATALOGUE
    from monitor.management.rules_page import render

    assert (ROOT / "docs/rules.md").read_text() == render(CATALOGUE), "run `make docs`"


@pytest.mark.parametrize("name", ["demo", "up", "install", "test", "test-fast", "lint", "bench", "help"])
def test_the_targets_that_others_run_exist(name: str) -> None:
    assert re.search(rf"^{name}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_ci_runs_lint_tests_and_the_demo() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    text = script.read_text()
    for word in ("set -euo pipefail", "make lint", "make test", "demo ONCE=1"):
        assert word in text


def _mentions(words: tuple[str, ...]) -> list[str]:
    found = []
    for path in files():
        text = path.read_text(errors="replace").lower()
        found += [f"{path.relative_to(ROOT)}: {word}" for word in words if word in text]
    return found


def _is_named(package: str, text: str) -> bool:
    return package in text or package.replace("django-", "") in text
