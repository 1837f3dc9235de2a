"""What the pages of figures and documents need beside `show`: links to incidents, and Markdown."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import nh3
from django import template
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

register = template.Library()

_TAGS = {
    *("p", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code", "em", "strong", "s", "hr", "br"),
    *("a", "table", "thead", "tbody", "tr", "th", "td"),
}
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("image")
_INLINE = MarkdownIt("commonmark", {"html": False}).disable("image")


@register.filter
def markdown(text: str) -> SafeString:
    """A person's Markdown as HTML: no HTML of their own, no image, no script, links to the web and to this site.

    Headings begin at the third level, below those of the document.
    """
    tokens = _MARKDOWN.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + 2, 6)}"
    return _clean(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}), _TAGS)


@register.filter
def markdown_line(text: str) -> SafeString:
    """The same for one line inside another element."""
    return _clean(_INLINE.renderInline(text), {"em", "strong", "code", "a"})


@register.simple_tag
def incidents_by(by: str, value: str) -> str:
    """The list of incidents of one workflow, class, rule or severity."""
    query = f'{by}:"{value}"'
    return f"{reverse('incidents')}?{urlencode({'q': query})}"


@register.filter
def of_key(group: Any, by: str) -> str:
    """What a group of figures is of: its key's value."""
    return str(group.key[by])


@register.filter
def share_of(part: int, whole: int) -> int:
    """A part in hundredths of the whole, for the width of a bar."""
    return round(100 * part / whole) if whole else 0


def _clean(html: str, tags: set[str]) -> SafeString:
    cleaned = nh3.clean(
        html,
        tags=tags,
        attributes={"a": {"href", "title"}, "th": {"align"}, "td": {"align"}},
        set_tag_attribute_values={"pre": {"tabindex": "0"}},  # it scrolls sideways: keys must reach it
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(cleaned)  # noqa: S308 made by nh3 out of the tags above
