"""Times as people at a counter say them, in the store's zone: 10:15, Fri 20:00, Fri 13 Nov."""

from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

A_WEEK: Final = timedelta(days=6)


def hour(moment: datetime) -> str:
    """10:15."""
    return date_format(timezone.localtime(moment), "H:i")


def day(moment: datetime) -> str:
    """Fri 13 Nov."""
    return date_format(timezone.localtime(moment), "D j M")


def short(moment: datetime, *, now: datetime) -> str:
    """10:15 today, Fri 20:00 within a week, else Fri 13 Nov."""
    local, today = timezone.localtime(moment), timezone.localdate(now)
    if local.date() == today:
        return hour(moment)
    if abs(local.date() - today) <= A_WEEK:
        return date_format(local, "D H:i")
    return day(moment)


def full(moment: datetime) -> str:
    """Thu 19 Nov 09:12."""
    return date_format(timezone.localtime(moment), "D j M H:i")


def since(moment: datetime, *, now: datetime) -> str:
    return pgettext("time", "since %(time)s") % {"time": short(moment, now=now)}


def by(moment: datetime) -> str:
    return pgettext("time", "by %(time)s") % {"time": hour(moment)}


def ahead(moment: datetime, *, now: datetime) -> str:
    """Tomorrow 20:00, Thu 20:00, Fri 27 Nov."""
    if timezone.localdate(moment) == timezone.localdate(now) + timedelta(days=1):
        return _("tomorrow %(time)s") % {"time": hour(moment)}
    return short(moment, now=now)


def weekday(moment: datetime, *, now: datetime) -> str:
    """Friday 20:00, for a sentence."""
    local = timezone.localtime(moment)
    if local.date() == timezone.localdate(now):
        return hour(moment)
    near = abs(local.date() - timezone.localdate(now)) <= A_WEEK
    return date_format(local, "l H:i" if near else "l j F H:i")


def right_now() -> str:
    """The store's time, for "Live, 10:42"."""
    return hour(timezone.now())
