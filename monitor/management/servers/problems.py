"""Why a start fails, in words for the person who started it."""


class CannotStart(Exception):
    """The machine is not as it must be; the text says what to do. Nothing was left running."""

    exit_code = 2


class GaveUp(Exception):
    """Something that was started does not stay up; the text says what and where its log is."""

    exit_code = 1


class Stopped(Exception):
    """A person or the system asked the program to end (SIGINT, SIGTERM, SIGHUP)."""

    exit_code = 0
