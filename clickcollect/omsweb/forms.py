"""Django's forms in OMS WEB's dress: the widgets get the house's classes, and refusals find their fields."""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Final

from django import forms
from django.utils.functional import Promise

from clickcollect.errors import DomainError, Fault, ValidationFailed

LONGEST_TEXT: Final = 1000
Group = tuple[str | Promise, tuple[str, ...]]


class DomainField(forms.CharField):
    """Text that the domain judges, together with everything else. ``is_needed``: left empty, it will be refused."""

    def __init__(self, *, is_needed: bool = True, max_length: int = LONGEST_TEXT, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=max_length, **kwargs)
        self.is_needed = is_needed


class OmsForm(forms.Form):
    """A form in groups. Its words are the field's; its rules are the domain's, whose refusals are put at the fields."""

    groups: ClassVar[tuple[Group, ...]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dress_fields()

    def dress_fields(self) -> None:
        """The house's class on every widget, and no browser's memory of what others typed."""
        for field in self.fields.values():
            widget = field.widget
            is_check = isinstance(widget, forms.CheckboxInput | forms.CheckboxSelectMultiple)
            widget.attrs["class"] = "ow-check" if is_check else "ow-input"
            if not is_check and not isinstance(widget, forms.PasswordInput):
                widget.attrs.setdefault("autocomplete", "off")

    @property
    def field_groups(self) -> Iterator[tuple[str, list[forms.BoundField]]]:
        """The groups with their fields."""
        for legend, names in self.groups:
            yield str(legend), [self[name] for name in names if name in self.fields]

    def add_domain_error(self, error: DomainError) -> None:
        """A refusal of the domain, at its fields where it names them, else above the form."""
        if isinstance(error, ValidationFailed):
            self.add_faults(error.errors)
        else:
            self.add_error(None, error.detail)

    def add_faults(self, faults: Iterable[Fault]) -> None:
        for fault in faults:
            name = self.field_name(fault["loc"])
            self.add_error(name, fault["msg"] if name else self.words_without_field(fault))

    def field_name(self, loc: str) -> str | None:
        """The field of a path, with dots or with underscores: `config.auth` is also the field config_auth."""
        return next((name for name in self.fields if name in (loc, loc.replace(".", "_"))), None)

    def words_without_field(self, fault: Fault) -> str:
        """What stands above the form where a fault has no field in it."""
        return fault["msg"]

    @property
    def faults(self) -> list[str]:
        """The fields that need a correction."""
        return [name for name in self.errors if name in self.fields]

    @property
    def refusals(self) -> list[str]:
        """What stands above the form."""
        return [str(words) for words in self.non_field_errors()]
