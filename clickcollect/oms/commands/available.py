"""What can be done with a package now, which of it is the main button, and what a dialog says (contract section 6).

Doors place these offers on their pages; they decide nothing about them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

from django.utils.translation import gettext as _

from clickcollect.oms import configuration, deadlines, states
from clickcollect.oms.access import Actor
from clickcollect.oms.app_settings import Values
from clickcollect.oms.codes import attempts
from clickcollect.oms.commands.base import Input
from clickcollect.oms.commands.run import Available, available_commands
from clickcollect.oms.configuration import Configuration
from clickcollect.oms.models import Package

CONFIRM: Final = "CONFIRM_ON_SHELF"
TAKEN_OUT: Final = "CONFIRM_TAKEN_OUT"
CONFIRMATIONS: Final = frozenset({CONFIRM, TAKEN_OUT})
EXTEND: Final = "EXTEND_PICKUP"
NEW_CODE: Final = "SEND_NEW_CODE"
RESEND: Final = "RESEND_CODE"
UNLOCK: Final = "UNLOCK_CODE"


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One command of one package. ``needs_manager``: this person may not run it; a manager of the store can sign."""

    available: Available
    needs_manager: bool = False

    @property
    def transition_id(self) -> int:
        return self.available.transition.pk

    @property
    def slug(self) -> str:
        return self.available.transition.slug

    @property
    def command_code(self) -> str:
        return self.available.transition.command_code

    @property
    def label(self) -> str:
        """The word on its button."""
        return self.available.label

    @property
    def needs_otp(self) -> bool:
        return self.available.needs_otp

    @property
    def hands_over(self) -> bool:
        return self.available.command.hands_over

    @property
    def inputs(self) -> list[Input]:
        """Everything it asks for."""
        return self.available.inputs

    @property
    def title(self) -> str:
        """The heading of its dialog."""
        if self.needs_otp:
            return _("Verify pickup code")
        return _("Manager: %(command)s") % {"command": self.label} if self.needs_manager else self.label

    @property
    def confirm_label(self) -> str:
        """The word on the dialog's main button."""
        return _("Verify and deliver") if self.needs_otp else self.label

    @property
    def cannot_be_undone(self) -> bool:
        """Whether the package ends with it: no command leads back."""
        return self.available.transition.destination.enum_value in states.ENDED

    @property
    def opens_dialog(self) -> bool:
        """Whether it is confirmed first: where something is asked, somebody signs, or it cannot be undone."""
        return bool(self.inputs) or self.needs_manager or self.cannot_be_undone

    @property
    def hands_over_unasked(self) -> bool:
        """Whether it hands the package over after a plain confirmation, because no code was sent."""
        return self.hands_over and not self.inputs


AnyOffer = TypeVar("AnyOffer", bound=Offer)


@dataclass(frozen=True, kw_only=True)
class Offers:
    """The commands on offer. ``lock``: whose limit of wrong codes was reached, while no code is compared."""

    main: Offer | None
    more: list[Offer]
    lock: str

    @property
    def all(self) -> list[Offer]:
        return [self.main, *self.more] if self.main else self.more

    def by_code(self, command_code: str) -> Offer | None:
        """The offer of that command code; one that needs no manager first."""
        return offer_by_code(self.all, command_code)

    @property
    def main_label(self) -> str:
        """The word on the main button (contract section 6)."""
        if self.main is None:
            return ""
        return _("Ask a manager") if self.main.needs_manager else self.main.label


def offers_of(*, package: Package, actor: Actor, known: Configuration | None = None) -> Offers:
    """One main command, and all the others: those this person may run first, each in the order of the list.

    ``known``: the configuration, where the caller has read it.
    The row marked primary is the main one; after a restore the confirmation that the package is there; after the shop
    took something off, that it was taken out; past the pickup time what moves that time, and while the code is locked
    what helps this person: a manager unlocks, an associate sends a new code, or asks a manager where none helps.
    """
    known = known or configuration.current()
    values = Values(known.settings_of(package.stock_location_id))
    found = available_commands(package=package, actor=actor, values=values, known=known, with_manager=True)
    offers = [Offer(available=item, needs_manager=not actor.may_run(item.transition.command_code)) for item in found]
    offers.sort(key=lambda offer: offer.needs_manager)
    lock = attempts.lock_refusal(package, values).detail if attempts.is_code_locked(package, values) else ""
    primary = (offer for offer in offers if offer.available.transition.is_primary and not offer.needs_manager)
    wanted = comes_first(package=package, actor=actor, is_locked=bool(lock))
    main = next(filter(None, (offer_by_code(offers, code) for code in wanted)), next(primary, None))
    return Offers(main=main, more=[offer for offer in offers if offer is not main], lock=lock)


def comes_first(*, package: Package, actor: Actor, is_locked: bool) -> tuple[str, ...]:
    """The command codes that come before the row marked primary; the first on offer wins."""
    if package.shelf_unconfirmed_since is not None:
        return (CONFIRM,)
    if package.take_out:
        return (TAKEN_OUT,)
    if deadlines.is_past_pickup(package):
        return (EXTEND,)
    if not is_locked:
        return ()
    return (UNLOCK, NEW_CODE) if actor.may_run(UNLOCK) else (NEW_CODE, UNLOCK)


def offer_by_code(offers: Iterable[AnyOffer], command_code: str) -> AnyOffer | None:
    """The first of these with that command code; one that needs no manager before one that does."""
    found = [offer for offer in offers if offer.command_code == command_code]
    return min(found, key=lambda offer: offer.needs_manager, default=None)
