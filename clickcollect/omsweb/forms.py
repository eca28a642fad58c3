"""Django's forms in OMS WEB's dress: the widgets get the house's classes, and refusals find their fields."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from django import forms
from django.utils.functional import Promise

from clickcollect.errors import DomainError, Fault, ValidationFailed

Group = tuple[str | Promise, tuple[str, ...]]


class Sheet(forms.Form):
    """A form in groups. Its words are the field's; its rules are the domain's, whose refusals are put at the fields."""

    groups: ClassVar[tuple[Group, ...]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            widget = field.widget
            if isinstance(widget, forms.CheckboxInput | forms.CheckboxSelectMultiple):
                widget.attrs["class"] = "ow-check"
            else:
                widget.attrs["class"] = "ow-input"
            if not isinstance(widget, forms.PasswordInput | forms.CheckboxInput | forms.CheckboxSelectMultiple):
                widget.attrs.setdefault("autocomplete", "off")

    @property
    def shown(self) -> Iterator[tuple[str, list[forms.BoundField]]]:
        """The groups with their fields."""
        for legend, names in self.groups:
            yield str(legend), [self[name] for name in names if name in self.fields]

    def put(self, error: DomainError) -> None:
        """A refusal of the domain, at its fields where it names them."""
        if isinstance(error, ValidationFailed):
            self.put_faults(error.errors)
        else:
            self.add_error(None, error.detail)

    def put_faults(self, faults: Iterable[Fault]) -> None:
        for fault in faults:
            name = next((name for name in self.fields if loc_of(fault["loc"]) == name), None)
            self.add_error(name, fault["msg"])

    @property
    def values(self) -> Mapping[str, Any]:
        return self.cleaned_data


def loc_of(loc: str) -> str:
    """`config.auth.password` is the field config_auth_password, or else the field that begins the path."""
    return loc.replace(".", "_")
