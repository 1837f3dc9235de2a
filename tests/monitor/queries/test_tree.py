"""A context as a tree: bounded, and what is marked always shows."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.detection.identity import Identity
from monitor.queries.tree import CHARS, MEMBERS, Mark, Node, left_out, tree

FOREIGN = Mark("foreign", "foreign")
OWN = Identity(session="s-1")


def flat(nodes: Iterable[Node]) -> list[Node]:
    return [each for node in nodes for each in (node, *flat(node.children))]


def test_members_stand_in_their_order_with_sizes() -> None:
    nodes = tree({"b": [1, 2], "a": {"x": None}, "e": {}}, marks={}, own=OWN)
    assert [(node.key, node.text, node.more) for node in nodes] == [
        ("b", "", "[2]"),
        ("a", "", "{1}"),
        ("e", "{}", ""),
    ]
    assert [node.text for node in nodes[0].children] == ["1", "2"]
    assert not nodes[0].unfolded


def test_marked_places_are_unfolded_and_shown_beyond_every_bound() -> None:
    context = {f"k{n}": n for n in range(500)} | {"z": {"list": [{"s": n} for n in range(500)]}}
    nodes = tree(context, marks={"$.z.list[499].s": FOREIGN}, own=OWN, rows=50)
    marked = [node for node in flat(nodes) if node.mark]
    assert [(node.path, node.mark) for node in marked] == [("$.z.list[499].s", FOREIGN)]
    assert nodes[-1].unfolded
    assert len(flat(nodes)) <= 50 + MEMBERS
    assert left_out(context, nodes) == 501 - len(nodes)


def test_names_with_dots_and_quotes_are_found() -> None:
    nodes = tree({"a.b": {"it's": 1}}, marks={"$['a.b']['it\\'s']": FOREIGN}, own=OWN)
    assert [node.mark for node in flat(nodes)] == [None, FOREIGN]


def test_what_is_lost_stands_where_it_was() -> None:
    nodes = tree({"cart": {"id": 1}}, marks={"$.cart.session_id": Mark("removed", "lost")}, own=OWN)
    assert [(node.key, node.text) for node in nodes[0].children] == [("id", "1"), ("session_id", "missing")]


def test_its_own_identity_is_said() -> None:
    nodes = tree({"session_id": "s-1", "sessionId": "s-2"}, marks={}, own=OWN)
    assert [node.mark and node.mark.word for node in nodes] == ["own", None]


def test_long_values_are_cut_and_kept_whole_for_the_title() -> None:
    (node,) = tree({"a": "x" * 1000}, marks={}, own=OWN)
    assert len(node.text) == CHARS + 1
    assert node.whole.startswith('"xxx')


def test_a_deep_context_is_not_drawn_to_its_end() -> None:
    deep: object = "end"
    for _ in range(60):
        deep = {"a": deep}
    assert len(flat(tree({"a": deep}, marks={}, own=OWN))) < 20
