"""Which buttons a package has. They come from `available_commands()`; here they are only put in their places."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from clickcollect.oms import states
from clickcollect.oms.access import Actor
from clickcollect.oms.app_settings import Values
from clickcollect.oms.commands.available import Offer, offers_of
from clickcollect.oms.commands.base import Input
from clickcollect.oms.commands.run import Available
from clickcollect.oms.models import Package

RESEND: Final = "RESEND_CODE"
NEW_CODE: Final = "SEND_NEW_CODE"
DEFAULT_DIGITS: Final = 6


@dataclass(frozen=True)
class Button:
    """One command of one package. ``needs_manager``: only a manager may run it, and signs for it on this device."""

    package: Package
    available: Available
    needs_manager: bool = False

    @property
    def slug(self) -> str:
        return self.available.row.slug

    @property
    def code(self) -> str:
        return self.available.row.command_code

    @property
    def label(self) -> str:
        return self.available.label

    @property
    def needs_otp(self) -> bool:
        return self.available.needs_otp

    @property
    def hands_over(self) -> bool:
        return self.available.command.hands_over

    @property
    def title(self) -> str:
        """The heading of its dialog."""
        return _("Verify pickup code") if self.needs_otp else self.label

    @property
    def confirm_label(self) -> str:
        """The word on the dialog's main button."""
        return _("Verify and deliver") if self.needs_otp else self.label

    @property
    def inputs(self) -> list[Input]:
        """Everything asked for but the code, which has its own field."""
        return [item for item in self.available.inputs if item.kind != "otp"]

    @property
    def cannot_be_undone(self) -> bool:
        return self.available.row.destination.enum_value in states.ENDED

    @property
    def opens_dialog(self) -> bool:
        """A dialog opens where something is asked, somebody signs, or the package ends for good."""
        return bool(self.available.inputs) or self.needs_manager or self.cannot_be_undone

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
    """The buttons of a package in their places."""

    main: Button | None
    main_label: str
    more: list[Button]
    is_locked: bool = False

    @property
    def all(self) -> list[Button]:
        return [self.main, *self.more] if self.main else self.more

    def of(self, code: str) -> Button | None:
        """The button of that command code; one that needs no manager first."""
        found = [button for button in self.all if button.code == code]
        return min(found, key=lambda button: button.needs_manager, default=None)


def buttons_of(package: Package, actor: Actor) -> Buttons:
    """One main button, and all the others under *More*, as `offers.py` decides."""
    offers = offers_of(package=package, actor=actor)
    main = button_of(package, offers.main) if offers.main else None
    label = ""
    if main:
        label = _("Ask a manager") if main.needs_manager else main.label
    more = [button_of(package, offer) for offer in offers.more]
    return Buttons(main=main, main_label=label, more=more, is_locked=bool(offers.lock))


def button_of(package: Package, offer: Offer) -> Button:
    return Button(package, offer.available, offer.needs_manager)


def resend_wait(package: Package, values: Values) -> int:
    """Seconds until the code may be sent again; 0 = now."""
    if not package.code_sent_at:
        return 0
    pause = timedelta(seconds=values["OTP_RESEND_COOLDOWN_SECONDS"])
    return max(0, -int(-(package.code_sent_at[-1] + pause - package.clock).total_seconds() // 1))
