"""How urgent a package is: overdue, due today, soon or fine, by the day of its store (contract section 6, *Due*)."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext_lazy as _


class Urgency(models.TextChoices):
    """The four levels, the most urgent first."""

    OVERDUE = "overdue", _("Overdue")
    TODAY = "today", _("Due today")
    SOON = "soon", _("Due soon")
    FINE = "fine", _("On time")


def urgency_of(due_at: datetime, *, now: datetime, soon_hours: int, zone: ZoneInfo) -> Urgency:
    """The urgency of a due time.

    Arguments: ``now``, by the database's clock; ``soon_hours``, the setting URGENCY_SOON_HOURS; ``zone``, the store's:
    *today* is today there.
    """
    if due_at <= now:
        return Urgency.OVERDUE
    if due_at.astimezone(zone).date() == now.astimezone(zone).date():
        return Urgency.TODAY
    return Urgency.SOON if due_at <= now + timedelta(hours=soon_hours) else Urgency.FINE
