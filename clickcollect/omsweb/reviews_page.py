"""Handovers to review: what went without a code, what was locked, and how often each store and person does without."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clickcollect.errors import NotFound
from clickcollect.oms import reviews
from clickcollect.oms.reviews import LONGEST_LIST, Review
from clickcollect.omsweb.actor import actor_of
from clickcollect.omsweb.forms import TickedRows, TickForm
from clickcollect.omsweb.site import site


class ReviewForm(TickForm):
    """What was ticked, or the one row whose own button was pressed."""

    most: ClassVar[int] = LONGEST_LIST
    only = TickedRows(most=1, widget=forms.MultipleHiddenInput())

    def log_ids(self) -> list[int]:
        """The rows that are meant; none where nothing is."""
        return (self.cleaned_data["only"] or self.cleaned_data["id"]) if self.is_valid() else []


def review_label(review: Review) -> str:
    """What a box is called: by its package."""
    return _("Select %(number)s") % {"number": review.package.number if review.package else "–"}


def reviews_page(request: HttpRequest) -> HttpResponse:
    """What nobody has looked at yet; a POST says that somebody has. Raises Forbidden."""
    actor = actor_of(request)
    actor.require("logs:read")
    if request.method == "POST":
        return mark_chosen(request)
    found = reviews.open_reviews(actor)
    form = ReviewForm(rows=[(review.log_id, review_label(review)) for review in found])
    context: dict[str, Any] = {
        "title": _("Handovers to review"),
        "lines": [review_line(review) | {"box": box} for review, box in zip(found, form.boxes, strict=True)],
        "is_cut": len(found) == LONGEST_LIST,
        "may_write": actor.may("reviews:write"),
        "shares": [
            {"title": _("By store"), "column": _("Store"), "rows": reviews.share_by_store(actor)},
            {"title": _("By employee"), "column": _("Employee"), "rows": reviews.share_by_employee(actor)},
        ],
    }
    return TemplateResponse(request, "omsweb/reviews.html", {**site.each_context(request), **context})


def mark_chosen(request: HttpRequest) -> HttpResponse:
    """One by its own button, or all that are ticked. Raises Forbidden."""
    actor = actor_of(request)
    actor.require("reviews:write")
    log_ids = ReviewForm(request.POST).log_ids()
    if not log_ids:
        messages.warning(request, _("Nothing was selected."))
        return redirect("omsweb:reviews")
    try:
        count = reviews.mark_reviewed(log_ids=log_ids, actor=actor)
    except NotFound:
        messages.warning(request, _("Someone else has reviewed it in the meantime. There is nothing left to do."))
    else:
        words = ngettext("%(count)d handover was reviewed.", "%(count)d handovers were reviewed.", count)
        messages.success(request, words % {"count": count})
    return redirect("omsweb:reviews")


def kind(review: Review) -> dict[str, str]:
    """What happened: its words, icon and colour."""
    if review.is_override:
        return {"words": _("Without a code"), "icon": "key", "level": "warn"}
    if review.is_phone_change:
        return {"words": _("Phone changed"), "icon": "smartphone", "level": "warn"}
    if review.is_token:
        return {"words": _("Token may override"), "icon": "vpn_key", "level": "warn"}
    return {"words": _("Locked after wrong codes"), "icon": "lock", "level": "bad"}


def review_line(review: Review) -> dict[str, Any]:
    """One handover in words."""
    package = review.package
    return {
        "review": review,
        "kind": kind(review),
        "package": package,
        "place": package.stock_location.name if package else "",
        "evidence": review.evidence,
    }
