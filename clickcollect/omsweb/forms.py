"""Forms of OMS WEB: Django's, with its CSS classes on the widgets and the domain's refusals at their fields."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, Final

from django import forms
from django.utils import translation
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from clickcollect.errors import DomainError, Fault, ValidationFailed
from clickcollect.wire_format import whole_number

LONGEST_TEXT: Final = 1000
Group = tuple[str | Promise, tuple[str, ...]]


class PlainText(forms.CharField):
    """Text without NUL, which no database keeps."""

    def to_python(self, value: Any) -> str:
        return str(super().to_python(str(value or "").replace("\x00", "")))


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
        """The CSS class of every widget; browsers offer nothing that others typed."""
        for field in self.fields.values():
            field.error_messages["required"] = _("Required.")  # as the domain says it
            widget = field.widget
            is_check = isinstance(widget, forms.CheckboxInput | forms.RadioSelect)
            if not widget.is_hidden:
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
    def changed_labels(self) -> list[str]:
        """The English labels of what changed, for the history; Django says them in the reader's language."""
        with translation.override("en"):
            return [str(self.fields[name].label) for name in self.changed_data]

    @property
    def faults(self) -> list[str]:
        """The fields that need a correction."""
        return [name for name in self.errors if name in self.fields]

    @property
    def all_errors(self) -> str:
        """Everything that is wrong, where only one sentence can be shown."""
        return " ".join(str(words) for errors in self.errors.values() for words in errors)

    @property
    def refusals(self) -> list[str]:
        """What stands above the form."""
        return [str(words) for words in self.non_field_errors()]


class TickedRows(forms.Field):
    """The ids of ticked rows, at most ``most``; whether there still are such rows is for the domain to say."""

    def __init__(self, *, most: int, widget: forms.Widget, **kwargs: Any) -> None:
        super().__init__(required=False, widget=widget, **kwargs)
        self.most = most

    def to_python(self, value: Any) -> list[int]:
        numbers = (whole_number(str(text)) for text in value or ())
        return [number for number in numbers if number is not None][: self.most]


class TickForm(OmsForm):
    """The rows that were ticked in a table. ``rows``: id and accessible name of each row that can be."""

    most: ClassVar[int]

    def __init__(self, data: Any = None, *, rows: Sequence[tuple[int, str]] = ()) -> None:
        super().__init__(data)
        self.fields["id"] = TickedRows(most=self.most, widget=forms.MultipleHiddenInput())
        self.rows = rows

    @property
    def boxes(self) -> Iterator[SafeString]:
        """The box of each row, in the order of the rows. Its label is read out, not written beside it."""
        box = '<input type="checkbox" name="id" value="{}" class="ow-check" id="id_id_{}" aria-label="{}">'
        return (format_html(box, pk, place, label) for place, (pk, label) in enumerate(self.rows))
