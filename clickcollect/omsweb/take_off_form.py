"""The form that takes pieces off the lines of an order: a number for each line, and why."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from clickcollect.omnitron.models import OrderItem
from clickcollect.omsweb.forms import DomainField, OmsForm

PREFIX: Final = "line_"
LONGEST_REASON: Final = 500


class TakeOffForm(OmsForm):
    """How many pieces of each line to take off. ``lines``: those of the order."""

    reason = DomainField(label=_("Reason"), max_length=LONGEST_REASON)

    def __init__(self, data: Any = None, *, lines: Sequence[OrderItem]) -> None:
        super().__init__(data)
        for line in lines:
            self.fields[f"{PREFIX}{line.pk}"] = forms.IntegerField(
                label=_("%(name)s (%(sku)s): how many of %(quantity)d?")
                % {"name": line.name, "sku": line.sku, "quantity": line.quantity},
                required=False,
                min_value=0,
                max_value=line.quantity,
            )
        named = tuple(name for name in self.fields if name.startswith(PREFIX))
        self.groups = ((_("Items to remove"), named), (_("Why"), ("reason",)))  # type: ignore[misc]
        self.dress_fields()

    @property
    def pieces(self) -> dict[int, int]:
        """How many pieces to take off, by line."""
        return {
            int(name.removeprefix(PREFIX)): value
            for name, value in self.cleaned_data.items()
            if name.startswith(PREFIX) and value
        }
