"""The phone simulator's pages (contract section 7). They show codes: for a demo on one's own machine only."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import phonenumbers
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from extension import phone
from extension.config import config
from extension.phone import Contact, ShownMessage
from extension.segments import Length, measure_text

View = Callable[[HttpRequest], HttpResponse]


def demo_only(view: View) -> View:
    """The phone exists only where it is the provider. Nothing of it is kept by a browser or read by another site."""

    @require_GET
    @wraps(view)
    def shown_in_simulation(request: HttpRequest) -> HttpResponse:
        if not config().simulated:
            raise Http404
        response = view(request)
        response["Cache-Control"] = "no-store"
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        return response

    return shown_in_simulation


@dataclass(frozen=True, kw_only=True)
class Bubble:
    """A message cut so that the page can set its code apart."""

    message: ShownMessage
    before: str
    after: str
    length: Length
    number: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """A number in the list beside the phone."""

    contact: Contact
    number: str
    chosen: bool


@demo_only
def phone_page(request: HttpRequest) -> HttpResponse:
    """All messages, newest first, as a phone shows them."""
    return render(request, "extension/phone.html", _context(request) | {"editable": bool(config().admin_password)})


@demo_only
def phone_stream(request: HttpRequest) -> HttpResponse:
    """The same messages without the page around them; 204 while nothing has changed."""
    if request.GET.get("version") == phone.version():
        return HttpResponse(status=204)
    return render(request, "extension/phone_messages.html", _context(request))


@demo_only
def as_json(request: HttpRequest) -> HttpResponse:
    """`?to=` one number; a plus sign may come as itself or as a space."""
    found = phone.messages(to=request.GET.get("to", ""))
    return JsonResponse([_document(shown) for shown in found], safe=False, json_dumps_params={"ensure_ascii": False})


def _document(shown: ShownMessage) -> dict[str, str]:
    sent_at = shown.sent_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"to": shown.to, "text": shown.text, "sent_at": sent_at, "event_uuid": shown.event_uuid}


def _context(request: HttpRequest) -> dict[str, Any]:
    version = phone.version()  # before the messages: a newer one is shown twice rather than never
    asked = request.GET.get("to", "").strip()
    wanted = phone.digits(asked)
    lines = [
        Line(contact=contact, number=readable(contact.to), chosen=phone.digits(contact.to) == wanted)
        for contact in phone.contacts()
    ]
    return {
        "version": version,
        "bubbles": [_bubble(shown) for shown in phone.messages(to=asked)],
        "lines": lines,
        "asked": f"+{wanted}" if wanted else "",
        "asked_readable": readable(f"+{wanted}") if wanted else "",
        "total": sum(line.contact.count for line in lines),
        "kept": phone.KEPT,
        "sender": config().sms_sender,
        "shop": config().oms_url,
    }


def _bubble(shown: ShownMessage) -> Bubble:
    before, _code, after = shown.text.partition(shown.code) if shown.code else (shown.text, "", "")
    length = measure_text(shown.text)
    return Bubble(message=shown, before=before, after=after, length=length, number=readable(shown.to))


def readable(number: str) -> str:
    """`+447700900123` as `+44 7700 900123`."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL))
