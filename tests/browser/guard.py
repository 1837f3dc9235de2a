"""Watches everything a browser complains about: a journey with a complaint has failed."""

from __future__ import annotations

from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Response, WebError


@dataclass
class Guard:
    """Console errors (a violated security policy is one), uncaught exceptions, dialogs and server errors."""

    complaints: list[str] = field(default_factory=list)
    expected: set[str] = field(default_factory=set)
    """Addresses that are meant to answer with an error, which the console tells of as well."""

    def watch(self, context: BrowserContext) -> None:
        context.on("console", self._console)
        context.on("weberror", self._exception)
        context.on("response", self._response)
        context.on("dialog", self._dialog)

    def _console(self, message: ConsoleMessage) -> None:
        where = message.location.get("url", "")
        if message.type == "error" and where not in self.expected:
            self.complaints.append(f"console: {message.text} ({where})")

    def _exception(self, error: WebError) -> None:
        self.complaints.append(f"exception: {error.error}")

    def _response(self, response: Response) -> None:
        if response.status >= 500:
            self.complaints.append(f"{response.status} from {response.url}")

    def _dialog(self, dialog: Dialog) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()
