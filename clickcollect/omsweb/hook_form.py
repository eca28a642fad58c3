"""The form of a webhook: event types, address, authentication, and fields for what the API takes as JSON."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django import forms
from django.forms import formset_factory
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables

from clickcollect.errors import Fault
from clickcollect.omsweb.forms import OmsForm
from clickcollect.whisperer import custom_headers, registry
from clickcollect.whisperer.models import Hook

MOST_HEADERS: Final = 50
HEADERS: Final = "headers"
# The settings of each way to retry, in the order of the page; the names are the contract's (section 3).
RETRIES: Final[dict[str, tuple[str, ...]]] = {
    "fixed": ("seconds",),
    "linear": ("base", "limit"),
    "exponential": ("base", "factor", "limit"),
    "random": ("min_value", "max_value"),
}
NEEDED: Final = {"fixed": ("seconds",), "linear": ("base",), "exponential": ("base",), "random": RETRIES["random"]}
RETRY_FIELDS: Final = tuple(dict.fromkeys(name for names in RETRIES.values() for name in names))


def type_choices() -> list[tuple[str, str]]:
    return [(name, name) for name in registry.event_types()]


def seconds_field(label: Any, *, of: str) -> forms.IntegerField:
    """Whole seconds, shown for the ways to retry that use them; their bounds are for the domain to say."""
    return forms.IntegerField(
        label=label,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "data-for": of}),
    )


class HeaderForm(OmsForm):
    """One additional header."""

    is_line = True
    name = forms.CharField(label=gettext_lazy("Header name"), required=False, max_length=100)
    value = forms.CharField(label=gettext_lazy("Header value"), required=False, max_length=2000, strip=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.is_needed = True  # type: ignore[attr-defined]  # a row left empty is none, so nothing is optional

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("value") and not data.get("name"):
            self.add_error("name", _("Required."))
        return data


HeaderFormSet = formset_factory(HeaderForm, extra=0, max_num=MOST_HEADERS, absolute_max=MOST_HEADERS)


class HookForm(OmsForm):
    groups = (
        (gettext_lazy("What and where"), ("event_types", "event_type", "target_url", "is_active")),
        (gettext_lazy("Authentication"), ("secret_key", "auth_username", "auth_password")),
        (gettext_lazy("Retries"), ("retry_choice", *(f"retry_{name}" for name in RETRY_FIELDS))),
        (gettext_lazy("Details"), ("callback",)),
        (gettext_lazy("You"), ("your_password",)),
    )
    event_types = forms.MultipleChoiceField(
        label=gettext_lazy("Event types"),
        choices=type_choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("One webhook is created for each of them, all with what is entered here."),
    )
    event_type = forms.ChoiceField(label=gettext_lazy("Event type"), choices=type_choices)
    target_url = forms.CharField(
        label=gettext_lazy("Target URL"),
        max_length=255,
        help_text=gettext_lazy("Private addresses are refused, unless this server's operator has allowed them."),
    )
    is_active = forms.BooleanField(label=gettext_lazy("Active"), required=False, initial=True)
    secret_key = forms.CharField(
        label=gettext_lazy("Secret"),
        required=False,
        max_length=124,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("Signs every event. It is never shown again; leave it empty to keep the current one."),
    )
    auth_username = forms.CharField(label=gettext_lazy("Basic user"), required=False, max_length=255)
    auth_password = forms.CharField(
        label=gettext_lazy("Basic password"),
        required=False,
        max_length=255,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    retry_choice = forms.ChoiceField(
        label=gettext_lazy("Wait between attempts"),
        required=False,
        choices=[
            ("", gettext_lazy("Exponential back-off with jitter (default)")),
            ("fixed", gettext_lazy("Fixed")),
            ("linear", gettext_lazy("Linear")),
            ("exponential", gettext_lazy("Exponential")),
            ("random", gettext_lazy("Random")),
        ],
    )
    retry_seconds = seconds_field(gettext_lazy("Seconds between attempts"), of="fixed")
    retry_base = seconds_field(gettext_lazy("Base, in seconds"), of="linear exponential")
    retry_factor = seconds_field(gettext_lazy("Factor"), of="exponential")
    retry_limit = seconds_field(gettext_lazy("At most, in seconds"), of="linear exponential")
    retry_min_value = seconds_field(gettext_lazy("At least, in seconds"), of="random")
    retry_max_value = seconds_field(gettext_lazy("At most, in seconds"), of="random")
    callback = forms.CharField(
        label=gettext_lazy("Callback"),
        required=False,
        max_length=64,
        help_text=gettext_lazy("A note for the receiver. It is stored and never run."),
    )
    your_password = forms.CharField(
        label=gettext_lazy("Your own password"),
        required=False,
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        help_text=gettext_lazy("Required to change the URL, to confirm it's you."),
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, hook: Hook | None) -> None:
        super().__init__(data, initial=initial_of_hook(hook))
        for name in ("event_type", "your_password") if hook is None else ("event_types",):
            del self.fields[name]
        counts = {f"{HEADERS}-TOTAL_FORMS": "0", f"{HEADERS}-INITIAL_FORMS": "0"}
        rows = None if data is None else counts | {name: str(value) for name, value in data.items()}
        for name in ("seconds", "base", "min_value", "max_value"):
            self.fields[f"retry_{name}"].is_needed = True  # type: ignore[attr-defined]  # of those that are shown
        self.headers = HeaderFormSet(rows, initial=header_rows(hook), prefix=HEADERS)

    @property
    def blank_header(self) -> HeaderForm:
        """What a row that is added begins with; its number is put in where it is added."""
        return HeaderForm(prefix=f"{HEADERS}-__n__")

    def is_valid(self) -> bool:
        return super().is_valid() & self.headers.is_valid()

    @property
    def changed_labels(self) -> list[str]:
        return [*super().changed_labels, *(["Additional headers"] if self.headers.has_changed() else [])]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        for name in NEEDED.get(data.get("retry_choice", ""), ()):
            if data.get(f"retry_{name}") is None and f"retry_{name}" not in self.errors:
                self.add_error(f"retry_{name}", _("Required."))
        return data

    def field_name(self, loc: str) -> str | None:
        """`config.auth.password` is auth_password, `retry_countdown_config.kwargs.base` is retry_base."""
        if loc.startswith("retry_countdown_config"):
            name = f"retry_{loc.rpartition('.')[2]}"
            return name if name in self.fields else "retry_choice"
        bare = loc.removeprefix("config.").replace(".", "_")
        if bare == "event_type" and "event_types" in self.fields:
            return "event_types"
        return next((name for name in self.fields if name == bare), None)

    def add_faults(self, faults: Iterable[Fault]) -> None:
        for fault in faults:
            place, _dot, name = fault["loc"].partition(".")
            rows = [row for row in self.headers.forms if row.cleaned_data.get("name") == name]
            if place == "additional_headers" and rows:
                rows[0].add_error("name", fault["msg"])
            elif place == "retry_countdown_config":
                words = _("Enter whole seconds from 0 to 86400; the longest wait is longer than the shortest.")
                super().add_faults([{"loc": fault["loc"], "msg": words}])
            else:
                super().add_faults([fault])

    @property
    def types(self) -> list[str]:
        """The event types that are meant: several at once where webhooks are new."""
        return self.cleaned_data["event_types"] if "event_types" in self.fields else [self.cleaned_data["event_type"]]

    @sensitive_variables()
    def wanted(self, hook: Hook | None) -> dict[str, Any]:
        """The fields as the domain takes them, without the event type; a secret left empty is left alone."""
        values = self.cleaned_data
        fields = {name: values[name] for name in ("target_url", "is_active", "callback")}
        fields["retry_countdown_config"] = self.retries()
        if hook is None or self.headers.has_changed():
            rows = [row.cleaned_data for row in self.headers]
            fields["additional_headers"] = {row["name"]: row["value"] for row in rows if row.get("name")}
        config = {name: value for name, value in (hook.config if hook else {}).items() if name != "auth"}
        if values["auth_username"]:
            auth = {"auth_type": "basic", "username": values["auth_username"]}
            config["auth"] = auth | ({"password": values["auth_password"]} if values["auth_password"] else {})
        fields["config"] = config
        return fields | ({"secret_key": values["secret_key"]} if values["secret_key"] else {})

    def retries(self) -> dict[str, Any] | None:
        """The way to retry as the contract has it; None for the default."""
        choice = self.cleaned_data["retry_choice"]
        if not choice:
            return None
        given = {name: self.cleaned_data[f"retry_{name}"] for name in RETRIES[choice]}
        return {"choice": choice, "kwargs": {name: value for name, value in given.items() if value is not None}}


def initial_of_hook(hook: Hook | None) -> dict[str, Any]:
    """What is shown of a hook: no secret, no password."""
    if hook is None:
        return {}
    shown = {name: getattr(hook, name) for name in ("event_type", "target_url", "is_active", "callback")}
    retries = hook.retry_countdown_config or {}
    shown["retry_choice"] = retries.get("choice", "")
    shown |= {f"retry_{name}": value for name, value in retries.get("kwargs", {}).items()}
    return shown | {"auth_username": (hook.config.get("auth") or {}).get("username", "")}


def header_rows(hook: Hook | None) -> list[dict[str, str]]:
    """The names of a hook's headers; a value that is kept shows as a mask, which leaves it as it is."""
    headers = custom_headers.headers_for_display(hook, with_values=False) if hook else {}
    return [{"name": name, "value": value} for name, value in headers.items()]
