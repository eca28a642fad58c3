"""`POST /events/`: the only way a message gets in (contract sections 3 and 4)."""

import logging
import time
from datetime import UTC, datetime

from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from extension import inbox, outage, retention, sms, wording
from extension.config import config
from extension.inbox import Claim, NoClaim, Outcome
from extension.models import find_template
from extension.pickup_event import (
    NEVER_TOO_LATE,
    Envelope,
    PickupEvent,
    Unreadable,
    asks_for_message,
    read_envelope,
    read_pickup_event,
)
from extension.problem import problem
from extension.receipts import Report
from extension.safe_logging import places
from extension.signature import clock_difference, find_signer

logger = logging.getLogger("extension.events")

LARGEST_BODY = 1024 * 1024
BUSY_SECONDS = 2
TOO_LATE = "The pickup time was over before the message could be sent."
ANSWERS = {
    NoClaim.FINISHED: "This event is finished.",
    NoClaim.SUPERSEDED: "A newer code of this package was sent.",
}


@csrf_exempt
def receive_event(request: HttpRequest) -> HttpResponse:
    """Take an event. Whatever comes in, the answer is a sentence and never a traceback."""
    try:
        return _receive(request)
    except UnreadablePostError:
        return problem(status=400, code="unreadable", detail="The body did not arrive completely. Send it again.")
    except DatabaseError as error:
        logger.error("the database does not answer\n%s", "\n".join(places(error)))  # noqa: TRY400 (words stay out)
        return outage.unavailable_response(request)
    except Exception as error:  # noqa: BLE001 (a traceback could show the payload)
        logger.error("an event could not be answered\n%s", "\n".join(places(error)))  # noqa: TRY400
        return problem(status=500, code="internal_error", detail="The Extension's log says where it failed.")


def _receive(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        response = problem(status=405, code="method_not_allowed", detail="Events are posted.")
        response["Allow"] = "POST"
        return response
    announced = request.META.get("CONTENT_LENGTH") or "0"
    body = request.read(LARGEST_BODY + 1)
    if len(body) > LARGEST_BODY or int(announced) > LARGEST_BODY:  # the web server keeps back what is too large
        return problem(status=413, code="payload_too_large", detail="An event has at most 1 MiB.")
    headers = {name.lower(): value for name, value in request.headers.items()}
    secrets, now = config().webhook_secrets, time.time()
    signed_with = find_signer(body=body, headers=headers, secrets=secrets, now=now)
    if signed_with is None:
        return _refuse(clock_difference(body=body, headers=headers, secrets=secrets, now=now))
    try:
        return _answer(read_envelope(body), signed_with=signed_with)
    except Unreadable as unreadable:
        return problem(status=400, code="unreadable", detail=str(unreadable))


def _refuse(seconds: int | None) -> HttpResponse:
    """Who has no secret of ours, or speaks of another time: by so many seconds ours is ahead."""
    detail = "The signature is missing or wrong. Give the hook the Extension's secret key (EXTENSION_WEBHOOK_SECRET)."
    if seconds is not None:
        detail = (
            "The signature is right, but its time is more than five minutes from this machine's. Set the clocks of "
            "both machines."
        )
    logger.warning("an event was refused (%s s behind this machine's clock): %s", seconds, detail)
    return problem(status=401, code="not_authenticated", detail=detail)


def _answer(envelope: Envelope, *, signed_with: int) -> HttpResponse:
    if not asks_for_message(envelope):
        return _done("ignored", "No message belongs to this type.")
    if retention.is_too_old(envelope.issued_at):
        return _done("ignored", "This event is too old.")
    notice = read_pickup_event(envelope)
    claimed = inbox.claim(notice, signed_with=signed_with)
    if claimed is NoClaim.BUSY:
        detail = "A message of this package is being sent at this moment. Come again."
        return problem(status=503, code="busy", detail=detail, retry_after=BUSY_SECONDS)
    if isinstance(claimed, NoClaim):
        return _done(claimed.value, ANSWERS[claimed])
    try:
        return _send(notice, claimed)
    except Exception:
        inbox.release(claimed, reports=[])
        raise


def _send(notice: PickupEvent, claimed: Claim) -> HttpResponse:
    if _is_over(notice):
        return _finish(claimed, Outcome.TOO_LATE, Report(status="failed", reason=TOO_LATE))
    text = wording.compose(notice, find_template=find_template)
    message = sms.Sms(
        event_uuid=notice.uuid,
        to=notice.phone,
        body=text.body,
        code=text.code,
        language=text.language,
    )
    match sms.send(message, config=config()):
        case sms.Accepted(delivered=True):
            return _finish(claimed, Outcome.SENT, Report(status="accepted"), Report(status="delivered"))
        case sms.Accepted():
            return _finish(claimed, Outcome.SENT, Report(status="accepted"))
        case sms.Refused(reason=reason):
            return _finish(claimed, Outcome.REFUSED, Report(status="failed", reason=reason))
        case sms.RetryLater(seconds=seconds, reason=reason):
            inbox.release(claimed, reports=[Report(status="failed", reason=reason)] if reason else [])
            logger.warning("event=%s not sent yet: %s", notice.uuid, reason or "the provider cannot take it now")
            detail = reason or "The SMS provider cannot take it now."
            return problem(status=503, code="not_sent_yet", detail=detail, retry_after=seconds)


def _finish(claimed: Claim, outcome: Outcome, *reports: Report) -> HttpResponse:
    try:
        inbox.finish(claimed, outcome=outcome, reports=reports)
    except DatabaseError:  # the message is out: a second try costs less than a second SMS
        connection.close()
        inbox.finish(claimed, outcome=outcome, reports=reports)
    logger.info("event=%s outcome=%s", claimed.uuid, outcome)
    return _done(outcome.value, reports[-1].reason or "The message is on its way.")


def _done(status: str, detail: str) -> JsonResponse:
    return JsonResponse({"status": status, "detail": detail})


def _is_over(notice: PickupEvent) -> bool:
    """The code, or without one the time to collect, has run out. News of a handover or a changed number stays news."""
    if notice.type in NEVER_TOO_LATE:
        return False
    end = (notice.code and notice.code.expires_at) or notice.deadline
    return end is not None and end <= datetime.now(UTC)
