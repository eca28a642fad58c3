"""What may come in: ids, and JSON of at most 1 MiB and sane depth, without what a database cannot store.

A shop that is connected may send more: it cannot send less, and gives up sending where it is refused.
"""

from typing import Any, Final

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, QueryDict
from django.http.request import UnreadablePostError
from django.urls import register_converter
from django.utils.translation import gettext as _
from ninja.parser import Parser

from clickcollect.errors import NotFound, PayloadTooLarge, UnsupportedMediaType, ValidationFailed
from clickcollect.json_input import field_path, is_storable, parse_json, unstorable
from clickcollect.oms.orders.connectors.counts import count_message
from clickcollect.oms.orders.connectors.shopify_shops import CONNECTOR

LARGEST_BODY: Final = 1024 * 1024
SHOPIFY: Final = "/api/v1/connectors/shopify/orders/"
LARGEST_OF_SHOP: Final = 8 * 1024 * 1024  # an order of 500 lines with its taxes, discounts, refunds and fulfilments
READ: Final = "_json_that_was_read"
DJANGO_KEEPS_IT_IN: Final = "_body"


def largest_body(meta: dict[str, Any]) -> int:
    """How much a request may send, by its address alone: a shop's signature is checked over the whole of it.

    Asked by the web server when a request announces more than 1 MiB, or no length, and none of it was read.
    """
    is_of_shop = meta["REQUEST_METHOD"] == "POST" and meta["PATH_INFO"] == SHOPIFY
    return LARGEST_OF_SHOP if is_of_shop and settings.SHOPIFY_WEBHOOK_SECRET else LARGEST_BODY


def check_envelope(request: HttpRequest) -> None:
    """Size and kind of a body, before anybody reads it. Raises PayloadTooLarge, UnsupportedMediaType."""
    largest = largest_body(request.META)
    measure_chunks(request, largest)
    length = request.META.get("CONTENT_LENGTH") or "0"
    size = int(length) if length.isdigit() else 0
    if size > largest > LARGEST_BODY:
        count_message(CONNECTOR, "refused_too_large")
        raise PayloadTooLarge(_("The request is larger than 8 MiB. Send less at once."))
    if size > largest:
        raise PayloadTooLarge
    if size > LARGEST_BODY and not hasattr(request, DJANGO_KEEPS_IT_IN):
        keep_body(request, request.META["wsgi.input"].read(size))
    if request.path_info == SHOPIFY:
        return  # what is signed is kept, whatever it is called
    kind = (request.content_type or "").lower()
    if size and not (kind == "application/json" or kind.endswith("+json")):
        raise UnsupportedMediaType


def measure_chunks(request: HttpRequest, largest: int) -> None:
    """A body in chunks tells no length, and Django would take it for none: read it, no further than it may be."""
    chunked = "chunked" in request.headers.get("Transfer-Encoding", "").lower()
    if not chunked or request.META.get("CONTENT_LENGTH"):
        return
    raw = request.META["wsgi.input"].read(largest + 1)
    request.META["CONTENT_LENGTH"] = str(len(raw))
    keep_body(request, raw)


def keep_body(request: HttpRequest, raw: bytes) -> None:
    """Keep a body where Django would, which reads none of more than 1 MiB and none in chunks."""
    setattr(request, DJANGO_KEEPS_IT_IN, raw)


def read_json(request: HttpRequest) -> Any:
    """The body of a request; None where there is none. Raises ValidationFailed on ``body``, PayloadTooLarge."""
    if not hasattr(request, READ):
        setattr(request, READ, decode_body(body_of(request)))
    return getattr(request, READ)


def read_object(request: HttpRequest) -> dict[str, Any]:
    """The body of a request that must be an object."""
    value = read_json(request)
    if not isinstance(value, dict):
        raise ValidationFailed.of("body", _("Send a JSON object."))
    return value


def body_of(request: HttpRequest) -> bytes:
    try:
        return request.body
    except RequestDataTooBig:
        raise PayloadTooLarge from None
    except UnreadablePostError:
        raise ValidationFailed.of("body", _("The request body was cut short. Send it again.")) from None


def decode_body(raw: bytes) -> Any:
    """Raises ValidationFailed, on ``body`` where it is no JSON, or else on each bad field."""
    if not raw:
        return None
    try:
        return parse_json(raw)
    except ValueError:  # UnicodeDecodeError and JSONDecodeError are such
        raise ValidationFailed.of("body", _("This is not JSON. Send one JSON document in UTF-8.")) from None


def check_address(request: HttpRequest) -> None:
    """The same for what stands in the address. A parameter without a value was left out: forms send such ones.

    Raises ValidationFailed on the parameter, and NotFound for a path that names nothing.
    """
    if "\x00" in request.path_info:
        raise NotFound
    for name, values in request.GET.lists():
        for text in (name, *values):
            if not is_storable(text):
                raise ValidationFailed.of(field_path((name,), root="query"), unstorable())
    if all(map(all, (values for _name, values in request.GET.lists()))):
        return
    given = QueryDict(mutable=True)
    for name, values in request.GET.lists():
        if filled := [text for text in values if text]:
            given.setlist(name, filled)
    request.GET = given  # type: ignore[assignment]


class BodyParser(Parser):
    """Ninja reads bodies through the same eye. What it reads by itself are objects, or nothing."""

    def parse_body(self, request: HttpRequest) -> Any:
        return None if read_json(request) is None else read_object(request)


class IdConverter:
    """`{id:…}` in an address: 18 digits, below the largest id of PostgreSQL. Anything else is not found."""

    regex = "[0-9]{1,18}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


register_converter(IdConverter, "id")
