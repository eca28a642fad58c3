"""Numbers with their units, in the reader's language."""

from collections.abc import Callable

from django.utils.translation import ngettext

Unit = Callable[[int], str]


def digits(count: int) -> str:
    return ngettext("%(count)d digit", "%(count)d digits", count) % {"count": count}


def wrong_codes(count: int) -> str:
    return ngettext("%(count)d wrong code", "%(count)d wrong codes", count) % {"count": count}


def new_codes(count: int) -> str:
    return ngettext("%(count)d new code", "%(count)d new codes", count) % {"count": count}


def sends(count: int) -> str:
    return ngettext("%(count)d time", "%(count)d times", count) % {"count": count}


def seconds(count: int) -> str:
    return ngettext("%(count)d second", "%(count)d seconds", count) % {"count": count}


def minutes(count: int) -> str:
    return ngettext("%(count)d minute", "%(count)d minutes", count) % {"count": count}


def hours(count: int) -> str:
    return ngettext("%(count)d hour", "%(count)d hours", count) % {"count": count}


def opening_hours(count: int) -> str:
    return ngettext("%(count)d opening hour", "%(count)d opening hours", count) % {"count": count}


def days(count: int) -> str:
    return ngettext("%(count)d day", "%(count)d days", count) % {"count": count}


def opening_days(count: int) -> str:
    return ngettext("%(count)d opening day", "%(count)d opening days", count) % {"count": count}
