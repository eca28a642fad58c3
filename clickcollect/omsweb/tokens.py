"""API tokens in OMS WEB: made, shown once, revoked. Kept as hashes; nobody can read one again."""

from contextlib import suppress
from datetime import datetime, time
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.accounts.models import Channel, User
from clickcollect.accounts.tokens import list_tokens
from clickcollect.errors import NotFound
from clickcollect.omnitron.models import RetailStore
from clickcollect.oms.access import RIGHTS
from clickcollect.oms.tokens import create_api_token, revoke_api_token
from clickcollect.omsweb.actor import actor_of
from clickcollect.omsweb.base_admin import RightsModelAdmin, Saved, posted, uncompressed
from clickcollect.omsweb.forms import OmsForm

MOST = 500


def people() -> list[tuple[str, str]]:
    found = User.objects.filter(is_active=True)[:MOST]
    return [(str(row.pk), f"{row.username}, {row.get_role_display()}") for row in found]


class TokenForm(OmsForm):
    groups = (
        (gettext_lazy("Token"), ("name", "user", "channel", "expires_at")),
        (gettext_lazy("What it may do"), ("scopes",)),
        (gettext_lazy("Where"), ("stores",)),
    )
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=100, help_text=gettext_lazy("Which program uses it, and where.")
    )
    user = forms.ChoiceField(
        label=gettext_lazy("Acts as"),
        choices=people,
        help_text=gettext_lazy("It has at most this person's permissions and stops working with their account."),
    )
    channel = forms.ChoiceField(label=gettext_lazy("Channel"), choices=Channel.choices)
    expires_at = forms.DateField(
        label=gettext_lazy("Valid until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("Leave empty to keep it valid until it is revoked."),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("Scopes"),
        choices=[(right, right) for right in sorted(RIGHTS)],
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "packages:override allows what weakens the check: Deliver Without Code, Unlock Code, Correct Phone "
            "and Extend Pickup. Few programs need it."
        ),
    )
    stores = forms.MultipleChoiceField(
        label=gettext_lazy("Stores"),
        choices=lambda: [(row.erp_code, str(row)) for row in RetailStore.objects.all()[:MOST]],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "If none is selected: all of this person's stores. Otherwise, the program sees and changes only the "
            "selected stores, and has no webhooks."
        ),
    )


class TokenAdmin(RightsModelAdmin):
    folder = "tokens"
    read_right: ClassVar[str] = "tokens:write"
    add_right: ClassVar[str] = "tokens:write"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("", wrap(self.changelist_view), name="accounts_apitoken_changelist"),
            path("add/", wrap(self.new_view), name="accounts_apitoken_add"),
            path("<int:object_id>/revoke/", wrap(self.revoke_view), name="token_revoke"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self.require_read(request)
        context = self.page(request, title=_("API tokens"), tokens=list_tokens())
        return TemplateResponse(request, "omsweb/tokens.html", context)

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """The form; and after it, once, the key."""
        actor_of(request).require(self.add_right)
        form = TokenForm(posted(request), initial={"channel": Channel.OMS_WEB})

        def save() -> Saved:
            data = form.cleaned_data
            made = create_api_token(
                user=User.objects.get(pk=data["user"]),
                name=data["name"],
                scopes=data["scopes"],
                channel=Channel(data["channel"]),
                stores=data["stores"],
                expires_at=end_of(data["expires_at"]),
                actor=actor_of(request),
            )
            page = self.page(request, title=_("API tokens"), made=made)
            return Saved(answer=uncompressed(TemplateResponse(request, "omsweb/token_made.html", page)))

        return self.edit(request, form=form, title=_("New API token"), save=save)

    def revoke_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """End a token; of one that is over already nothing more is said."""
        if request.method == "POST":
            with suppress(NotFound):
                revoke_api_token(token_id=object_id, actor=actor_of(request))
                messages.success(request, _("The token was revoked. It no longer works."))
        return redirect("omsweb:accounts_apitoken_changelist")


def end_of(day: Any) -> datetime | None:
    """The last moment of that day."""
    return timezone.make_aware(datetime.combine(day, time.max)) if day else None
