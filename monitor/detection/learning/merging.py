"""Adds adopted lines to a map that people wrote: what they declared stays, with its comments where it can."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from monitor.detection.learning.as_yaml import as_yaml
from monitor.detection.learning.patterns import is_wider
from monitor.detection.learning.proposal import Line, put
from monitor.detection.map_source import MAX_CHARS, MapError, read_source
from monitor.detection.paths import PathError, compile_path, covers
from monitor.detection.values import same

_PATH_LISTS = frozenset({"execution_id", "session", "tenant", "private", "writes", "drops", "passes", "returns",
                         "requires", "error_paths"})  # fmt: skip


def merged(text: str | None, lines: Sequence[Line], *, workflow: str) -> str:
    """The map in `text` with the lines that it does not declare yet; a new one where there is none.

    `text` must be a map that `parse_map` takes. Where all lines are declared it comes back as it is. JSON stays
    JSON; of YAML the comments stay, unless only a plain rendering says the same.
    """
    if text is None:
        return as_yaml(workflow, lines)
    plain = read_source(text)[0].plain()
    missing = [line for line in lines if not is_declared(plain, line)]
    if not missing:
        return text
    for line in missing:
        put(plain, line)
    if _is_json(text):
        return json.dumps(plain, indent=2, ensure_ascii=False) + "\n"
    commented = _with_comments(text, missing)
    return commented if commented is not None and _says(commented, plain) else _plain_yaml(plain)


def is_declared(plain: Mapping[str, Any], line: Line) -> bool:
    """Whether a map in its plain form says already what the line says, or what goes further."""
    node: Any = plain
    for name in line.at:
        node = node.get(name) if isinstance(node, Mapping) else None
    if not isinstance(node, list):
        return False
    if line.value is None:
        return True
    if isinstance(line.value, Mapping):
        return any(_overlaps(one, line.value) for one in node)
    return any(_goes_as_far(one, line.value, line.at[-1]) for one in node)


def _overlaps(declared: Any, proposed: Mapping[str, Any]) -> bool:
    """Whether branches are declared already, if only some of them: what a person says of them stands."""
    return not set(declared.get("branches", ())).isdisjoint(proposed["branches"])


def _goes_as_far(declared: Any, proposed: str, list_name: str) -> bool:
    if list_name == "resources":
        return is_wider(declared, proposed)
    if declared == proposed or list_name not in _PATH_LISTS:
        return bool(declared == proposed)
    try:
        wide, narrow = compile_path(declared).prefix, compile_path(proposed).prefix
    except PathError:
        return False
    return wide is not None and narrow is not None and covers(wide, narrow)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _with_comments(text: str, lines: Sequence[Line]) -> str | None:
    """The text with the lines added and everything else as it was written; None where that fails."""
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = MAX_CHARS
    yaml.indent(mapping=2, sequence=4, offset=2)
    try:
        document = yaml.load(text)
        for line in lines:
            put(document, line, new_list=CommentedSeq)
            _explain(document, line)
        out = io.StringIO()
        yaml.dump(document, out)
    except (YAMLError, ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return None
    return out.getvalue()


def _explain(document: Any, line: Line) -> None:
    """Writes what the line rests on beside it, where its list has one element a line."""
    node = document
    for name in line.at:
        if isinstance(node, CommentedMap) and node.fa.flow_style():
            return
        node = node[name]
    if isinstance(node, CommentedSeq) and not node.fa.flow_style() and line.value is not None:
        if isinstance(line.value, Mapping):
            node[-1] = CommentedMap(node[-1])
            node[-1].fa.set_flow_style()
        node.yaml_add_eol_comment(line.basis, len(node) - 1, column=0)


def _says(text: str, plain: Any) -> bool:
    try:
        return same(read_source(text)[0].plain(), plain)
    except MapError:
        return False


def _plain_yaml(plain: Any) -> str:
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment] # it is typed by its default
    out = io.StringIO()
    yaml.dump(plain, out)
    return out.getvalue()
