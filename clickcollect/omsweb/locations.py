"""What operators have taught about the locations of each channel; a rule can be taken away."""

from typing import Any, ClassVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clickcollect.accounts.people import full_names
from clickcollect.errors import DomainError
from clickcollect.oms import search
from clickcollect.oms.orders import location_rules
from clickcollect.oms.repair_models import LocationRule
from clickcollect.omsweb.actor import actor_of
from clickcollect.omsweb.base_admin import RightsModelAdmin
from clickcollect.omsweb.listing import Listing, Rows


def location_search(rows: Rows, text: str) -> Rows:
    """By the beginning of the location's name, however it is written."""
    return rows.filter(folded__startswith=location_rules.folded_location(text) or search.fold(text))


class LocationRuleAdmin(RightsModelAdmin):
    """A rule is made by repairing an order."""

    folder = "locations"
    read_right: ClassVar[str] = "orders:read"
    change_right: ClassVar[str] = "orders:write"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("", wrap(self.changelist_view), name="oms_locationrule_changelist"),
            path("<int:object_id>/forget/", wrap(self.forget_view), name="location_forget"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self.require_read(request)
        rows = LocationRule.objects.select_related("store")
        listing = Listing(
            request=request,
            rows=rows,
            search=location_search,
            count_words=lambda count: ngettext("%(count)s location", "%(count)s locations", count),
        )
        names = full_names(rule.made_by for rule in listing.page_rows)
        context = self.page(
            request,
            title=_("Learned locations"),
            listing=listing,
            rules=[(rule, names.get(rule.made_by or 0, "")) for rule in listing.page_rows],
            may_write=self.has_change_permission(request),
        )
        return TemplateResponse(request, "omsweb/locations.html", context)

    def forget_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Take one away."""
        if request.method == "POST":
            try:
                location_rules.forget_rule(rule_id=object_id, actor=actor_of(request))
            except DomainError as error:
                messages.error(request, error.detail)
            else:
                messages.success(request, _("The rule was removed. Orders already placed by it are not affected."))
        return redirect("omsweb:oms_locationrule_changelist")
