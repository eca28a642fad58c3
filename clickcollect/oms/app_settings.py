"""Every application setting: key, type, default, bounds, who may change it. How many wrong codes? Read on.

A value that is missing or unreadable counts as its default, which is always the safe one (fail closed).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.errors import ValidationFailed
from clickcollect.oms import configuration, units

ALIASES: Final = {"is_enabled_otp": "IS_OTP_ENABLED"}


class Safer(StrEnum):
    """Which values of a number are safer than its default."""

    LOWER = "lower"
    HIGHER = "higher"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting. ``security`` ones are changed by administrators only; ``per_store`` ones may differ by store.

    ``title``, ``unit`` and ``choice_labels`` are its words on screen. ``safer``: the side of the default on which a
    number is safer, where the other one weakens the protection of packages or people; ``warning``: what that means.
    """

    key: str
    default: bool | int | str
    help: Promise
    title: Promise | str = ""
    unit: units.Unit | None = None
    choice_labels: tuple[Promise, ...] = ()
    safer: Safer | None = None
    warning: Promise | str = ""
    minimum: int = 0
    maximum: int = 0
    choices: tuple[str, ...] = ()
    security: bool = False
    per_store: bool = False

    @property
    def type_name(self) -> str:
        """The word of the documentation: boolean, integer or text."""
        return {bool: "boolean", int: "integer", str: "text"}[type(self.default)]

    def words(self, value: Any) -> str:
        """A value as people read it."""
        if isinstance(value, bool):
            return _("On") if value else _("Off")
        if self.unit and isinstance(value, int):
            return self.unit(value)
        return str(dict(zip(self.choices, self.choice_labels, strict=False)).get(value, value))

    def is_weakened_by(self, value: Any) -> bool:
        """Whether a value protects less than the default does."""
        if isinstance(self.default, bool):
            return bool(self.warning) and value is not self.default
        if not isinstance(self.default, int) or self.safer is None:
            return False
        return bool(value > self.default if self.safer is Safer.LOWER else value < self.default)

    def fault(self, value: object) -> str | None:
        """Say in a sentence why a value cannot be taken; None if it can."""
        if isinstance(self.default, bool):
            return None if isinstance(value, bool) else _("Choose on or off (true or false).")
        if isinstance(self.default, int):
            if isinstance(value, int) and not isinstance(value, bool) and self.minimum <= value <= self.maximum:
                return None
            return _("Enter a whole number from %(low)d to %(high)d.") % {"low": self.minimum, "high": self.maximum}
        if isinstance(value, str) and value in self.choices:
            return None
        return _("Choose one of: %(choices)s.") % {"choices": ", ".join(self.choices)}


def _number(key: str, default: int, low: int, high: int, words: Promise, **fields: Any) -> Setting:
    return Setting(key=key, default=default, minimum=low, maximum=high, help=words, **fields)


SETTINGS: Final[dict[str, Setting]] = {
    setting.key: setting
    for setting in (
        Setting(
            key="IS_OTP_ENABLED",
            default=True,
            security=True,
            title=gettext_lazy("Pickup codes"),
            help=gettext_lazy(
                "Customers need a one-time code to collect. If off, new packages are handed over without one; "
                "packages that were sent a code still need it.",
            ),
            warning=gettext_lazy(
                "While codes are off, new packages are handed over without one: anyone who knows the order can walk "
                "out with it.",
            ),
        ),
        _number(
            "OTP_LENGTH",
            6,
            4,
            8,
            gettext_lazy("Number of digits in a new pickup code."),
            title=gettext_lazy("Pickup code length"),
            unit=units.digits,
            safer=Safer.HIGHER,
            security=True,
            per_store=True,
        ),
        _number(
            "OTP_ATTEMPTS_PER_ISSUE",
            5,
            1,
            10,
            gettext_lazy("How many wrong entries lock a code."),
            title=gettext_lazy("Wrong codes before a code locks"),
            unit=units.wrong_codes,
            safer=Safer.LOWER,
            security=True,
        ),
        _number(
            "OTP_ATTEMPTS_PER_PACKAGE",
            10,
            1,
            20,
            gettext_lazy("How many wrong entries lock a package, across all its codes."),
            title=gettext_lazy("Wrong codes per package"),
            unit=units.wrong_codes,
            safer=Safer.LOWER,
            security=True,
        ),
        _number(
            "OTP_ATTEMPTS_PER_EMPLOYEE_HOUR",
            10,
            1,
            100,
            gettext_lazy("How many wrong codes one employee can enter within an hour."),
            title=gettext_lazy("Wrong codes per employee and hour"),
            unit=units.wrong_codes,
            safer=Safer.LOWER,
            security=True,
        ),
        _number(
            "OTP_ATTEMPTS_PER_EMPLOYEE_DAY",
            20,
            1,
            200,
            gettext_lazy("How many wrong codes one employee can enter within a day."),
            title=gettext_lazy("Wrong codes per employee and day"),
            unit=units.wrong_codes,
            safer=Safer.LOWER,
            security=True,
        ),
        _number(
            "OTP_RESEND_COOLDOWN_SECONDS",
            60,
            10,
            3600,
            gettext_lazy("Time between two sends of the same code."),
            title=gettext_lazy("Wait before a code is resent"),
            unit=units.seconds,
        ),
        _number(
            "OTP_SENDS_PER_DAY",
            5,
            1,
            20,
            gettext_lazy("How many times a code can be sent for one package within 24 hours."),
            title=gettext_lazy("Sends of a code per day"),
            unit=units.sends,
        ),
        _number(
            "OTP_NEW_CODES",
            3,
            0,
            10,
            gettext_lazy("How many new codes can be sent for one package."),
            title=gettext_lazy("New codes per package"),
            unit=units.new_codes,
            safer=Safer.LOWER,
            security=True,
        ),
        _number(
            "PICKUP_HOLD_DAYS",
            7,
            1,
            60,
            gettext_lazy("How long a ready package is kept for its customer, in days the store is open."),
            title=gettext_lazy("Pickup period"),
            unit=units.opening_days,
            per_store=True,
        ),
        _number(
            "PICKUP_EXTENSION_DAYS",
            3,
            1,
            30,
            gettext_lazy("How many days Extend Pickup adds, counting days the store is open."),
            title=gettext_lazy("Pickup extension"),
            unit=units.opening_days,
            per_store=True,
        ),
        _number(
            "PICKUP_REMINDER_HOURS",
            24,
            1,
            168,
            gettext_lazy("How long before the pickup deadline the customer is reminded."),
            title=gettext_lazy("Pickup reminder"),
            unit=units.hours,
            per_store=True,
        ),
        _number(
            "PACK_WITHIN_HOURS",
            24,
            1,
            240,
            gettext_lazy("How soon a new package should be packed, in the store's opening hours."),
            title=gettext_lazy("Time to pack"),
            unit=units.opening_hours,
            per_store=True,
        ),
        _number(
            "URGENCY_SOON_HOURS",
            36,
            1,
            240,
            gettext_lazy("How long before its due time a package is shown as due soon."),
            title=gettext_lazy("Due soon"),
            unit=units.hours,
        ),
        _number(
            "READY_MESSAGE_ALARM_SECONDS",
            120,
            10,
            86400,
            gettext_lazy("How long a code can wait to be sent before an alarm is raised."),
            title=gettext_lazy("Alarm for late codes"),
            unit=units.seconds,
        ),
        _number(
            "ORDER_TO_REPAIR_ALARM_MINUTES",
            60,
            1,
            10080,
            gettext_lazy("How long an order can wait to be repaired before an alarm is raised."),
            title=gettext_lazy("Alarm for orders to repair"),
            unit=units.minutes,
        ),
        _number(
            "PERSONAL_DATA_DAYS",
            180,
            1,
            3650,
            gettext_lazy("How long after an order ends its personal data is erased."),
            title=gettext_lazy("Personal data kept"),
            unit=units.days,
            safer=Safer.LOWER,
            security=True,
        ),
        _number(
            "EVENT_SNAPSHOT_DAYS",
            30,
            1,
            365,
            gettext_lazy("How long the contents of sent events are kept."),
            title=gettext_lazy("Contents of events kept"),
            unit=units.days,
            safer=Safer.LOWER,
            security=True,
        ),
        _number(
            "INSTORE_IDLE_LOCK_MINUTES",
            5,
            1,
            60,
            gettext_lazy("How long a device can be inactive before Instore and OMS WEB lock."),
            title=gettext_lazy("Automatic lock"),
            unit=units.minutes,
            safer=Safer.LOWER,
        ),
        _number(
            "DRILL_ALARM_DAYS",
            7,
            0,
            365,
            gettext_lazy("How long after the last successful restore drill an alarm is raised. 0 means never."),
            title=gettext_lazy("Alarm for restore drills"),
            unit=units.days,
        ),
        Setting(
            key="CONNECTOR_HOME_DELIVERY",
            default="keep",
            choices=("keep", "ignore"),
            choice_labels=(gettext_lazy("Keep"), gettext_lazy("Ignore")),
            title=gettext_lazy("Home deliveries from connectors"),
            help=gettext_lazy("What a connector does with an order that is not for a store."),
        ),
        Setting(
            key="CONNECTOR_PAYMENT_PENDING",
            default="keep",
            choices=("keep", "ignore"),
            choice_labels=(gettext_lazy("Pack"), gettext_lazy("Wait for payment")),
            title=gettext_lazy("Unpaid orders from connectors"),
            help=gettext_lazy("What a connector does with an order that is not paid yet."),
        ),
    )
}


class Values(Mapping[str, Any]):
    """The settings in force, for one store or for all, as they were at one moment."""

    def __init__(self, applied: Mapping[str, Any]) -> None:
        self._applied = applied

    def __getitem__(self, key: str) -> Any:
        setting = SETTINGS[key]
        value = self._applied.get(key, setting.default)
        return value if setting.fault(value) is None else setting.default

    def __iter__(self) -> Any:
        return iter(SETTINGS)

    def __len__(self) -> int:
        return len(SETTINGS)

    @property
    def is_otp_enabled(self) -> bool:
        return bool(self["IS_OTP_ENABLED"])


def settings_in_force(store_id: int | None = None) -> Values:
    """The settings in force; a store's own value wins over the general one."""
    return Values(configuration.current().settings_of(store_id))


def setting_by_key(key: str) -> Setting:
    """Find a setting by its key or alias. Raises ValidationFailed on ``json_value`` (contract section 2)."""
    setting = SETTINGS.get(ALIASES.get(key, key))
    if setting is None:
        raise ValidationFailed.of("json_value", _("There is no setting “%(key)s”.") % {"key": key[:64]})
    return setting
