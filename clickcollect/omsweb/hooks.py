"""Webhooks in OMS WEB: who receives which events. Secrets go in and never come out; a new address needs a password."""

from typing import Any, ClassVar, Final, cast

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from clickcollect.accounts import sign_in_limits
from clickcollect.accounts.models import User
from clickcollect.errors import NotFound, ValidationFailed
from clickcollect.oms.access import require_hook_right
from clickcollect.omsweb.actor import actor_of
from clickcollect.omsweb.base_admin import RightsModelAdmin, Saved, posted
from clickcollect.omsweb.hook_form import HookForm, type_choices
from clickcollect.omsweb.listing import Filter, Listing, Rows
from clickcollect.whisperer import hooks, redelivery, statistics
from clickcollect.whisperer.hooks import HookExists
from clickcollect.whisperer.models import DeliveryState, Hook

# Failing is what somebody must look at: no answer, or gone for good.
FAILING: Final = Q(is_active=True, endpoint__failing_since__isnull=False) | Q(is_active=False, stopped_at__isnull=False)
STATES: Final = {
    "active": Q(is_active=True, endpoint__failing_since=None),
    "failing": FAILING,
    "off": Q(is_active=False),
}


def search_hooks(rows: Rows, text: str) -> Rows:
    return rows.filter(Q(target_url__icontains=text) | Q(event_type__icontains=text))


def hook_listing(request: HttpRequest) -> Listing:
    return Listing(
        request=request,
        rows=Hook.objects.filter(deleted_at=None).select_related("endpoint", "user"),
        filters=[
            Filter(
                name="type",
                label=_("Event type"),
                choices=type_choices(),
                apply=lambda rows, value: rows.filter(event_type=value),
            ),
            Filter(
                name="state",
                label=_("State"),
                choices=[("active", _("active")), ("failing", _("failing")), ("off", _("off"))],
                apply=lambda rows, value: rows.filter(STATES[value]),
            ),
        ],
        search=search_hooks,
        search_label=_("Address or type"),
        count_words=lambda count: ngettext("%(count)s webhook", "%(count)s webhooks", count),
    )


class HookAdmin(RightsModelAdmin):
    folder = "hooks"
    crumb = gettext_lazy("Webhooks")
    read_right: ClassVar[str] = "hooks:read"
    add_right: ClassVar[str] = "hooks:write"
    change_right: ClassVar[str] = "hooks:write"
    keeps_history = True
    can_be_removed = True
    form_template = "omsweb/hook.html"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("", wrap(self.changelist_view), name="whisperer_hook_changelist"),
            path("add/", wrap(self.hook_view), name="whisperer_hook_add"),
            path("<int:object_id>/change/", wrap(self.hook_view), name="whisperer_hook_change"),
            path("<int:object_id>/delete/", wrap(self.remove_view), name="whisperer_hook_delete"),
            path("<int:object_id>/test/", wrap(self.test_view), name="whisperer_hook_test"),
            path("<int:object_id>/history/", wrap(self.history_view), name="whisperer_hook_history"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self.require_read(request)
        listing = hook_listing(request)
        shown = [hook.pk for hook in listing.page_rows]
        found = Hook.objects.filter(pk__in=shown, deliveries__state=DeliveryState.DEAD).order_by()
        dead = dict(found.values_list("pk").annotate(count=Count("deliveries")))
        context = self.page(
            request,
            title=_("Webhooks"),
            listing=listing,
            hooks=[(hook, dead.get(hook.pk, 0)) for hook in listing.page_rows],
            backing_off=statistics.endpoints_backing_off()[:10],
            may_add=self.has_add_permission(request),
        )
        return TemplateResponse(request, "omsweb/hooks.html", context)

    def hook_by_id(self, object_id: int) -> Hook:
        hook = Hook.objects.filter(pk=object_id, deleted_at=None).first()
        if hook is None:
            raise NotFound
        return hook

    @method_decorator(
        [sensitive_post_parameters("secret_key", "auth_password", "your_password"), sensitive_variables()]
    )
    def hook_view(self, request: HttpRequest, object_id: int | None = None) -> HttpResponse:
        """One webhook. Its secret and passwords are fields to write in, and never hold what is kept."""
        self.require_read(request)
        hook = self.hook_by_id(object_id) if object_id else None
        form = HookForm(posted(request), hook=hook)

        def authorize() -> None:
            check_hook(request, form=form, hook=hook)

        def save() -> Saved:
            if hook is not None:
                return Saved(row=change_hook(request, form=form, hook=hook), said=_("The webhook was saved."))
            made = create_hooks(request, form=form)
            for one in made:
                self.keep_history(request, one, form=form, is_new=True)
            words = ngettext("%(count)d webhook was created.", "%(count)d webhooks were created.", len(made))
            return Saved(said=words % {"count": len(made)})

        title = hook.event_type if hook else _("New webhook")
        return self.edit(request, form=form, title=title, authorize=authorize, save=save, row=hook)

    def remove_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        if request.method == "POST":
            hook = self.hook_by_id(object_id)
            require_hook_right(actor_of(request), self.change_right, hook.event_type)
            self.log_deletions(request, Hook.objects.filter(pk=hook.pk))
            hooks.delete_hook(hook)
            messages.success(request, _("The webhook was deleted. Its history stays."))
        return redirect("omsweb:whisperer_hook_changelist")

    def test_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Send the type's example, marked as a test."""
        hook = self.hook_by_id(object_id)
        require_hook_right(actor_of(request), self.change_right, hook.event_type)
        if request.method == "POST":
            redelivery.send_test_event(hook)
            messages.success(request, _("A test event is on its way. Its delivery appears in the list."))
        return redirect("omsweb:whisperer_hook_change", hook.pk)


@sensitive_variables()
def check_hook(request: HttpRequest, *, form: HookForm, hook: Hook | None) -> None:
    """Refuse it unless this person may; a new address needs their password. Raises Forbidden, ValidationFailed."""
    types = [*form.types, *([hook.event_type] if hook else [])]
    require_hook_right(actor_of(request), HookAdmin.change_right, *types)
    if hook is not None and form.cleaned_data["target_url"] != hook.target_url:
        confirm_password(request, password=form.cleaned_data["your_password"])


@sensitive_variables()
def create_hooks(request: HttpRequest, *, form: HookForm) -> list[Hook]:
    """One for each event type, or none at all. Raises Forbidden, ValidationFailed, HookExists."""
    user_id, fields = cast("int", actor_of(request).user_id), form.wanted(None)
    with transaction.atomic():
        return [create_one(user_id=user_id, event_type=name, fields=fields) for name in form.types]


@sensitive_variables("fields")
def create_one(*, user_id: int, event_type: str, fields: dict[str, Any]) -> Hook:
    """Subscribe to one type. Raises ValidationFailed, HookExists, which names the type."""
    try:
        return hooks.create_hook(user_id=user_id, fields=fields | {"event_type": event_type})
    except HookExists:
        words = _("You already have a webhook for %(type)s at this URL. Edit that one, or delete it first.")
        raise HookExists(words % {"type": event_type}) from None


@sensitive_variables()
def change_hook(request: HttpRequest, *, form: HookForm, hook: Hook) -> Hook:
    """Raises Forbidden, ValidationFailed, HookExists."""
    fields = form.wanted(hook) | {"event_type": form.types[0]}
    return hooks.change_hook(hook, fields=fields, changer=actor_of(request))


@sensitive_variables()
def confirm_password(request: HttpRequest, *, password: str) -> None:
    """The person at the keyboard is the one who signed in. Raises ValidationFailed, Throttled."""
    user = cast("User", request.user)
    if not sign_in_limits.prove(request, account=user, door="webhook", proof=lambda: user.check_password(password)):
        raise ValidationFailed.of("your_password", _("Wrong password. Changing the URL needs your own password."))
