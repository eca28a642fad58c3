"""Every application setting: key, type, default, bounds, who may change it. How many wrong codes? Read on.

A value that is missing or unreadable counts as its default, which is always the safe one (fail closed).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.errors import ValidationFailed
from clickcollect.oms import configuration

ALIASES: Final = {"is_enabled_otp": "IS_OTP_ENABLED"}


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting. ``security`` ones are changed by administrators only; ``per_store`` ones may differ by store."""

    key: str
    default: bool | int | str
    help: Promise
    minimum: int = 0
    maximum: int = 0
    choices: tuple[str, ...] = ()
    security: bool = False
    per_store: bool = False

    @property
    def type_name(self) -> str:
        """The word of the documentation: boolean, integer or text."""
        return {bool: "boolean", int: "integer", str: "text"}[type(self.default)]

    def fault(self, value: object) -> str | None:
        """Say in a sentence why a value cannot be taken; None if it can."""
        if isinstance(self.default, bool):
            return None if isinstance(value, bool) else _("Give true or false.")
        if isinstance(self.default, int):
            if isinstance(value, int) and not isinstance(value, bool) and self.minimum <= value <= self.maximum:
                return None
            return _("Give a whole number from %(low)d to %(high)d.") % {"low": self.minimum, "high": self.maximum}
        if isinstance(value, str) and value in self.choices:
            return None
        return _("Give one of: %(choices)s.") % {"choices": ", ".join(self.choices)}


def _number(
    key: str,
    default: int,
    low: int,
    high: int,
    words: Promise,
    *,
    security: bool = False,
    per_store: bool = False,
) -> Setting:
    return Setting(
        key=key,
        default=default,
        minimum=low,
        maximum=high,
        help=words,
        security=security,
        per_store=per_store,
    )


SETTINGS: Final[dict[str, Setting]] = {
    setting.key: setting
    for setting in (
        Setting(
            key="IS_OTP_ENABLED",
            default=True,
            security=True,
            help=gettext_lazy(
                "Customers need a one-time code to collect. Off: new packages are handed over without one; "
                "packages that were sent a code keep needing it.",
            ),
        ),
        _number("OTP_LENGTH", 6, 4, 8, gettext_lazy("Digits of a new code."), security=True, per_store=True),
        _number("OTP_ATTEMPTS_PER_ISSUE", 5, 1, 10, gettext_lazy("Wrong codes until a code locks."), security=True),
        _number(
            "OTP_ATTEMPTS_PER_PACKAGE",
            10,
            1,
            20,
            gettext_lazy("Wrong codes in the life of a package, over all its codes."),
            security=True,
        ),
        _number(
            "OTP_ATTEMPTS_PER_EMPLOYEE_HOUR",
            10,
            1,
            100,
            gettext_lazy("Wrong codes of one employee within an hour."),
            security=True,
        ),
        _number(
            "OTP_ATTEMPTS_PER_EMPLOYEE_DAY",
            20,
            1,
            200,
            gettext_lazy("Wrong codes of one employee within a day."),
            security=True,
        ),
        _number("OTP_RESEND_COOLDOWN_SECONDS", 60, 10, 3600, gettext_lazy("Seconds between two sends of a code.")),
        _number("OTP_SENDS_PER_DAY", 5, 1, 20, gettext_lazy("Sends of a code within 24 hours, for one package.")),
        _number("OTP_NEW_CODES", 3, 0, 10, gettext_lazy("New codes for one package."), security=True),
        _number(
            "PICKUP_HOLD_DAYS",
            7,
            1,
            60,
            gettext_lazy("Open days of the store that a ready package waits for its customer."),
            per_store=True,
        ),
        _number(
            "PICKUP_EXTENSION_DAYS",
            3,
            1,
            30,
            gettext_lazy("Open days that Extend Pickup adds."),
            per_store=True,
        ),
        _number(
            "PICKUP_REMINDER_HOURS",
            24,
            1,
            168,
            gettext_lazy("Hours before the pickup deadline at which the customer is reminded."),
            per_store=True,
        ),
        _number(
            "PACK_WITHIN_HOURS",
            24,
            1,
            240,
            gettext_lazy("Opening hours of the store in which a new package should be packed."),
            per_store=True,
        ),
        _number(
            "URGENCY_SOON_HOURS", 36, 1, 240, gettext_lazy("Hours before the due time at which a package is “soon”.")
        ),
        _number(
            "READY_MESSAGE_ALARM_SECONDS",
            120,
            10,
            86400,
            gettext_lazy("Age of the oldest undelivered code message at which an alarm is raised."),
        ),
        _number(
            "ORDER_TO_REPAIR_ALARM_MINUTES",
            60,
            1,
            10080,
            gettext_lazy("Minutes that an order may wait to be repaired until an alarm is raised."),
        ),
        _number(
            "PERSONAL_DATA_DAYS",
            180,
            1,
            3650,
            gettext_lazy("Days after the end of an order at which its personal data is erased."),
            security=True,
        ),
        _number(
            "EVENT_SNAPSHOT_DAYS",
            30,
            1,
            365,
            gettext_lazy("Days that the contents of events are kept."),
            security=True,
        ),
        _number(
            "INSTORE_IDLE_LOCK_MINUTES",
            5,
            1,
            60,
            gettext_lazy("Minutes without a touch until a device locks itself, in Instore and in OMS WEB."),
        ),
        _number(
            "DRILL_ALARM_DAYS",
            7,
            0,
            365,
            gettext_lazy("Days after the last good restore drill at which an alarm is raised; 0 means never."),
        ),
        Setting(
            key="CONNECTOR_HOME_DELIVERY",
            default="keep",
            choices=("keep", "ignore"),
            help=gettext_lazy("What a connector does with an order that is not for a store."),
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
