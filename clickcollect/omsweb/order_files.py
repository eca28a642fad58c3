"""Order files in OMS WEB: handed over, looked at, imported by the worker, with the list of what was not taken."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.errors import DomainError, NotFound
from clickcollect.oms.orders import uploads
from clickcollect.oms.orders.file_import import Waiting
from clickcollect.oms.repair_models import OrderToRepair
from clickcollect.oms.upload_models import OrderUpload, UploadState
from clickcollect.omsweb.actor import actor_of
from clickcollect.omsweb.base_admin import RightsModelAdmin, Saved, posted
from clickcollect.omsweb.forms import OmsForm, PlainText

LATEST: Final = 20
PER_PAGE: Final = 100
COLUMN: Final = "column-"
# What a column can be read as, by the own name of `csv_columns`.
LABELS: Final[dict[str, str | Promise]] = {
    "order_number": gettext_lazy("Order number"),
    "channel": gettext_lazy("Channel"),
    "date_placed": gettext_lazy("Placed"),
    "language": gettext_lazy("Language"),
    "currency": gettext_lazy("Currency"),
    "amount": gettext_lazy("Amount"),
    "delivery_type": gettext_lazy("Delivery Type"),
    "store": gettext_lazy("Store"),
    "first_name": gettext_lazy("First name"),
    "last_name": gettext_lazy("Last name"),
    "email": gettext_lazy("E-mail"),
    "phone": gettext_lazy("Phone number"),
    "phone_country": gettext_lazy("Country of the phone number"),
    "address_line": gettext_lazy("Street and number"),
    "postcode": gettext_lazy("Postcode"),
    "city": gettext_lazy("City"),
    "country": gettext_lazy("Country"),
    "sku": gettext_lazy("SKU"),
    "item": gettext_lazy("Name of the item"),
    "quantity": gettext_lazy("Quantity"),
    "price": gettext_lazy("Price"),
    "image_url": gettext_lazy("Picture"),
    "item_store": gettext_lazy("Store of the item"),
    "parcel": gettext_lazy("Parcel"),
}


class FileForm(OmsForm):
    """One file from this computer."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        allow_empty_file=True,
        max_length=500,
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.jsonl,.ndjson,.json"}),
        help_text=gettext_lazy("CSV, a Shopify order export, or JSON Lines; up to 20 MiB."),
    )


class ColumnsForm(OmsForm):
    """What each column of a file is read as, and whose orders they are where no column says so."""

    def __init__(self, data: Any = None, *, found: uploads.Preview) -> None:
        super().__init__(data)
        choices = [("", _("Not read")), *LABELS.items()]
        for column in () if found.is_export else found.columns:
            label = column.name or _("Without a name")
            self.fields[COLUMN + column.key] = forms.ChoiceField(
                choices=choices, required=False, initial=column.chosen, label=label
            )
        if not found.has_channel:
            self.fields["channel"] = PlainText(
                label=_("Channel"),
                max_length=64,
                required=False,
                initial=found.channel,
                help_text=_("Where these orders come from, such as the shop's name."),
            )
        self.dress_fields()

    def columns(self) -> dict[str, str]:
        """By a column's key, what it is read as."""
        cleaned = self.cleaned_data.items()
        return {name.removeprefix(COLUMN): value for name, value in cleaned if name.startswith(COLUMN)}

    def channel(self) -> str:
        return str(self.cleaned_data.get("channel", ""))


@dataclass(frozen=True, kw_only=True)
class NotTaken:
    """One line of the file that was not taken, in words. ``repair_id``: where its order waits."""

    line: int
    number: str
    words: list[str]
    repair_id: int | None


class OrderFileAdmin(RightsModelAdmin):
    """Files of orders, of the last days."""

    folder = "order-files"
    read_right: ClassVar[str] = "orders:write"
    add_right: ClassVar[str] = "orders:write"
    form_template: ClassVar[str] = "omsweb/order_files.html"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("", wrap(self.changelist_view), name="oms_orderupload_changelist"),
            path("<int:object_id>/", wrap(self.file_view), name="oms_orderupload_change"),
            path("<int:object_id>/live/", wrap(self.live_view), name="order_file_live"),
            path("<int:object_id>/discard/", wrap(self.discard_view), name="order_file_discard"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Hand over a file; the latest ones below."""
        self.require_read(request)
        form = FileForm(posted(request), request.FILES or None)

        def save() -> Saved:
            file = form.cleaned_data["file"]
            upload = uploads.keep_file(name=file.name, content=file.read(), actor=actor_of(request))
            return Saved(answer=redirect("omsweb:oms_orderupload_change", upload.pk))

        latest = OrderUpload.objects.defer("content")[:LATEST]
        return self.edit(request, form=form, title=_("Import orders"), save=save, latest=latest)

    def file_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """One file: what it would be read as, how far its import is, or what came of it."""
        self.require_read(request)
        upload = self.upload_by_id(object_id)
        if upload.state == UploadState.NEW:
            return self.preview_view(request, upload)
        return self.state_view(request, upload, template="omsweb/order_file.html")

    def live_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """The same while it runs, asked by the page itself: no touch of the device (`idle_lock`)."""
        self.require_read(request)
        return self.state_view(request, self.upload_by_id(object_id), template="omsweb/_order_file_state.html")

    def state_view(self, request: HttpRequest, upload: OrderUpload, *, template: str) -> HttpResponse:
        context = self.page(request, title=upload.name, upload=upload, **progress(upload, request))
        return TemplateResponse(request, template, context)

    def preview_view(self, request: HttpRequest, upload: OrderUpload) -> HttpResponse:
        """The columns, to be chosen, and the first orders as they would be read."""
        found = uploads.preview(upload)
        form = ColumnsForm(posted(request), found=found)
        status = 200
        if request.method == "POST" and form.is_valid():
            actor = actor_of(request)
            try:
                columns = {} if found.is_export else form.columns()
                uploads.choose_columns(upload_id=upload.pk, columns=columns, channel=form.channel(), actor=actor)
                if request.POST.get("import"):
                    uploads.start_import(upload_id=upload.pk, actor=actor)
                return redirect("omsweb:oms_orderupload_change", upload.pk)
            except DomainError as error:
                form.add_domain_error(error)
                status = error.status
                found = uploads.preview(self.upload_by_id(upload.pk))
        context = self.page(
            request,
            title=upload.name,
            upload=upload,
            found=found,
            form=form,
            columns=[(column, form[COLUMN + column.key]) for column in found.columns if not found.is_export],
            missing=[str(LABELS[name]) for name in found.missing],
            orders=[sample(one) for one in found.orders],
        )
        return TemplateResponse(request, "omsweb/order_file_preview.html", context, status=status)

    def discard_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        if request.method == "POST":
            uploads.discard_file(upload_id=object_id, actor=actor_of(request))
            messages.success(request, _("The file was discarded."))
        return redirect("omsweb:oms_orderupload_changelist")

    def upload_by_id(self, object_id: int) -> OrderUpload:
        """One file. Raises NotFound."""
        try:
            return OrderUpload.objects.get(pk=object_id)
        except (OrderUpload.DoesNotExist, OverflowError):
            raise NotFound from None


def sample(one: Waiting) -> dict[str, Any]:
    """One of the first orders, as it would be read, or what is wrong with it."""
    faults = [fault["msg"] for _line, fault in one.faults]
    words = ""
    if one.order:
        store = one.order.shipping_address.retail_store
        place = _("Store %(store)s") % {"store": store} if store else _("Home delivery")
        words = f"{place}, {one.order.total} {one.order.currency or ''}".strip()
    return {"number": one.entry.data.get("number") or "–", "order": one.order, "words": words, "faults": faults}


def progress(upload: OrderUpload, request: HttpRequest) -> dict[str, Any]:
    """How far an import is, or what came of it."""
    is_under_way = upload.state in uploads.UNDER_WAY
    report: Mapping[str, Any] = upload.report
    page = Paginator(list(not_taken(report.get("bad", []))), PER_PAGE).get_page(request.GET.get("page"))
    figures = [
        (_("Orders in the file"), "orders"),
        (_("New orders"), "new"),
        (_("Amended"), "amended"),
        (_("Already known"), "known"),
        (_("Ignored"), "ignored"),
        (_("Orders to repair"), "to_repair"),
        (_("Not taken"), "not_taken"),
    ]
    return {
        "is_under_way": is_under_way,
        "percent": 100 * upload.position // upload.size if upload.size else 0,
        "figures": [(label, report.get(name, 0)) for label, name in figures if report.get(name) or name == "new"],
        "not_taken": page,
        "bad_lines": report.get("bad_lines", 0),
        "hidden": report.get("bad_lines", 0) - page.paginator.count,
        "fault": report.get("fault", ""),
    }


def not_taken(bad: list[dict[str, Any]]) -> Iterator[NotTaken]:
    """The lines that were not taken. What is wrong with an order is said by the row where it waits."""
    ids = {row["repair"] for row in bad if row["repair"]}
    repairs = OrderToRepair.objects.filter(pk__in=ids).values_list("pk", "faults")
    words = {pk: {fault["loc"]: fault["msg"] for fault in faults} for pk, faults in repairs}
    for row in bad:
        of_order = words.get(row["repair"])
        said = [of_order.get(loc, loc) for loc in row["faults"]] if of_order else row["faults"]
        yield NotTaken(line=row["line"], number=row["number"], words=said, repair_id=row["repair"])
