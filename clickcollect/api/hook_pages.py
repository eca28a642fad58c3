"""Lists, newest first: pages by number near the front, by keyset everywhere (contract section 2)."""

import base64
import binascii
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Schema

from clickcollect.errors import ValidationFailed

COUNTED_UP_TO: Final = 10_001
PAGES_REACH: Final = 10_000
Row = TypeVar("Row", bound=Model)


class Paging(Schema):
    """Which part of a list."""

    page: Annotated[int, Field(ge=1, le=PAGES_REACH, description="The page, within the first 10,000 rows.")] = 1
    limit: Annotated[int, Field(ge=1, le=100, description="Rows in one answer.")] = 20
    cursor: Annotated[str | None, Field(max_length=400, description="As it stands in `next` and `previous`.")] = None
    count: Annotated[
        Literal["exact"] | None, Field(description="`exact` counts all rows; otherwise `count` stops at 10,001.")
    ] = None


def paginate(
    rows: QuerySet[Row], *, request: HttpRequest, paging: Paging, document: Callable[[Row], dict[str, Any]]
) -> dict[str, Any]:
    """One page as a document. Raises ValidationFailed on ``page`` or ``cursor``."""
    backward, start = False, 0
    found = rows.order_by("-id")
    if paging.cursor is not None:
        backward, last = read_cursor(paging.cursor)
        found = rows.filter(pk__gt=last).order_by("id") if backward else found.filter(pk__lt=last)
    elif paging.page * paging.limit > PAGES_REACH:
        raise ValidationFailed.of("page", _("Pages reach the first 10,000 rows. Follow “next” to go on."))
    else:
        start = (paging.page - 1) * paging.limit
    page = list(found[start : start + paging.limit + 1])
    more = len(page) > paging.limit
    page = page[: paging.limit][:: -1 if backward else 1]
    before = more if backward else paging.cursor is not None or start > 0
    return {
        "count": rows.count() if paging.count else rows.values("pk")[:COUNTED_UP_TO].count(),
        "next": link(request, f">{page[-1].pk}") if page and (more or backward) else None,
        "previous": link(request, f"<{page[0].pk}") if page and before else None,
        "results": [document(row) for row in page],
    }


def link(request: HttpRequest, place: str) -> str:
    """The address of a page, with everything else that was asked for."""
    query = request.GET.copy()
    query.pop("page", None)
    query["cursor"] = base64.urlsafe_b64encode(place.encode()).decode()
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def read_cursor(written: str) -> tuple[bool, int]:
    """The direction, and the id to go on from. Raises ValidationFailed on what this list never gave out."""
    try:
        place = base64.b64decode(written.encode("ascii"), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        place = ""
    if place[:1] not in ("<", ">") or not place[1:].isdecimal() or len(place) > 19:
        raise ValidationFailed.of("cursor", _("This cursor is not one of this list. Start at the first page."))
    return place[0] == "<", int(place[1:])
