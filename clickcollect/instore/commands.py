"""Run a command for a person in a store, once however often the browser sends it, and show what came of it.

The answer is pieces of the page, each with the id of the piece it replaces.
What is kept for a repeated request is only what happened, never the page: that is drawn anew.
"""

from contextlib import suppress
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_POST

from clickcollect.accounts.idempotency import Once, Replayed, Request
from clickcollect.errors import DomainError, OtpMalformed, StateConflict
from clickcollect.instore import manager_approval, responses
from clickcollect.instore.buttons import buttons_of
from clickcollect.instore.forms import LabelForm
from clickcollect.instore.result import CommandResult
from clickcollect.instore.store_session import HtmxRequest, StoreSession, store_staff_required
from clickcollect.oms import shelving
from clickcollect.oms.access import Actor
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.models import Package

KEY_HEADER: Final = "Idempotency-Key"
SHELF_FIELDS: Final = frozenset({"shelf", "bags"})  # sent along where they were typed and not saved
FORM_FIELDS: Final = frozenset({"from", "csrfmiddlewaretoken"}) | manager_approval.FIELDS | SHELF_FIELDS
LONGEST_TEXT: Final = 500


@require_POST
@sensitive_post_parameters("otp", "pin")
@store_staff_required
def run_posted_command(request: HtmxRequest, session: StoreSession, number: str, slug: str) -> HttpResponse:
    """One press of a button, or one try of a code."""
    package = session.get_package(number)
    data = {name: limit_length(name, str(value)) for name, value in request.POST.items()}
    result = run_idempotently(request, session=session, package=package, slug=slug, data=data)
    if not request.htmx:  # a browser without scripts
        return HttpResponseRedirect(reverse("instore:package", args=[number]))
    return responses.result_response(session=session, number=number, dialog_key=data.get("from", ""), result=result)


@require_POST
@sensitive_post_parameters("label")
@store_staff_required
def check_label(request: HtmxRequest, session: StoreSession, number: str) -> HttpResponse:
    """Whether a scanned label is this package's, asked while the code is. Nothing runs, so nothing is counted."""
    package = session.get_package(number)
    form = LabelForm(request.POST)
    form.is_valid()
    entered = form.cleaned_data
    label = entered.get("label", "")
    refusal = responses.label_refusal(package=package, label=label) or OtpMalformed()
    result = CommandResult.from_error(refusal)
    return responses.result_response(session=session, number=number, dialog_key=entered.get("from", ""), result=result)


def limit_length(name: str, text: str) -> str:
    """Free text ends at 500 characters; a code is judged as it was typed."""
    return text if name == "otp" else text.replace("\x00", "")[:LONGEST_TEXT]


@sensitive_variables("data")
def run_idempotently(
    request: HttpRequest, *, session: StoreSession, package: Package, slug: str, data: dict[str, str]
) -> CommandResult:
    """The same try sent twice, because its answer was lost, counts once and gets its true answer."""
    key = request.headers.get(KEY_HEADER, "")
    if not key:
        return run_and_report(request, session=session, package=package, slug=slug, data=data)
    keyed = Request(
        caller=f"user:{session.user.pk}",
        key=key,
        subject={"door": "instore", "package": package.pk, "slug": slug, "data": data},
    )
    once = Once(request=keyed, render=CommandResult.rendered)
    try:
        once.look()
        result = run_and_report(request, session=session, package=package, slug=slug, data=data, once=once)
    except Replayed as before:
        return CommandResult.from_answer(before.answer)
    except DomainError as error:
        return CommandResult.from_error(error)
    once.settle(result.as_answer())
    return result


@sensitive_variables("data")
def run_and_report(
    request: HttpRequest,
    *,
    session: StoreSession,
    package: Package,
    slug: str,
    data: dict[str, str],
    once: Once | None = None,
) -> CommandResult:
    """Refuse a scanned label, let a manager sign where one is needed, and run the command."""
    try:
        responses.refuse_label(package=package, text=data.get("otp", ""))
        actor: Actor = session.actor
        if not manager_approval.FIELDS.isdisjoint(data):
            offer = next((one for one in buttons_of(package, session).all if one.slug == slug), None)
            asked = offer.fields if offer else []
            actor = manager_approval.approve(
                request, session=session, package=package, slug=slug, inputs=asked, data=data
            )
        save_shelf(session=session, package=package, data=data)
        inputs = {name: value for name, value in data.items() if name not in FORM_FIELDS}
        outcome = run_command(package_id=package.pk, transition=slug, actor=actor, data=inputs, once=once)
    except DomainError as error:
        return CommandResult.from_error(error)
    return CommandResult.from_outcome(outcome)


def save_shelf(*, session: StoreSession, package: Package, data: dict[str, str]) -> None:
    """Save shelf and bags that stood typed on the page when the command's button was pressed. Raises ValidationFailed.

    A package that has ended meanwhile takes none: the command then says who was first.
    """
    if not data.keys() >= SHELF_FIELDS:
        return
    with suppress(StateConflict):
        shelving.set_shelf(actor=session.actor, package_id=package.pk, shelf=data["shelf"], bags=data["bags"])
