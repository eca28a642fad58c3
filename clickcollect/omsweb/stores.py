"""Stores in OMS WEB: address, time zone, opening hours. Packages, deadlines and messages go by them."""

from typing import Any, ClassVar, Final
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib.postgres.forms import SimpleArrayField
from django.core.validators import RegexValidator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clickcollect.errors import NotFound, ValidationFailed
from clickcollect.omnitron.models import ERP_CODE, RetailStore
from clickcollect.omnitron.opening_hours import DAYS, format_spans, read_week
from clickcollect.omnitron.phone import read_phone
from clickcollect.oms.stores import FIELDS, save_store
from clickcollect.omsweb.actor import actor_of
from clickcollect.omsweb.base_admin import RightsModelAdmin, Saved, posted
from clickcollect.omsweb.forms import OmsForm
from clickcollect.omsweb.listing import Filter, Listing, Rows

SHOWN: Final = ("erp_code", *(name for name in FIELDS if name != "store_hours"))


def zones() -> list[tuple[str, str]]:
    return [(name, name) for name in sorted(available_timezones()) if "/" in name or name == "UTC"]


class StoreForm(OmsForm):
    groups = (
        (gettext_lazy("Store"), ("erp_code", "name", "email", "phone_number", "click_and_collect", "is_active")),
        (gettext_lazy("Address"), ("address_line", "postcode", "city", "country", "currency")),
        (gettext_lazy("Time and language"), ("time_zone", "language_code", "closed_dates")),
        (gettext_lazy("Opening hours"), tuple(day for day, _name in DAYS)),
    )
    erp_code = forms.CharField(
        label=gettext_lazy("Store code"),
        max_length=64,
        validators=[RegexValidator(ERP_CODE)],
        help_text=gettext_lazy("How orders refer to the store. It can't be changed later."),
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    email = forms.EmailField(label=gettext_lazy("E-mail"), required=False)
    phone_number = forms.CharField(label=gettext_lazy("Phone"), max_length=40, required=False)
    address_line = forms.CharField(label=gettext_lazy("Street and number"), max_length=255, required=False)
    postcode = forms.CharField(label=gettext_lazy("Postcode"), max_length=16, required=False)
    city = forms.CharField(label=gettext_lazy("City"), max_length=120, required=False)
    country = forms.RegexField(
        r"^[A-Za-z]{2}$",
        label=gettext_lazy("Country"),
        help_text=gettext_lazy("Two letters, such as TR. Used to read national phone numbers."),
    )
    currency = forms.RegexField(
        r"^[A-Za-z]{3}$", label=gettext_lazy("Currency"), help_text=gettext_lazy("Three letters, such as TRY.")
    )
    language_code = forms.ChoiceField(label=gettext_lazy("Language"), choices=lambda: list(settings.LANGUAGES))
    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone"), choices=zones)
    closed_dates = SimpleArrayField(
        forms.DateField(),
        label=gettext_lazy("Closed on"),
        required=False,
        max_length=400,
        help_text=gettext_lazy("Dates such as 2027-01-01, separated by commas."),
    )
    click_and_collect = forms.BooleanField(label=gettext_lazy("Click & Collect"), required=False, initial=True)
    is_active = forms.BooleanField(
        label=gettext_lazy("Active"),
        required=False,
        initial=True,
        help_text=gettext_lazy("If off, the store gets no new orders. Existing packages are not affected."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for day, name in DAYS:
            self.fields[day] = forms.CharField(label=name, required=False, max_length=100)
        self.fields["mon"].help_text = _(
            "Such as 10:00-20:00, or 18:00-02:00 past midnight. If all seven are empty, the store is always open."
        )
        self.dress_fields()

    def clean_country(self) -> str:
        return str(self.cleaned_data["country"]).upper()

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).upper()

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        is_new = data.get("phone_number") != self.initial.get("phone_number")  # an old one may stay as it is
        if data.get("phone_number") and data.get("country") and is_new:
            try:
                data["phone_number"] = read_phone(data["phone_number"], country=data["country"], any_line=True)
            except ValidationFailed as error:
                self.add_domain_error(error)
        try:
            data["store_hours"] = read_week({day: data.get(day) or "" for day, _name in DAYS})
        except ValidationFailed as error:
            self.add_domain_error(error)
        return data


def store_search(rows: Rows, text: str) -> Rows:
    return rows.filter(Q(name__icontains=text) | Q(erp_code__istartswith=text) | Q(city__icontains=text))


def store_listing(request: HttpRequest) -> Listing:
    return Listing(
        request=request,
        rows=RetailStore.objects.annotate(people=Count("memberships")),
        filters=[
            Filter(
                name="active",
                label=_("Active"),
                choices=[("1", _("Yes")), ("0", _("No"))],
                apply=lambda rows, value: rows.filter(is_active=value == "1"),
            ),
        ],
        search=store_search,
        search_label=_("Name, code, city"),
        count_words=lambda count: ngettext("%(count)s store", "%(count)s stores", count),
        orders={"code": ("erp_code",)},
    )


class StoreAdmin(RightsModelAdmin):
    folder = "stores"
    read_right: ClassVar[str] = "stores:write"
    add_right: ClassVar[str] = "stores:write"
    change_right: ClassVar[str] = "stores:write"
    keeps_history = True

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("", wrap(self.changelist_view), name="omnitron_retailstore_changelist"),
            path("add/", wrap(self.store_view), name="omnitron_retailstore_add"),
            path("<int:object_id>/change/", wrap(self.store_view), name="omnitron_retailstore_change"),
            path("<int:object_id>/history/", wrap(self.history_view), name="omnitron_retailstore_history"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self.require_read(request)
        context = self.page(request, title=_("Stores"), listing=store_listing(request), may_add=True)
        return TemplateResponse(request, "omsweb/stores.html", context)

    def store_view(self, request: HttpRequest, object_id: int | None = None) -> HttpResponse:
        actor = actor_of(request)
        actor.require(self.read_right)
        store = store_by_id(object_id) if object_id else None
        form = StoreForm(posted(request), initial=initial_of_store(store))
        form.fields["erp_code"].disabled = store is not None

        def save() -> Saved:
            data = form.cleaned_data
            saved = save_store(store_id=object_id, erp_code=data["erp_code"], fields=data, actor=actor)
            return Saved(row=saved, said=_("%(name)s was saved.") % {"name": saved})

        return self.edit(request, form=form, title=str(store or _("New store")), save=save, row=store)


def store_by_id(object_id: int) -> RetailStore:
    try:
        return RetailStore.objects.get(pk=object_id)
    except (RetailStore.DoesNotExist, OverflowError):
        raise NotFound from None


def initial_of_store(store: RetailStore | None) -> dict[str, Any]:
    if store is None:
        return {"country": "TR", "currency": "TRY", "time_zone": "Europe/Istanbul", "language_code": "tr"}
    hours = {day: format_spans(store.store_hours.get(day, [])) for day, _name in DAYS}
    return {name: getattr(store, name) for name in SHOWN} | hours
