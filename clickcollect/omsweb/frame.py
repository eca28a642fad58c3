"""What stands around every page of OMS WEB: its look, the same for everybody, and one person's sidebar.

Unfold's own reads and copies its whole settings some thirty times for a page, and lists Django's apps besides.
"""

from functools import cache
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.module_loading import import_string
from unfold.settings import get_config
from unfold.utils import convert_color

from clickcollect.omsweb.unfold_config import UNFOLD


@cache
def look() -> dict[str, Any]:
    """Names, and the colours as properties of a style sheet."""
    scales = get_config()["COLORS"].items()
    colours = [
        f"--color-{name}-{weight}: {convert_color(one)};" for name, scale in scales for weight, one in scale.items()
    ]
    return {
        "site_title": UNFOLD["SITE_TITLE"],
        "site_header": UNFOLD["SITE_HEADER"],
        "site_subheader": UNFOLD["SITE_SUBHEADER"],
        "border_radius": UNFOLD["BORDER_RADIUS"],
        "colours": "\n".join(colours),
    }


def files(request: HttpRequest) -> dict[str, Any]:
    """The styles and icons that a page asks for."""
    icons = [{**icon, "href": icon["href"](request)} for icon in UNFOLD["SITE_FAVICONS"]]
    return {"site_favicons": icons, "styles": [address(request) for address in UNFOLD["STYLES"]]}


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups of the sidebar with the lines that this person may see."""
    dashboard = reverse("omsweb:index")
    return [
        {
            "title": group["title"],
            "items": [line(request, item, dashboard) for item in group["items"] if item["permission"](request)],
        }
        for group in UNFOLD["SIDEBAR"]["navigation"]
    ]


def line(request: HttpRequest, item: dict[str, Any], dashboard: str) -> dict[str, Any]:
    """One line of the sidebar, with its figure, and whether the page is one of its own."""
    link = item["link"](request) if callable(item["link"]) else str(item["link"])
    is_open = request.path == link if link == dashboard else request.path.startswith(link)
    figure = import_string(item["badge"])(request) if "badge" in item else ""
    return {"title": item["title"], "icon": item["icon"], "link": link, "active": is_open, "badge": figure}
