"""The form of a command's dialog. What is typed is judged by the command; a code is never shown again."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _

from clickcollect.oms.commands.base import Input
from clickcollect.oms.commands.run import Available
from clickcollect.omsweb.forms import DomainField, OmsForm

LONGEST: Final = 500
COLLECTOR: Final = ("collector_name", "collector_relation")


class CodeInput(forms.PasswordInput):
    """A box whose code can be seen while it is typed, and that a page never brings back."""

    input_type = "text"


class CommandForm(OmsForm):
    """What a command asks for, and at a handover who collects instead of the customer."""

    def __init__(self, data: Mapping[str, Any] | None = None, *, available: Available) -> None:
        super().__init__(data, auto_id="input-%s")
        for item in available.inputs:
            self.fields[item.name] = input_field(item, is_first=not self.fields)
        self.asked = list(self.fields)
        if available.command.hands_over:
            self.fields["collector_name"] = DomainField(label=_("Collector's name"), is_needed=True, max_length=150)
            self.fields["collector_relation"] = DomainField(label=_("Relationship to the customer"), max_length=150)
        self.dress_fields()
        for name, item in ((item.name, item) for item in available.inputs):
            if item.kind == "otp":
                self.fields[name].widget.attrs["class"] = "ow-input ow-code"

    @property
    def input_fields(self) -> list[forms.BoundField]:
        """What the command itself asks for."""
        return [self[name] for name in self.asked]

    @property
    def collector_fields(self) -> list[forms.BoundField]:
        """Who collects instead of the customer; none where nothing is handed over."""
        return [self[name] for name in COLLECTOR if name in self.fields]


def input_field(item: Input, *, is_first: bool) -> DomainField:
    """The box, or the choice, for one input; what is said of it appears below the form."""
    attrs: dict[str, Any] = {"aria-describedby": "verdict"} | ({"data-first": True} if is_first else {})
    longest = LONGEST
    widget: forms.Widget = forms.TextInput(attrs=attrs)
    if item.kind == "otp":
        longest, code = 64, {"inputmode": "numeric", "spellcheck": "false", "enterkeyhint": "done"}
        widget = CodeInput(attrs=attrs | code | {"autocomplete": "off"})
    elif item.kind == "phone":
        longest, widget = 40, forms.TextInput(attrs=attrs | {"type": "tel"})
    elif item.kind == "choice":
        choices = [("", _("Choose…")), *item.choices]
        return DomainField(
            label=item.label, is_needed=item.required, help_text=item.help, widget=forms.Select(attrs, choices)
        )
    return DomainField(
        label=item.label, is_needed=item.required, max_length=longest, help_text=item.help, widget=widget
    )
