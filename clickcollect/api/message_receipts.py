"""Receipts of the customer's messages, signed with the secret of the hook that got the event."""

import re
import time
from typing import Annotated, Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema
from pydantic import ConfigDict

from clickcollect.api.bodies import read_object
from clickcollect.errors import NotAuthenticated
from clickcollect.omnitron.field_types import Line, sized
from clickcollect.oms.events import examples
from clickcollect.oms.events.message_status import Receipt, record
from clickcollect.whisperer import signing
from clickcollect.whisperer.encryption import KeyLost
from clickcollect.whisperer.hooks import secrets_of, with_clock
from clickcollect.whisperer.models import Delivery, Event, Hook

router = Router(tags=["Events"])

UUID: Final = re.compile(r"[0-9a-f]{32}")


class ReceiptIn(Schema):
    model_config = ConfigDict(hide_input_in_errors=True, json_schema_extra={"examples": [examples.RECEIPT_IN]})

    event_uuid: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", description="`event.uuid` of the event.")]
    status: Receipt
    reason: Annotated[Line | None, sized(2000, shortest=0), Field(description="Why it failed, in a sentence.")] = None


def signed_by_hook(request: HttpRequest) -> Hook:
    """The hook whose secret signed this body, and that got the event it names. Raises NotAuthenticated."""
    uuid = read_object(request).get("event_uuid")
    sent = Delivery.objects.filter(event__uuid=uuid) if isinstance(uuid, str) and UUID.fullmatch(uuid) else None
    for hook in with_clock().filter(pk__in=sent.values("hook_id")) if sent is not None else ():
        if signing.verify(secrets=known_secrets(hook), headers=request.headers, body=request.body, now=time.time()):
            request.caller = f"hook:{hook.pk}"  # type: ignore[attr-defined]
            request.powers = {}  # type: ignore[attr-defined]
            return hook
    raise NotAuthenticated(_("Sign the body with the secret of the hook that got this event."))


def known_secrets(hook: Hook) -> list[str]:
    """The secrets that count now; none where their key is lost."""
    try:
        return secrets_of(hook)
    except KeyLost:
        return []


HEADERS: Final[list[dict[str, Any]]] = [
    {"in": "header", "name": name, "required": False, "schema": {"type": "string"}}
    for name in (signing.SIGNATURE_HEADER, signing.WEBHOOK_ID, signing.WEBHOOK_TIMESTAMP, signing.WEBHOOK_SIGNATURE)
]


@router.post(
    "/message-receipts/",
    auth=signed_by_hook,
    response={204: None},
    summary="Report what became of a message",
    operation_id="report_message",
    openapi_extra={"x-signed": True, "parameters": HEADERS},
)
def report(request: HttpRequest, payload: ReceiptIn) -> HttpResponse:
    """Tell that a message was `accepted` by the provider, was `delivered` to the phone, or `failed`.

    The body is signed as events are: `X-Whisperer-Signature`, and with a `whsec_` secret the headers of
    Standard Webhooks. Only the newest message of a package counts; for older ones the answer is 204 all the same.
    """
    event = Event.objects.get(uuid=payload.event_uuid)
    record(event=event, status=payload.status, reason=payload.reason or "")
    response = HttpResponse(status=204)
    del response["Content-Type"]
    return response
