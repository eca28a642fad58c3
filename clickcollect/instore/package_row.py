"""A row of the package table: what is shown of a package, and nothing more of its customer than four digits."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from django.utils.functional import cached_property
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from clickcollect.instore import badges
from clickcollect.instore.badges import Badge
from clickcollect.omnitron.models import DeliveryType
from clickcollect.oms import states
from clickcollect.oms.app_settings import Values
from clickcollect.oms.codes import attempts
from clickcollect.oms.models import Package

FITS_A_ROW: Final = 3  # characters of a shelf's name that have room in full size
FITS_THE_PAGE: Final = 5


@dataclass(frozen=True, kw_only=True)
class ShelfBadge:
    """The square with a shelf's name, or with an icon once the package has ended. ``label``: for screen readers."""

    kind: str
    label: str
    name: str = ""
    icon: str = ""


@lru_cache(maxsize=1024)
def items_words(_language: str | None, count: int) -> SafeString:
    """3 items, in the language of the page; the unit is apart because a narrow table leaves it out."""
    words = ngettext('%(n)s<span class="unit"> item</span>', '%(n)s<span class="unit"> items</span>', count)
    return mark_safe(words % {"n": count})  # noqa: S308  a translation of ours, and a number


@dataclass(frozen=True, kw_only=True)
class PackageRow:
    """One package as the lists show it."""

    package: Package
    values: Values

    @property
    def customer(self) -> str:
        """The name; what stands there once personal data was erased."""
        return self.package.order.customer_name or _("Name erased")

    @property
    def select_words(self) -> str:
        return _("Select %(number)s") % {"number": self.package.number}

    @property
    def items_words(self) -> SafeString:
        return items_words(get_language(), self.package.item_count)

    @property
    def phone_end(self) -> str:
        return self.package.order.phone_number[-4:]

    @property
    def delivery_from_store(self) -> str:
        return _("Yes") if self.package.order.delivery_type == DeliveryType.IN_STORE else _("No")

    @property
    def delivery_type(self) -> str:
        return DeliveryType(self.package.order.delivery_type).label

    @property
    def shelf(self) -> ShelfBadge:
        """Where it lies, as the lists and dialogs show it; a long name is set smaller."""
        return self.shelf_badge(fits=FITS_A_ROW)

    @property
    def shelf_on_page(self) -> ShelfBadge:
        """The same on the package's own page, where there is more room."""
        return self.shelf_badge(fits=FITS_THE_PAGE)

    def shelf_badge(self, *, fits: int) -> ShelfBadge:
        if self.has_ended:
            return ShelfBadge(kind="done", label=self.status.words, icon="check" if self.is_delivered else "cross")
        if not self.package.shelf:
            return ShelfBadge(kind="none", label=_("No shelf yet"))
        kind = "long" if len(self.package.shelf) > fits else ""
        return ShelfBadge(kind=kind, label=_("Shelf"), name=self.package.shelf)

    @property
    def bags(self) -> str:
        """In how many bags it is; nothing where nobody has said."""
        number = self.package.bags
        return ngettext("%(n)d bag", "%(n)d bags", number) % {"n": number} if number else ""

    @property
    def is_locked_in_store(self) -> bool:
        """Whether the page has to say that the code is locked: not where the package is held back anyway."""
        return self.lock is not None and not self.package.is_held_back

    @property
    def hand_over_sentence(self) -> str:
        """What is taken from where, for the moment of the handover."""
        package = self.package
        if package.shelf and package.bags:
            words = ngettext(
                "Hand over %(n)s bag from shelf %(shelf)s", "Hand over %(n)s bags from shelf %(shelf)s", package.bags
            )
            return words % {"n": package.bags, "shelf": package.shelf}
        if package.shelf:
            return _("Hand over the package from shelf %(shelf)s") % {"shelf": package.shelf}
        return _("Hand over the package")

    @property
    def is_delivered(self) -> bool:
        return self.package.state.enum_value == states.DELIVERED

    @property
    def is_ready(self) -> bool:
        return self.package.state.enum_value == states.READY

    @property
    def is_being_packed(self) -> bool:
        return self.package.state.enum_value in states.TO_PACK

    @property
    def has_ended(self) -> bool:
        return self.package.has_ended

    @property
    def stays_on_shelf(self) -> bool:
        """Whether it lies on a shelf that has a name, and nothing takes it from there."""
        return bool(self.package.shelf) and not self.has_ended

    @cached_property
    def status(self) -> Badge:
        return badges.status(self.package)

    @cached_property
    def hold(self) -> Badge | None:
        """Shown beside the status while somebody must look at what is in it, or whether it is there."""
        return badges.hold(self.package)

    @cached_property
    def lock(self) -> Badge | None:
        """Shown beside the status while the code is locked."""
        return badges.lock(self.package, self.values)

    @cached_property
    def lock_sentence(self) -> str:
        """Whose limit was reached, and what helps."""
        return attempts.lock_refusal(self.package, self.values).detail if self.lock else ""

    @property
    def due_label(self) -> str:
        """What the time beside it means, on the package's own page."""
        if self.is_delivered:
            return _("Handed over")
        if self.has_ended:
            return _("Ended")
        return _("Collect by") if self.is_ready else _("Due")

    @cached_property
    def due(self) -> Badge:
        return badges.due(self.package, self.values)

    @cached_property
    def message(self) -> Badge:
        return badges.message(self.package)

    @cached_property
    def sms(self) -> Badge:
        """The same where no heading says that it is the message's."""
        return badges.sms(self.package)
