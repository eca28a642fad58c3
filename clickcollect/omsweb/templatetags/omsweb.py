"""The small signs of OMS WEB's tables: a state, a due time, a message. Words first, then an icon, then a colour."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from django import template
from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.db.models import Field, Model
from django.forms import BoundField, CheckboxInput, RadioSelect
from django.forms.utils import flatatt
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language_info, gettext_lazy
from django.utils.translation import gettext as _

from clickcollect.oms import app_settings, idle_lock, states
from clickcollect.oms.browser_sessions import configuration_of
from clickcollect.oms.codes import attempts
from clickcollect.oms.day_words import day_words
from clickcollect.oms.models import MessageState, Package, PackageState
from clickcollect.oms.urgency import Urgency, urgency_of
from clickcollect.whisperer.models import DeliveryState

register = template.Library()

MESSAGE_ICONS: Final = {
    MessageState.NONE: "",
    MessageState.QUEUED: "schedule",
    MessageState.ACCEPTED: "done",
    MessageState.DELIVERED: "done_all",
    MessageState.FAILED: "sms_failed",
}
# A status says what became of a package; these say that it is its message.
MESSAGE_WORDS: Final = {
    MessageState.NONE: gettext_lazy("Not sent yet"),
    MessageState.QUEUED: gettext_lazy("SMS queued"),
    MessageState.ACCEPTED: gettext_lazy("SMS accepted"),
    MessageState.DELIVERED: gettext_lazy("SMS delivered"),
    MessageState.FAILED: gettext_lazy("SMS failed"),
}
URGENCY_ICONS: Final = {
    Urgency.OVERDUE: "dangerous",
    Urgency.TODAY: "schedule",
    Urgency.SOON: "event",
    Urgency.FINE: "event_available",
}

REASONS: Final = {
    "no_receiver": gettext_lazy("No program is set up to receive it. Add a webhook."),
}


DELIVERY_BADGES: Final[Mapping[str, str]] = {
    DeliveryState.DELIVERED: "ow-badge-ok",
    DeliveryState.DEAD: "ow-badge-bad",
    DeliveryState.RETRYING: "ow-badge-warn",
}


@register.simple_tag
def icon(name: str) -> SafeString:
    """A picture beside words that say the same."""
    if not name:
        return SafeString()
    return format_html('<span class="material-symbols-outlined" aria-hidden="true">{}</span>', name)


CLOCKS: Final = {"H:i": "%H:%M", "H:i:s": "%H:%M:%S"}


@register.simple_tag
def moment(at: datetime | None, words: str) -> SafeString:
    """A moment by the page's clock; who points at it reads it in UTC. ``words``: a day and a clock, "j M Y, H:i"."""
    if at is None:
        return SafeString("–")
    day, clock = words.split(", ")
    local, in_utc = timezone.localtime(at), at.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC">{}, {}</time>',
        in_utc.isoformat(timespec="seconds"),
        in_utc.strftime("%Y-%m-%d %H:%M:%S"),
        day_words(local.date(), day),
        local.strftime(CLOCKS[clock]),
    )


@register.simple_tag
def state(value: PackageState) -> SafeString:
    """A state: a circle that fills, and its name."""
    return state_mark(value.enum_value, _(value.name))


@lru_cache(maxsize=256)
def state_mark(number: str, words: str) -> SafeString:
    return format_html(
        '<span class="ow-state ow-state-{}"><span class="ow-dot" aria-hidden="true"></span>{}</span>', number, words
    )


@register.simple_tag(takes_context=True)
def lock(context: dict[str, Any], package: Package) -> SafeString:
    """Code locked, where it is. A store's limits are read once for a page, and only where wrong codes were entered."""
    if not package.total_attempts:
        return SafeString()
    limits: dict[int, app_settings.Values] = context["request"].__dict__.setdefault("omsweb_limits", {})
    store_id = package.stock_location_id
    if store_id not in limits:
        limits[store_id] = app_settings.settings_in_force(store_id)
    if not attempts.is_code_locked(package, limits[store_id]):
        return SafeString()
    return lock_mark()


@register.simple_tag
def lock_mark() -> SafeString:
    """Code locked."""
    return format_html('<span class="ow-mark ow-lock">{}<strong>{}</strong></span>', icon("lock"), _("Code locked"))


@register.simple_tag
def hold(package: Package) -> SafeString:
    """What somebody must do in the store before the package goes further; nothing where it is free to."""
    if package.is_held_back:
        return SafeString()
    if package.awaits_confirmation:
        return hold_mark(_("Confirm on shelf"))
    if package.goods_to_take_out and package.state.enum_value == states.PACKED:
        return hold_mark(_("Take items out"))
    return SafeString()


def hold_mark(words: str) -> SafeString:
    return format_html('<span class="ow-mark ow-hold">{}<strong>{}</strong></span>', icon("error"), words)


@register.simple_tag
def message(package: Package) -> SafeString:
    """What is known of the customer's newest message."""
    kind = MessageState(package.message_state)
    if kind == MessageState.NONE:
        words = _("No SMS sent") if package.state.enum_value in states.ENDED else _("No SMS sent yet")
        return format_html('<span class="ow-muted">{}</span>', words)
    return message_mark(kind, str(MESSAGE_WORDS[kind]))


@lru_cache(maxsize=64)
def message_mark(kind: MessageState, words: str) -> SafeString:
    return format_html('<span class="ow-mark ow-message-{}">{}{}</span>', kind.value, icon(MESSAGE_ICONS[kind]), words)


def soon_hours_for(request: HttpRequest) -> int:
    """What “soon” means, by the setting; read once for a request."""
    known: int | None = getattr(request, "omsweb_soon_hours", None)
    if known is None:
        known = int(app_settings.Values(configuration_of(request.session).settings_of(None))["URGENCY_SOON_HOURS"])
        request.omsweb_soon_hours = known  # type: ignore[attr-defined]
    return known


@register.simple_tag(takes_context=True)
def idle_minutes(context: dict[str, Any]) -> int:
    """After how many minutes without a touch the page locks."""
    return idle_lock.shown_minutes(context["request"])


@register.simple_tag(takes_context=True)
def due(context: dict[str, Any], package: Package) -> SafeString:
    """When it is due, by the page's clock, with how urgent that is in words; what is held back is due no more."""
    if package.is_held_back:
        words = _("Being cancelled")
        return format_html('<span class="ow-mark ow-due-overdue">{}<strong>{}</strong></span>', icon("block"), words)
    if package.due_at is None:
        return format_html('<span class="ow-muted">{}</span>', "–")
    zone = ZoneInfo(package.stock_location.time_zone)
    soon_hours = soon_hours_for(context["request"])
    level = urgency_of(package.due_at, now=package.clock, soon_hours=soon_hours, zone=zone)
    is_uncollected = level is Urgency.OVERDUE and package.state.enum_value == states.READY
    words = _("Not collected") if is_uncollected else str(level.label)  # the customer is late, not the store
    return due_mark(level, words, moment(package.due_at, "D j M, H:i"))


@lru_cache(maxsize=512)
def due_mark(level: Urgency, words: str, when: SafeString) -> SafeString:
    return format_html(
        '<span class="ow-mark ow-due-{}">{}<span><strong>{}</strong> <small>{}</small></span></span>',
        level.value,
        icon(URGENCY_ICONS[level]),
        words,
        when,
    )


@register.simple_tag
def count_of(counts: Mapping[str, int], key: str) -> int | str:
    """How many; nothing where nothing is counted."""
    return counts.get(key, "–")


@register.filter
def choice_words(row: Model, name: str) -> str:
    """What the choice in a field is called. Django's get_…_display says the same, and hashes every label for it."""
    value = getattr(row, name)
    return str(labels_of(type(row), name).get(value, value))


@cache
def labels_of(model: type[Model], name: str) -> dict[Any, Any]:
    field = cast("Field[Any, Any]", model._meta.get_field(name))  # noqa: SLF001
    return dict(field.flatchoices)


@register.filter
def reason(text: str) -> str:
    """Why a message failed, in words; what a provider said stays as it said it."""
    return str(REASONS.get(text, text))


@register.filter
def delivery_badge(state: str) -> str:
    """The colour of a delivery's state, as a class; none while it is on its way."""
    return DELIVERY_BADGES.get(state, "")


@register.filter
def verdict(message: Message) -> str:
    """How a message to the person at the screen looks: bad, warn or ok."""
    return {messages.ERROR: "bad", messages.WARNING: "warn"}.get(message.level, "ok")


@register.filter
def breakable(name: str) -> SafeString:
    """A long name that a narrow column may break after its dots, dashes, underscores and slashes, not within a part."""
    parts = re.findall(r"[^._/:-]*[._/:-]+|[^._/:-]+", name)
    return format_html_join(mark_safe("<wbr>"), "{}", ((part,) for part in parts))


@register.filter
def language_words(code: str) -> str:
    """A language by its name; one that nobody knows by its code, and none as a dash."""
    try:
        return str(get_language_info(code)["name_translated"]) if code else "–"
    except KeyError:
        return code


@register.filter
def widget_kind(field: BoundField) -> str:
    """How a form field is laid out: a single box, a list of boxes, or anything with a label above it."""
    if isinstance(field.field.widget, RadioSelect):  # Django's boxes for many are of that class, too
        return "checks"
    return "check" if isinstance(field.field.widget, CheckboxInput) else "plain"


@register.filter
def option_element(option: dict[str, Any]) -> SafeString:
    """One option of a choice."""
    return format_html('<option value="{}"{}>{}</option>', option["value"], flatatt(option["attrs"]), option["label"])


@register.filter
def is_optional(field: BoundField) -> bool:
    """Whether a field may stay empty: neither the form nor the domain asks for it."""
    return not field.field.required and not getattr(field.field, "is_needed", False)
