"""Webhooks in OMS WEB: who receives which events. Secrets go in and never come out; a new address needs a password."""

from typing import Any, ClassVar, Final, cast

from django import forms
from django.contrib import messages
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
from clickcollect.errors import Forbidden, NotFound, ValidationFailed
from clickcollect.json_input import FormDecoder
from clickcollect.oms.access import Actor
from clickcollect.omsweb.actor import actor_of
from clickcollect.omsweb.base_admin import RightsModelAdmin, Saved, posted
from clickcollect.omsweb.forms import OmsForm
from clickcollect.omsweb.listing import Filter, Listing, Rows
from clickcollect.whisperer import custom_headers, hooks, redelivery, registry, statistics
from clickcollect.whisperer.models import DeliveryState, Hook


def type_choices() -> list[tuple[str, str]]:
    return [(name, name) for name in registry.event_types()]


class JsonText(forms.JSONField):
    """JSON in a text box; nothing is an empty box, not the word null."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(decoder=FormDecoder, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "" if value in (None, {}) else super().prepare_value(value)


class HookForm(OmsForm):
    groups = (
        (gettext_lazy("What and where"), ("event_type", "target_url", "is_active")),
        (gettext_lazy("Proof"), ("secret_key", "auth_username", "auth_password")),
        (gettext_lazy("Details"), ("retry_countdown_config", "additional_headers", "callback")),
        (gettext_lazy("You"), ("your_password",)),
    )
    event_type = forms.ChoiceField(label=gettext_lazy("Event type"), choices=type_choices)
    target_url = forms.CharField(
        label=gettext_lazy("Target URL"),
        max_length=255,
        help_text=gettext_lazy("Private addresses are refused, unless the operator of this server allowed them."),
    )
    is_active = forms.BooleanField(label=gettext_lazy("Active"), required=False, initial=True)
    secret_key = forms.CharField(
        label=gettext_lazy("Secret"),
        required=False,
        max_length=124,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("Signs every event. It is never shown again; left empty, the one that is kept stays."),
    )
    auth_username = forms.CharField(label=gettext_lazy("Basic user"), required=False, max_length=255)
    auth_password = forms.CharField(
        label=gettext_lazy("Basic password"),
        required=False,
        max_length=255,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    retry_countdown_config = JsonText(
        label=gettext_lazy("Retries"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text=gettext_lazy(
            'Such as {"choice": "fixed", "kwargs": {"seconds": 30}}. Left empty: longer and longer.'
        ),
    )
    additional_headers = JsonText(
        label=gettext_lazy("Additional headers"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text=gettext_lazy(
            'Such as {"X-Shop": "berlin"}. Values are not shown again: •••••• leaves the one that is kept.',
        ),
    )
    callback = forms.CharField(
        label=gettext_lazy("Callback"),
        required=False,
        max_length=64,
        help_text=gettext_lazy("A word that the receiver may keep here. It is stored and never run."),
    )
    your_password = forms.CharField(
        label=gettext_lazy("Your own password"),
        required=False,
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        help_text=gettext_lazy("Needed when the target URL changes: who redirects events must be you."),
    )

    def field_name(self, loc: str) -> str | None:
        """`config.auth.password` is the field auth_password; a fault inside a JSON field stands at the field."""
        bare = loc.removeprefix("config.").replace(".", "_")
        return next((name for name in self.fields if bare == name or loc.startswith(f"{name}.")), None)

    @sensitive_variables()
    def wanted(self, hook: Hook | None) -> dict[str, Any]:
        """The fields as the post office takes them; a secret left empty is left alone."""
        values = self.cleaned_data
        fields = {name: values[name] for name in ("event_type", "target_url", "is_active", "callback")}
        fields["retry_countdown_config"] = values["retry_countdown_config"] or None
        if hook is None or "additional_headers" in self.changed_data:
            fields["additional_headers"] = values["additional_headers"] or {}
        config = {name: value for name, value in (hook.config if hook else {}).items() if name != "auth"}
        if values["auth_username"]:
            auth = {"auth_type": "basic", "username": values["auth_username"]}
            config["auth"] = auth | ({"password": values["auth_password"]} if values["auth_password"] else {})
        fields["config"] = config
        return fields | ({"secret_key": values["secret_key"]} if values["secret_key"] else {})


def require_hook(actor: Actor, right: str, *types: str) -> None:
    """Types that carry a code are an administrator's. Raises Forbidden."""
    actor.require(right)
    if any(registry.is_code_bearing(name) for name in types) and not actor.may("hooks:code-bearing"):
        raise Forbidden(_("This event carries pickup codes. Only an administrator decides where it goes."))


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
        dead = Hook.objects.filter(pk__in=shown, deliveries__state=DeliveryState.DEAD).order_by()
        context = self.page(
            request,
            title=_("Webhooks"),
            listing=listing,
            dead=dict(dead.values_list("pk").annotate(count=Count("deliveries"))),
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
        form = HookForm(posted(request), initial=initial(hook))
        if hook is None:
            del form.fields["your_password"]

        def authorize() -> None:
            check_hook(request, form=form, hook=hook)

        def save() -> Saved:
            return Saved(row=save_hook(request, form=form, hook=hook), said=_("The webhook was saved."))

        title = hook.event_type if hook else _("New webhook")
        return self.edit(request, form=form, title=title, authorize=authorize, save=save, row=hook)

    def remove_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        if request.method == "POST":
            hook = self.hook_by_id(object_id)
            require_hook(actor_of(request), self.change_right, hook.event_type)
            self.log_deletions(request, Hook.objects.filter(pk=hook.pk))
            hooks.delete_hook(hook)
            messages.success(request, _("The webhook was deleted. Its history stays."))
        return redirect("omsweb:whisperer_hook_changelist")

    def test_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Send the type's example, marked as a test."""
        hook = self.hook_by_id(object_id)
        require_hook(actor_of(request), self.change_right, hook.event_type)
        if request.method == "POST":
            redelivery.send_test_event(hook)
            messages.success(request, _("A test event is on its way. Its delivery appears in the list."))
        return redirect("omsweb:whisperer_hook_change", hook.pk)


@sensitive_variables()
def check_hook(request: HttpRequest, *, form: HookForm, hook: Hook | None) -> None:
    """Refuse it unless this person may; a new address needs their password. Raises Forbidden, ValidationFailed."""
    types = [form.cleaned_data["event_type"], *([hook.event_type] if hook else [])]
    require_hook(actor_of(request), HookAdmin.change_right, *types)
    if hook is not None and form.cleaned_data["target_url"] != hook.target_url:
        confirm(request, password=form.cleaned_data["your_password"])


@sensitive_variables()
def save_hook(request: HttpRequest, *, form: HookForm, hook: Hook | None) -> Hook:
    """Make or change it. Raises Forbidden, ValidationFailed, HookExists."""
    actor, fields = actor_of(request), form.wanted(hook)
    if hook is None:
        return hooks.create_hook(user_id=cast("int", actor.user_id), fields=fields)
    return hooks.change_hook(hook, fields=fields, changer=actor)


@sensitive_variables()
def confirm(request: HttpRequest, *, password: str) -> None:
    """The person at the keyboard is the one who signed in. Raises ValidationFailed, Throttled."""
    user = cast("User", request.user)
    if not sign_in_limits.prove(request, account=user, door="webhook", proof=lambda: user.check_password(password)):
        raise ValidationFailed.of("your_password", _("A new address needs your own password. This was not it."))


def initial(hook: Hook | None) -> dict[str, Any]:
    """What is shown of a hook: no secret, no password."""
    if hook is None:
        return {}
    names = ("event_type", "target_url", "is_active", "callback")
    shown = {name: getattr(hook, name) for name in names}
    shown |= {name: getattr(hook, name) or None for name in ("retry_countdown_config",)}
    shown["additional_headers"] = custom_headers.headers_for_display(hook, with_values=False) or None
    return shown | {"auth_username": (hook.config.get("auth") or {}).get("username", "")}
