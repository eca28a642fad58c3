"""The "?" beside a page's heading."""

from typing import Any

from django import template
from django.template import Context
from django.urls import reverse

from clickcollect.guide.help_lines import HELP

register = template.Library()


@register.inclusion_tag("guide/_help_link.html", takes_context=True)
def help_link(context: Context, page: str = "") -> dict[str, Any]:
    """A link to the paragraph for this page; where there is none, to the guide's first page."""
    matched = getattr(context.get("request"), "resolver_match", None)
    name, _hash, anchor = HELP.get(page or getattr(matched, "view_name", ""), "").partition("#")
    return {"address": f"{reverse('guide:page', args=[name])}#{anchor}" if name else reverse("guide:first")}
