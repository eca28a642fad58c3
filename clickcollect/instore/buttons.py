"""A package's commands as buttons: what `oms/commands/available.py` offers, with what only the page needs."""

from dataclasses import dataclass
from typing import Final

from django.utils.functional import cached_property

from clickcollect.instore.store_session import StoreSession
from clickcollect.oms.commands.available import Offer, offer_by_code, offers_of
from clickcollect.oms.commands.base import Input
from clickcollect.oms.models import Package

DEFAULT_DIGITS: Final = 6


@dataclass(frozen=True, kw_only=True)
class Button(Offer):
    """One command of one package."""

    package: Package

    @property
    def fields(self) -> list[Input]:
        """Everything asked for but the code, which has its own field."""
        return [item for item in self.inputs if item.kind != "otp"]

    @property
    def key(self) -> str:
        """A name for element ids."""
        return f"{'manager-' if self.needs_manager else ''}{self.slug}"

    @cached_property
    def digits(self) -> int:
        """How many slots the code's field shows: those of the code that was sent."""
        found = self.package.issues.filter(closed_at=None).values_list("digits", flat=True).first()
        return found or DEFAULT_DIGITS


@dataclass(frozen=True, kw_only=True)
class Buttons:
    """The buttons of a package in their places; all but the main one stand under *More*."""

    main: Button | None
    main_label: str
    more: list[Button]
    is_locked: bool = False

    @property
    def all(self) -> list[Button]:
        return [self.main, *self.more] if self.main else self.more

    def by_code(self, command_code: str) -> Button | None:
        """The button of that command code; one that needs no manager first."""
        return offer_by_code(self.all, command_code)


def buttons_of(package: Package, session: StoreSession) -> Buttons:
    """The buttons that this person sees."""
    offers = offers_of(package=package, actor=session.actor, known=session.configuration)
    return Buttons(
        main=button_of(package, offers.main) if offers.main else None,
        main_label=offers.main_label,
        more=[button_of(package, offer) for offer in offers.more],
        is_locked=bool(offers.lock),
    )


def button_of(package: Package, offer: Offer) -> Button:
    return Button(package=package, available=offer.available, needs_manager=offer.needs_manager)
