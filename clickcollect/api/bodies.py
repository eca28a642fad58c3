"""What may come in: ids, and JSON of at most 1 MiB and sane depth, without what a database cannot store."""

from typing import Any, Final

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.http.request import UnreadablePostError
from django.urls import register_converter
from django.utils.translation import gettext as _
from ninja.parser import Parser

from clickcollect.errors import NotFound, PayloadTooLarge, UnsupportedMediaType, ValidationFailed
from clickcollect.json_input import field_path, is_storable, parse_json, unstorable

LARGEST_BODY: Final = 1024 * 1024
READ: Final = "_json_that_was_read"
DJANGO_KEEPS_IT_IN: Final = "_body"


def check_envelope(request: HttpRequest) -> None:
    """Size and kind of a body, before anybody reads it. Raises PayloadTooLarge, UnsupportedMediaType."""
    measure_chunks(request)
    length = request.META.get("CONTENT_LENGTH") or "0"
    size = int(length) if length.isdigit() else 0
    if size > LARGEST_BODY:
        raise PayloadTooLarge
    kind = (request.content_type or "").lower()
    if size and not (kind == "application/json" or kind.endswith("+json")):
        raise UnsupportedMediaType


def measure_chunks(request: HttpRequest) -> None:
    """A body in chunks tells no length, and Django would take it for none: read it, no further than 1 MiB."""
    chunked = "chunked" in request.headers.get("Transfer-Encoding", "").lower()
    if not chunked or request.META.get("CONTENT_LENGTH"):
        return
    raw = request.META["wsgi.input"].read(LARGEST_BODY + 1)
    request.META["CONTENT_LENGTH"] = str(len(raw))
    setattr(request, DJANGO_KEEPS_IT_IN, raw)


def read_json(request: HttpRequest) -> Any:
    """The body of a request; None where there is none. Raises ValidationFailed on ``body``, PayloadTooLarge."""
    if not hasattr(request, READ):
        setattr(request, READ, parse(body_of(request)))
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


def parse(raw: bytes) -> Any:
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
    given = request.GET.copy()
    for name, values in request.GET.lists():
        for text in (name, *values):
            if not is_storable(text):
                raise ValidationFailed.of(field_path((name,), root="query"), unstorable())
        if filled := [text for text in values if text]:
            given.setlist(name, filled)
        else:
            del given[name]
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
