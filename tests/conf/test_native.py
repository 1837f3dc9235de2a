"""`manage.py compile_core` says what is missing, and a core of other sources is an error of the system check."""

from __future__ import annotations

import sysconfig
from io import StringIO
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command

from monitor.detection import compiled
from monitor.management import native
from monitor.management.commands import compile_core, prepare

IMAGE = Path(__file__).resolve().parent.parent.parent / ".docker" / "Dockerfile"


@pytest.fixture(autouse=True)
def _not_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compile_core, "state", lambda: "none")


def _without_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native.shutil, "which", lambda _: None)


def test_without_a_compiler_it_says_what_to_install_and_exits_with_2(monkeypatch: pytest.MonkeyPatch) -> None:
    _without_compiler(monkeypatch)
    with pytest.raises(CommandError, match="apt-get install gcc") as caught:
        call_command("compile_core", stdout=StringIO())
    assert caught.value.returncode == 2


def test_without_the_headers_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(native.shutil, "which", lambda name: name)
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    with pytest.raises(CommandError, match="apt-get install python3-dev") as caught:
        call_command("compile_core", stdout=StringIO())
    assert caught.value.returncode == 2


def test_where_it_need_not_be_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    _without_compiler(monkeypatch)
    said = StringIO()
    call_command("compile_core", if_possible=True, stdout=said)
    assert "runs from its sources" in said.getvalue()


def test_one_that_is_up_to_date_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compile_core, "state", lambda: "fresh")
    _without_compiler(monkeypatch)
    said = StringIO()
    call_command("compile_core", stdout=said)
    assert "up to date" in said.getvalue()


@pytest.mark.parametrize(("state", "found"), [("none", []), ("fresh", []), ("stale", ["crosstalk.E002"])])
def test_with_a_stale_one_nothing_is_served(monkeypatch: pytest.MonkeyPatch, state: str, found: list[str]) -> None:
    monkeypatch.setattr(compiled, "state", lambda: state)
    assert [one.id for one in run_checks(tags=prepare.Command.requires_system_checks)] == found


def test_removing_takes_all_of_it_and_leaves_the_sources(tmp_path: Path) -> None:
    for name in ("rules/one.cpython-311-x.so", "core__mypyc.cpython-311-x.so", "rules/one.py", compiled.STAMP):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    native.remove(tmp_path)
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["one.py"]


def test_the_image_is_compiled() -> None:
    assert "manage.py compile_core" in IMAGE.read_text()
