"""Small pieces of markup that stand in many places: icons, marks, the end of a phone number."""

from datetime import datetime
from functools import lru_cache

from django import template
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from clickcollect.accounts.adapters import OMS_WEB_HOME
from clickcollect.accounts.models import User
from clickcollect.instore import pin_sign_in, store_session, time_format
from clickcollect.instore.badges import Badge
from clickcollect.instore.package_row import ShelfBadge
from clickcollect.omnitron.models import RetailStore
from clickcollect.oms import app_settings

register = template.Library()


@register.simple_tag
@lru_cache(maxsize=256)
def icon(name: str, size: str = "", extra: str = "") -> SafeString:
    """An icon of the sprite. It is never the only carrier of a meaning, so screen readers skip it."""
    classes = " ".join(filter(None, ("icon", f"icon--{size}" if size else "", extra)))
    return format_html(
        '<svg class="{}" viewBox="0 0 24 24" aria-hidden="true"><use href="{}#{}"/></svg>',
        classes,
        static("instore/icons.svg"),
        name,
    )


@register.simple_tag
@lru_cache(maxsize=1024)
def badge(badge: Badge, extra: str = "") -> SafeString:
    """Icon, word, and beside it the time or the reason."""
    small = format_html(" <small><bdi>{}</bdi></small>", badge.small) if badge.small else ""
    return format_html(
        '<span class="badge badge--{}{}">{}<span><strong>{}</strong>{}</span></span>',
        badge.kind,
        f" {extra}" if extra else "",
        icon(badge.icon, "sm"),
        badge.words,
        small,
    )


@register.simple_tag
@lru_cache(maxsize=1024)
def shelf(shelf: ShelfBadge, size: str = "") -> SafeString:
    """Where a package lies."""
    kinds = [f" shelf--{kind}" for kind in (size, shelf.kind) if kind]
    if shelf.icon:
        inner = icon(shelf.icon, "" if size else "sm")
    elif shelf.name:
        inner = format_html('<span class="shelf-name" dir="auto">{}</span>', shelf.name)
    else:
        inner = mark_safe('<span aria-hidden="true">–</span>')
    return format_html(
        '<span class="shelf{}"><span class="visually-hidden">{} </span>{}</span>', "".join(kinds), shelf.label, inner
    )


@register.simple_tag
def phone_end(digits: str) -> SafeString:
    """The last four digits of a phone number: enough to ask for, not enough to call."""
    if not digits:
        return SafeString("")
    return format_html(
        '<span class="visually-hidden">{} </span><span aria-hidden="true">•••• </span><bdi>{}</bdi>',
        _("Phone ends in"),
        digits,
    )


@register.filter
def language_name(code: str) -> str:
    """ "Turkish", in the language of the page; the code itself for a language we have no name for."""
    try:
        return str(get_language_info(code.split("-", maxsplit=1)[0])["name_translated"])
    except KeyError:
        return code


@register.filter
def when(moment: datetime) -> str:
    """Thu 19 Nov 09:12, in the store's time."""
    return time_format.full(moment)


@register.simple_tag(takes_context=True)
def device_store(context: template.Context) -> RetailStore | None:
    """The store this device stands in, for the sign-in page."""
    return store_session.device_store(context["request"])


@register.simple_tag(takes_context=True)
def sign_in_app(context: template.Context) -> str:
    """The part of the product that the sign-in leads to, as far as the address says."""
    request = context["request"]
    following = request.POST.get("next") or request.GET.get("next", "")
    return "OMS WEB" if following.startswith(OMS_WEB_HOME) else "Instore"


@register.simple_tag
def idle_minutes(store: RetailStore | None) -> int:
    """After how many minutes without a touch a device of this store locks itself."""
    return int(app_settings.settings_in_force(store.pk if store else None)["INSTORE_IDLE_LOCK_MINUTES"])


@register.filter
@lru_cache(maxsize=64)
def breakable(word: str) -> SafeString:
    """A word that may end its line after an underscore."""
    return format_html_join(mark_safe("_<wbr>"), "{}", ((part,) for part in word.split("_")))


@register.simple_tag(takes_context=True)
def quick_people(context: template.Context) -> list[User]:
    """The people who may come back to this device with their PIN."""
    return pin_sign_in.switchable(context["request"])
