"""What a person wrote into the editor of a postmortem, checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django import forms
from django.http import QueryDict

from monitor.queries.postmortem_sections import SECTIONS, Section
from monitor.queries.postmortems import Document
from monitor.services.postmortems import ActionLine, Text

MOST_ACTIONS = 100
SECTION_CHARS = 50_000


class TextForm(forms.Form):
    """The title, a text for each section, and the revision that they were written on."""

    title = forms.CharField(max_length=300, error_messages={"required": "Give it a title."})
    revision = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    for _section in SECTIONS:
        locals()[_section.name] = forms.CharField(required=False, max_length=SECTION_CHARS)
    del _section

    def text(self) -> Text:
        """What is to be saved; only of a valid form."""
        return Text(**{name: value for name, value in self.cleaned_data.items() if name != "revision"})


class ActionForm(forms.Form):
    """One action; a row without words is none."""

    pk = forms.IntegerField(required=False, widget=forms.HiddenInput)
    text = forms.CharField(required=False, max_length=500)
    owner = forms.CharField(required=False, max_length=200)
    due = forms.DateField(required=False, error_messages={"invalid": "Write the date as 2026-11-24."})
    done = forms.BooleanField(required=False)

    def clean_text(self) -> str:
        """Words are needed as soon as anything else is filled in."""
        text: str = self.cleaned_data["text"]
        filled = any(self.data.get(self.add_prefix(name)) for name in ("owner", "due", "done"))
        if not text and filled:
            raise forms.ValidationError("Say what is to be done, or remove the row.")
        return text

    def line(self) -> ActionLine:
        """What is to be saved; only of a valid form."""
        return ActionLine(**self.cleaned_data)


@dataclass(frozen=True, slots=True)
class Field:
    """A section of the editor; `theirs` is what somebody else saved meanwhile, None where it is the same."""

    section: Section
    value: str
    errors: tuple[str, ...]
    theirs: str | None = None


@dataclass(slots=True)
class Editor:
    """The whole form: the text and its action rows, by the numbers that they carry on the page."""

    text: TextForm
    actions: dict[int, ActionForm]

    @classmethod
    def of(cls, found: Document) -> Editor:
        """The editor as it opens, with one empty row."""
        postmortem = found.postmortem
        values = {section.name: getattr(postmortem, section.name) for section in SECTIONS}
        text = TextForm(initial={"title": postmortem.title, "revision": postmortem.revision, **values})
        rows = [
            {
                "pk": each.pk,
                "text": each.text,
                "owner": each.owner,
                "due": each.due,
                "done": each.done_at is not None,
            }
            for each in found.actions
        ]
        forms_ = {index: ActionForm(initial=row, prefix=f"a{index}") for index, row in enumerate([*rows, {}])}
        return cls(text, forms_)

    @classmethod
    def posted(cls, data: QueryDict) -> Editor:
        """The editor as it was sent."""
        return cls(TextForm(data), {index: ActionForm(data, prefix=f"a{index}") for index in _rows(data)})

    def add_row(self) -> None:
        """One more empty row at the end."""
        if len(self.actions) < MOST_ACTIONS:
            index = max(self.actions, default=-1) + 1
            self.actions[index] = ActionForm(prefix=f"a{index}")

    def remove_row(self, index: str) -> None:
        """Takes the row with this number away, if there is one."""
        if index.isascii() and index.isdigit():
            self.actions.pop(int(index), None)

    def is_valid(self) -> bool:
        """Whether all of it can be saved; the forms say what cannot."""
        return all([self.text.is_valid(), *(form.is_valid() for form in self.actions.values())])

    def lines(self) -> list[ActionLine]:
        """The actions that have words."""
        return [form.line() for form in self.actions.values() if form.cleaned_data["text"]]

    def fields(self, present: Document | None = None) -> Iterator[Field]:
        """The sections to show; beside them what stands in `present` where it differs."""
        for section in SECTIONS:
            bound = self.text[section.name]
            value = bound.value() or ""
            theirs = getattr(present.postmortem, section.name) if present else value
            yield Field(
                section,
                value,
                tuple(str(error) for error in bound.errors),
                None if _same(theirs, value) else theirs,
            )


def _rows(data: QueryDict) -> Iterable[int]:
    numbers = [int(each) for each in data.getlist("row") if each.isascii() and each.isdigit() and len(each) < 6]
    return list(dict.fromkeys(numbers))[:MOST_ACTIONS]


def _same(stored: str, sent: str) -> bool:
    # A browser sends line ends as CR LF, and the form strips.
    return stored.replace("\r\n", "\n").strip() == sent.replace("\r\n", "\n").strip()
