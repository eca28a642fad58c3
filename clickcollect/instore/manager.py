"""The manager's page: what wants a look, how long things take, as charts with the numbers behind them and as CSV."""

import csv
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from clickcollect.errors import NotFound
from clickcollect.instore import lists, time_format
from clickcollect.instore.badges import Badge
from clickcollect.instore.charts import Chart, Value, chart
from clickcollect.instore.forms import ReviewForm
from clickcollect.instore.store_session import StoreSession, store_staff_required
from clickcollect.instore.store_statistics import LONGEST_DWELL, PERIODS, Day, StoreStatistics, compute_statistics
from clickcollect.oms import reviews, states
from clickcollect.oms.codes import attempts
from clickcollect.oms.lists import NOT_COLLECTED
from clickcollect.oms.reviews import Review
from clickcollect.oms.spreadsheets import safe

MOST_SHOWN: Final = 50
COUNTED: Final = ("packed", "ready", "delivered", "overridden", "locked", "wrong", "resent")


@require_safe
@store_staff_required
def show_manager_page(request: HttpRequest, session: StoreSession) -> HttpResponse:
    """The page, for 1, 7 or 14 days. Raises Forbidden for an associate."""
    session.actor.require("logs:read")
    days = days_asked_for(request)
    found = compute_statistics(session, days=days)
    open_reviews = reviews.open_reviews(session.actor)
    counts = lists.count_tabs(session)
    late = lists.page_of_tab(session, NOT_COLLECTED).rows
    context: dict[str, Any] = {
        "store_session": session,
        "active_page": "manager",
        "days": days,
        "periods": PERIODS,
        "figures": found,
        "state_columns": [_(states.LIST_NAMES[number]) for number in (states.PACKED, states.READY, states.DELIVERED)],
        "to_ready": in_minutes(found.median_to_ready),
        "dwell": in_days(found.median_dwell),
        "overrides": sum(review.is_override for review in open_reviews),
        "lock_outs": sum(review.is_lock_out for review in open_reviews),
        "not_collected": counts.words(NOT_COLLECTED),
        "late": late[:MOST_SHOWN],
        "wrong_codes": wrong_codes_today(session),
        "reviewed": [review_row(review) for review in reviews.reviewed_lately(session.actor)[:MOST_SHOWN]],
        "reviews": [review_row(review) for review in open_reviews[:MOST_SHOWN]],
        "charts": charts_of(session, found),
        "rows": [row_of(day) for day in reversed(found.days)],
        "since": date_format(found.days[0].day, "j F"),
        "until": date_format(found.days[-1].day, "j F"),
        "live_at": "",
    }
    return render(request, "instore/manager.html", context)


@require_safe
@store_staff_required
def export_figures(request: HttpRequest, session: StoreSession) -> HttpResponse:
    """The numbers behind the charts, a line a day."""
    session.actor.require("logs:read")
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = str(content_disposition_header(True, f"{session.store.erp_code}.csv"))
    writer = csv.writer(response)
    writer.writerow(["day", *COUNTED, "median_minutes_to_ready", "median_hours_on_shelf"])
    for day in compute_statistics(session, days=days_asked_for(request)).days:
        times = [round(time, 1) if time is not None else "" for time in (day.median_to_ready, day.median_dwell)]
        cells = [day.day.isoformat(), *(day.counts[name] for name in COUNTED), *times]
        writer.writerow([safe(cell) for cell in cells])
    return response


@require_POST
@store_staff_required
def mark_reviewed(request: HttpRequest, session: StoreSession) -> HttpResponse:
    """Someone with authority has looked at it, or takes that back. Raises Forbidden, NotFound."""
    form = ReviewForm(request.POST)
    if not form.is_valid():
        raise NotFound
    mark = reviews.mark_not_reviewed if form.cleaned_data["undo"] else reviews.mark_reviewed
    mark(log_ids=[form.cleaned_data["log"]], actor=session.actor)
    return HttpResponseRedirect(f"{reverse('instore:manager')}?days={days_asked_for(request)}#review")


def days_asked_for(request: HttpRequest) -> int:
    asked = request.GET.get("days", "")
    return int(asked) if asked in map(str, PERIODS) else PERIODS[-1]


def review_row(review: Review) -> dict[str, Any]:
    """A line of what wants a review: what it is, why, and when."""
    if review.is_override:
        badge = Badge(kind="today", icon="key", words=_("Override"))
    elif review.is_phone_change:
        badge = Badge(kind="today", icon="phone", words=_("Phone changed"))
    else:
        badge = Badge(kind="overdue", icon="lock", words=_("Locked out"))
    return {
        "review": review,
        "badge": badge,
        "sentence": _("Too many wrong codes.") if review.is_lock_out else "",
        "reason": "" if review.is_lock_out else review.reason,
        "when": time_format.full(review.at),
    }


def wrong_codes_today(session: StoreSession) -> list[dict[str, Any]]:
    """Whose wrong codes were counted within the last day, against which limits, and when they can go on."""
    found = attempts.tried_by_staff(actor=session.actor, store_id=session.store.pk, limits=session.values)
    most = {
        "an_hour": session.values["OTP_ATTEMPTS_PER_EMPLOYEE_HOUR"],
        "a_day": session.values["OTP_ATTEMPTS_PER_EMPLOYEE_DAY"],
    }
    now = timezone.now()
    return [
        most | {"who": line, "free": time_format.short(line.free_at, now=now) if line.free_at else ""} for line in found
    ]


def in_minutes(minutes: float | None) -> list[tuple[str, str]]:
    """1 h 41 min, as numbers and units; nothing where nothing was measured."""
    if minutes is None:
        return []
    hours, rest = divmod(round(minutes), 60)
    return ([(str(hours), _("h"))] if hours else []) + [(str(rest), _("min"))]


def in_days(hours: float | None) -> list[tuple[str, str]]:
    """1.9 days; within the first day 1 h 41 min."""
    if hours is None or hours < 24:
        return in_minutes(None if hours is None else hours * 60)
    return [(number_format(hours / 24, 1), _("days"))]


def row_of(day: Day) -> dict[str, Any]:
    """A line of the table of numbers."""
    return {
        "day": date_format(day.day, "D j M"),
        "counts": [day.counts[name] for name in COUNTED],
        "to_ready": number_format(day.median_to_ready / 60, 1) if day.median_to_ready is not None else "–",
        "dwell": number_format(day.median_dwell, 1) if day.median_dwell is not None else "–",
    }


def charts_of(session: StoreSession, found: StoreStatistics) -> list[dict[str, Any]]:
    """The charts of the page, each with a sentence that says the same."""
    target = float(session.values["PACK_WITHIN_HOURS"])
    collected = sum(found.collected_after.values())
    return [
        {
            "title": _("Time to ready"),
            "sub": _("Median per day, hours"),
            "chart": to_ready_chart(found, target),
            "target": _("Target %(hours)d h") % {"hours": target},
        },
        {
            "title": _("Days until collected"),
            "sub": ngettext("%(count)d package", "%(count)d packages", collected) % {"count": collected},
            "chart": collected_chart(found),
        },
        {"title": _("Handovers by hour"), "sub": _("All days combined"), "chart": hours_chart(found)},
        {"title": _("Wrong codes and resends"), "sub": _("Per day"), "chart": wrong_codes_chart(found)},
    ]


def to_ready_chart(found: StoreStatistics, target: float) -> Chart:
    highest = max((day.median_to_ready or 0 for day in found.days), default=0)
    values = [
        Value(
            number=(day.median_to_ready or 0) / 60,
            label=str(day.day.day),
            words=number_format(day.median_to_ready / 60, 1)
            if day.median_to_ready and day.median_to_ready == highest
            else "",
            kind="bar-bad" if (day.median_to_ready or 0) / 60 > target else "bar",
        )
        for day in found.days
    ]
    return chart(values, target=target if highest / 60 > target / 3 else None)


def collected_chart(found: StoreStatistics) -> Chart:
    return chart(
        [
            Value(
                number=found.collected_after[days],
                label=f"{days}+" if days == LONGEST_DWELL else str(days),
                words=str(found.collected_after[days] or ""),
                kind="bar-bad" if days == LONGEST_DWELL else "bar",
            )
            for days in range(LONGEST_DWELL + 1)
        ]
    )


def hours_chart(found: StoreStatistics) -> Chart:
    busy = [hour for hour, number in found.hours.items() if number]
    first, last = min(busy, default=9), max(busy, default=20)
    hours = range(min(first, 9), max(last, 20) + 1)
    return chart(
        [Value(number=found.hours[hour], label=str(hour), words=str(found.hours[hour] or "")) for hour in hours]
    )


def wrong_codes_chart(found: StoreStatistics) -> Chart:
    values = []
    for day in found.days:
        number = day.counts["wrong"] + day.counts["resent"]
        kind = "bar-bad" if day.counts["locked"] else "bar"
        values.append(Value(number=number, label=str(day.day.day), words=str(number or ""), kind=kind))
    return chart(values)
