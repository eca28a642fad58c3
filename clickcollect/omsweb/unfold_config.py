"""How OMS WEB looks: our name, our colours, what stands in the sidebar. Read by settings: imports no models."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

# The scales carry the design tokens; 600 is the accent, 500 the accent as ink in the dark.
PRIMARY = {
    "50": "#edf0fd",
    "100": "#dfe4fb",
    "200": "#c3cdf8",
    "300": "#9db0ff",
    "400": "#9db0ff",
    "500": "#9db0ff",
    "600": "#2746d1",
    "700": "#1f3ab5",
    "800": "#192f95",
    "900": "#1d2440",
    "950": "#141a30",
}
BASE = {
    "50": "#f5f5f3",
    "100": "#eeeeeb",
    "200": "#e4e4df",
    "300": "#c6c7c1",
    "400": "#979ba4",
    "500": "#656971",
    "600": "#494d55",
    "700": "#3a3e45",
    "800": "#2a2d33",
    "900": "#17191c",
    "950": "#0e0f11",
}


def allowed(right: str) -> Callable[[HttpRequest], bool]:
    """Whether a line of the sidebar is shown to this person."""

    def may_see(request: HttpRequest) -> bool:
        from clickcollect.omsweb.actor import may  # noqa: PLC0415  settings are read before models can be

        return may(request, right)

    return may_see


def link(title: Any, icon: str, view: str, right: str, *, badge: str = "") -> dict[str, Any]:
    """A line of the sidebar. ``badge``: the function in `badges` that says its figure."""
    line = {"title": title, "icon": icon, "link": reverse_lazy(f"omsweb:{view}"), "permission": allowed(right)}
    return line | ({"badge": f"clickcollect.omsweb.badges.{badge}"} if badge else {})


def wording_address(request: HttpRequest) -> str:  # noqa: ARG001
    """The Extension's page of wordings, on a host of its own."""
    from django.conf import settings  # noqa: PLC0415  they are being read

    return f"{settings.EXTENSION_URL}/templates/"


def may_see_wording(request: HttpRequest) -> bool:
    """Where `EXTENSION_URL` says that there is one; the page has a password of its own."""
    from django.conf import settings  # noqa: PLC0415

    return bool(settings.EXTENSION_URL) and allowed("settings:read")(request)


WORDING: dict[str, Any] = {
    "title": _("Wording of messages"),
    "icon": "edit_note",
    "link": wording_address,
    "permission": may_see_wording,
}


def group(title: Any, *items: dict[str, Any]) -> dict[str, Any]:
    return {"title": title, "items": list(items)}


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "OMS WEB",
    "SITE_HEADER": "clickcollect",
    "SITE_SUBHEADER": "OMS WEB",
    "SITE_URL": None,
    "SITE_ICON": lambda _request: static("omsweb/mark.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("omsweb/mark.svg")},
    ],
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "10px",
    "COLORS": {"primary": PRIMARY, "base": BASE},
    "STYLES": [lambda _request: static("omsweb/omsweb.css")],
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "navigation": [
            group(
                None,
                link(_("Dashboard"), "space_dashboard", "index", "packages:read"),
                link(_("Packages"), "package_2", "oms_package_changelist", "packages:read"),
                link(_("Orders"), "receipt_long", "omnitron_order_changelist", "orders:read"),
                link(
                    _("Orders to repair"),
                    "build",
                    "oms_ordertorepair_changelist",
                    "orders:read",
                    badge="orders_to_repair",
                ),
                link(_("Handovers to review"), "key", "reviews", "logs:read", badge="open_reviews"),
                link(_("Log"), "history", "oms_commandlog_changelist", "logs:read"),
            ),
            group(
                _("Process"),
                link(_("Command transitions"), "arrow_split", "oms_commandtransition_changelist", "process:read"),
                link(_("States"), "radio_button_partial", "oms_packagestate_changelist", "process:read"),
                link(_("Application settings"), "tune", "oms_appliedsetting_changelist", "settings:read"),
            ),
            group(
                _("Integrations"),
                link(_("Webhooks"), "webhook", "whisperer_hook_changelist", "hooks:read"),
                link(_("Deliveries"), "outgoing_mail", "whisperer_delivery_changelist", "hooks:read"),
                WORDING,
                link(_("API tokens"), "key", "accounts_apitoken_changelist", "tokens:write"),
            ),
            group(
                _("People and places"),
                link(_("Stores"), "storefront", "omnitron_retailstore_changelist", "stores:write"),
                link(_("Staff"), "group", "accounts_user_changelist", "staff:read"),
                link(_("Personal data"), "person_off", "privacy", "privacy:write"),
            ),
        ],
    },
}
