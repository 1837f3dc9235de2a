"""Log calls: a constant message, ids in `extra`, and never what could quote a value."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
LOGGERS = {"logger", "logging", "log"}


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in LEVELS
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in LOGGERS
        ):
            yield node


def faults(call: ast.Call) -> list[str]:
    found = []
    assert isinstance(call.func, ast.Attribute)
    arguments = call.args[1:] if call.func.attr == "log" else call.args
    message = arguments[0] if arguments else None
    if not (isinstance(message, ast.Constant) and isinstance(message.value, str) and "%" not in message.value):
        found.append("the message is no constant")
    if len(arguments) > 1:
        found.append("the message has arguments")
    for keyword in call.keywords:
        if keyword.arg not in {"extra", "exc_info"}:
            found.append(f"{keyword.arg} is not for logs")
        if keyword.arg == "extra":
            found += _faults_of_extra(keyword.value)
    return found


def _faults_of_extra(extra: ast.expr) -> list[str]:
    if not isinstance(extra, ast.Dict):
        return ["extra is no literal, so nobody sees what it holds"]
    found = []
    if not all(isinstance(key, ast.Constant) for key in extra.keys):
        found.append("a name in extra is no constant")
    for node in ast.walk(extra):
        if isinstance(node, ast.JoinedStr):
            found.append("extra holds a made-up text")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"str", "repr"}:
            (of,) = node.args
            if not (isinstance(of, ast.Attribute) and of.attr == "uuid"):
                found.append("extra holds the text of something that is no id")
        if isinstance(node, ast.Attribute) and node.attr in {
            "context",
            "payload",
            "body",
            "value",
            "url",
            "secret",
        }:
            found.append(f"extra holds {node.attr}")
    return found


def sources() -> list[Path]:
    return [path for room in ("monitor", "ingestion") for path in sorted((ROOT / room).rglob("*.py"))]


def test_every_log_call_has_a_constant_message_and_ids_alone() -> None:
    seen, wrong = 0, []
    for path in sources():
        for call in calls(ast.parse(path.read_text())):
            seen += 1
            wrong += [f"{path.relative_to(ROOT)}:{call.lineno}: {fault}" for fault in faults(call)]
    assert seen > 15
    assert wrong == []


@pytest.mark.parametrize(
    "line",
    [
        'logger.info(f"run {run_id}")',
        'logger.info("run %s", run_id)',
        "logger.info(message)",
        'logger.info("x", extra=ids)',
        'logger.info("x", extra={"error": str(error)})',
        'logger.info("x", extra={"what": f"{context}"})',
        'logger.info("x", extra={"what": event.context})',
        'logger.log(10, "x" + y)',
    ],
)
def test_what_it_refuses(line: str) -> None:
    (call,) = calls(ast.parse(line))
    assert faults(call) != []


@pytest.mark.parametrize(
    "line", ['logger.error("x", extra={"run": pk, "project": str(project.uuid)})', 'logger.log(level, "x")']
)
def test_what_it_takes(line: str) -> None:
    (call,) = calls(ast.parse(line))
    assert faults(call) == []
