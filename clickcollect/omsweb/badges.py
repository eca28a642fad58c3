"""The small figures in the sidebar: one bounded statement each, on every page."""

from typing import Final

from django.http import HttpRequest

from clickcollect.oms import reviews
from clickcollect.omsweb.actor import actor_of

MOST: Final = 99


def open_reviews(request: HttpRequest) -> str:
    """How many handovers wait for a look; nothing where none does."""
    count = reviews.to_review(actor_of(request))[: MOST + 1].count()
    if count > MOST:
        return f"{MOST}+"
    return str(count) if count else ""
