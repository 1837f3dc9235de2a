"""What people type in, checked."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.http import HttpRequest

from monitor.services import guesses


class SignInForm(forms.Form):
    """A name or an e-mail address, and a password. `user` is set where both are right."""

    name = forms.CharField(label="E-mail or user name", max_length=254)
    password = forms.CharField(label="Password", widget=forms.PasswordInput, max_length=4096, strip=False)
    user: User | None = None
    throttled = False

    def check(self, request: HttpRequest, *, now: datetime) -> bool:
        """Whether this person may come in; wrong guesses are counted and soon refused unread."""
        if not self.is_valid():
            return False
        name, address = self.cleaned_data["name"], request.META.get("REMOTE_ADDR", "")
        if not guesses.allowed(name=name, address=address, now=now):
            self.throttled = True
            self.add_error(None, "Too many wrong passwords. Wait a quarter of an hour, then try again.")
            return False
        found = authenticate(request, username=_user_name(name), password=self.cleaned_data["password"])
        if found is None:
            guesses.record(name=name, address=address, now=now)
            self.add_error(None, "This name and password do not belong together. Check both, then try again.")
            return False
        self.user = found
        return True


class NoteForm(forms.Form):
    """Words that go into an incident's log."""

    note = forms.CharField(max_length=10_000, required=False, strip=True)


def _user_name(typed: str) -> str:
    """The user name of the one person with this e-mail address; anything else is a name already."""
    if "@" not in typed:
        return typed
    found = list(User.objects.filter(email__iexact=typed, is_active=True).values_list("username", flat=True)[:2])
    return found[0] if len(found) == 1 else typed
