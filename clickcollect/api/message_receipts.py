"""Receipts of the customer's messages, one or many in a call, signed with the secret of the hook that got them."""

import re
import time
from typing import Annotated, Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema
from pydantic import ConfigDict, Discriminator, RootModel, Tag

from clickcollect.api.bodies import read_object
from clickcollect.api.problems import MANY, ONE
from clickcollect.errors import NotAuthenticated
from clickcollect.omnitron.field_types import Line, sized
from clickcollect.oms.events import examples
from clickcollect.oms.events.message_status import MOST_RECEIPTS, MessageReceipt, Receipt, record_receipts
from clickcollect.whisperer import signing
from clickcollect.whisperer.encryption import KeyLost
from clickcollect.whisperer.hooks import secrets_of, with_clock
from clickcollect.whisperer.models import Delivery, Hook

router = Router(tags=["Events"])

UUID: Final = re.compile(r"[0-9a-f]{32}")
BATCH_KEY: Final = "receipts"


class ReceiptIn(Schema):
    model_config = ConfigDict(hide_input_in_errors=True, json_schema_extra={"examples": [examples.RECEIPT_IN]})

    event_uuid: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", description="`event.uuid` of the event.")]
    status: Receipt
    reason: Annotated[Line | None, sized(2000, shortest=0), Field(description="Why it failed, in a sentence.")] = None
    channel: Annotated[
        Line | None, sized(40, shortest=0), Field(description="How the message went, such as `sms`. Not kept.")
    ] = None


class ReceiptsIn(Schema):
    model_config = ConfigDict(
        hide_input_in_errors=True, json_schema_extra={"examples": [{BATCH_KEY: [examples.RECEIPT_IN]}]}
    )

    receipts: Annotated[
        list[ReceiptIn],
        Field(min_length=1, max_length=MOST_RECEIPTS, description="In the order in which it happened."),
    ]


def which_form(body: Any) -> str:
    """A body with `receipts` is a batch, anything else a single receipt."""
    is_batch = BATCH_KEY in body if isinstance(body, dict) else isinstance(body, ReceiptsIn)
    return MANY if is_batch else ONE


class ReportIn(
    RootModel[
        Annotated[
            Annotated[ReceiptIn, Tag(ONE)] | Annotated[ReceiptsIn, Tag(MANY)],
            Discriminator(which_form),
        ]
    ]
):
    """One receipt, or a batch of them."""

    model_config = ConfigDict(
        hide_input_in_errors=True,
        json_schema_extra={"examples": [examples.RECEIPT_IN, {BATCH_KEY: [examples.RECEIPT_IN]}]},
    )

    @property
    def receipts(self) -> list[ReceiptIn]:
        return self.root.receipts if isinstance(self.root, ReceiptsIn) else [self.root]


def signed_by_hooks(request: HttpRequest) -> list[int]:
    """The ids of the hooks that got one of these events, and whose secret signed this body.

    They are several where hooks share a secret. Raises NotAuthenticated.
    """
    sent = Delivery.objects.filter(event__uuid__in=named_events(read_object(request)))
    hooks = list(with_clock().filter(pk__in=sent.values("hook_id")))
    secrets = {hook.pk: known_secrets(hook) for hook in hooks}
    genuine = {
        secret: signing.verify(secrets=[secret], headers=request.headers, body=request.body, now=time.time())
        for secret in {secret for known in secrets.values() for secret in known}
    }
    signers = [hook_id for hook_id, known in secrets.items() if any(genuine[secret] for secret in known)]
    if not signers:
        raise NotAuthenticated(
            _(
                "Sign the body with the secret of the webhook that received this event. With a whsec_ secret, send "
                "webhook-id, webhook-timestamp (at most five minutes old) and webhook-signature."
            )
        )
    request.caller = f"hook:{min(signers)}"  # type: ignore[attr-defined]
    return signers


def named_events(body: dict[str, Any]) -> list[str]:
    """The uuids of the events that a body speaks of, as far as they are uuids; what is wrong is named afterwards."""
    rows = body.get(BATCH_KEY, [body])
    rows = rows[:MOST_RECEIPTS] if isinstance(rows, list) else []
    given = [row.get("event_uuid") for row in rows if isinstance(row, dict)]
    return list({uuid for uuid in given if isinstance(uuid, str) and UUID.fullmatch(uuid)})


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
    auth=signed_by_hooks,
    response={204: None},
    summary="Report what became of messages",
    operation_id="report_message",
    openapi_extra={"x-signed": True, "parameters": HEADERS},
)
def report_messages(request: HttpRequest, payload: ReportIn) -> HttpResponse:
    """Tell that a message was `accepted` by the provider, was `delivered` to the phone, or `failed`.

    One receipt, or up to 500 as `receipts`. The body is signed as events are: `X-Whisperer-Signature`, and with a
    `whsec_` secret the headers of Standard Webhooks. One secret signs a batch; an event that no hook with this secret
    got is passed over. With a receipt that cannot be read nothing is recorded, and every bad one is named.
    Only the newest message of a package counts; for older ones the answer is 204 all the same.
    """
    receipts = [
        MessageReceipt(event_uuid=one.event_uuid, status=one.status, reason=one.reason or "")
        for one in payload.receipts
    ]
    record_receipts(receipts, hook_ids=request.auth)  # type: ignore[attr-defined]  # ninja's: what `auth` returned
    response = HttpResponse(status=204)
    del response["Content-Type"]
    return response
