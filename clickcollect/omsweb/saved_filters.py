"""Filters that people keep under a name of their own, at most twenty for each list."""

from typing import Any, Final, cast
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.accounts.models import User
from clickcollect.errors import NotFound
from clickcollect.omsweb.forms import OmsForm, PlainText
from clickcollect.omsweb.listing import clean_text
from clickcollect.omsweb.models import SavedFilter

MOST: Final = 20
LONGEST_NAME: Final = 60
LONGEST_QUERY: Final = 500
LISTS: Final = {
    "packages": "oms_package_changelist",
    "orders": "omnitron_order_changelist",
    "log": "oms_commandlog_changelist",
    "deliveries": "whisperer_delivery_changelist",
}


class SavedFilterForm(OmsForm):
    """A name for the list as it is filtered now."""

    page = forms.ChoiceField(choices=[(page, page) for page in LISTS], widget=forms.HiddenInput)
    query = PlainText(required=False, widget=forms.HiddenInput)
    name = PlainText(label=gettext_lazy("Name of the filter"), max_length=LONGEST_NAME)

    def clean_query(self) -> str:
        return tidy_query(self.cleaned_data["query"])


def saved_for(request: HttpRequest, page: str) -> dict[str, Any]:
    """What a list shows: this person's filters, and the form that saves the one in force."""
    rows = SavedFilter.objects.filter(user=cast("User", request.user), page=page)[:MOST]
    query = tidy_query(request.GET.urlencode())
    form = SavedFilterForm(initial={"page": page, "query": query}, auto_id="id_filter_%s")
    return {"saved": list(rows), "saved_query": query, "save_form": form}


def tidy_query(query: str) -> str:
    """The parameters of a list without its page, and nothing else that an address might carry."""
    given = QueryDict(query[: 4 * LONGEST_QUERY])
    kept = [
        (clean_text(name), clean_text(value))
        for name, value in given.items()
        if name != "page" and isinstance(value, str)
    ]
    return urlencode([(name, value) for name, value in kept if name and value])[:LONGEST_QUERY]


def save_filter(request: HttpRequest) -> HttpResponse:
    """Keep a filter; the same name again replaces it."""
    form = SavedFilterForm(request.POST)
    is_valid = form.is_valid()
    page = form.cleaned_data.get("page")
    if page is None:
        raise NotFound
    query = form.cleaned_data.get("query", "")
    user = cast("User", request.user)
    mine = SavedFilter.objects.filter(user=user, page=page)
    if not is_valid or not query:
        messages.error(request, _("Choose filters first, then enter a name."))
    elif mine.exclude(name=form.cleaned_data["name"]).count() >= MOST:
        messages.error(request, _("You have twenty saved filters here. Remove one first."))
    else:
        name = form.cleaned_data["name"]
        SavedFilter.objects.update_or_create(user=user, page=page, name=name, defaults={"query": query})
        messages.success(request, _("The filter “%(name)s” was saved.") % {"name": name})
    return redirect(f"{reverse(f'omsweb:{LISTS[page]}')}?{query}")


def remove_filter(request: HttpRequest, object_id: int) -> HttpResponse:
    """Forget a filter of one's own."""
    found = SavedFilter.objects.filter(pk=object_id, user=cast("User", request.user)).first()
    if found is None:
        raise NotFound
    if request.method == "POST":
        found.delete()
        messages.success(request, _("The filter “%(name)s” was removed.") % {"name": found.name})
    return redirect(f"omsweb:{LISTS.get(found.page, 'index')}")
