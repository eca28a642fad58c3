"""Times as people at a counter say them, in the store's zone: 10:15, Fri 20:00, Fri 13 Nov."""

from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from clickcollect.oms.day_words import day_words

A_WEEK: Final = timedelta(days=6)


def hour(moment: datetime) -> str:
    """10:15."""
    return clock(timezone.localtime(moment))


def clock(local: datetime) -> str:
    return f"{local.hour:02d}:{local.minute:02d}"


def day(moment: datetime) -> str:
    """Fri 13 Nov."""
    return day_words(timezone.localtime(moment).date(), "D j M")


def short(moment: datetime, *, now: datetime) -> str:
    """10:15 today, Fri 20:00 within a week, else Fri 13 Nov."""
    local, today = timezone.localtime(moment), timezone.localdate(now)
    if local.date() == today:
        return clock(local)
    if abs(local.date() - today) <= A_WEEK:
        return f"{day_words(local.date(), 'D')} {clock(local)}"
    return day_words(local.date(), "D j M")


def full(moment: datetime) -> str:
    """Thu 19 Nov 09:12."""
    local = timezone.localtime(moment)
    return f"{day_words(local.date(), 'D j M')} {clock(local)}"


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
    local, today = timezone.localtime(moment), timezone.localdate(now)
    if local.date() == today:
        return clock(local)
    near = abs(local.date() - today) <= A_WEEK
    return f"{day_words(local.date(), 'l' if near else 'l j F')} {clock(local)}"


def right_now() -> str:
    """The store's time, for "Live, 10:42"."""
    return hour(timezone.now())
