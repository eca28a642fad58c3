"""Run a command from the counter, once however often the browser sends it, and show what came of it.

The answer is pieces of the page, each with the id of the piece it replaces.
What is kept for a repeated request is only what happened, never the page: that is drawn anew.
"""

import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_POST

from clickcollect.accounts import idempotency
from clickcollect.accounts.idempotency import Answer
from clickcollect.errors import DomainError, OtpMalformed, StateConflict
from clickcollect.instore import manager_approval, responses
from clickcollect.instore.store_session import Desk, at_the_desk, is_partial
from clickcollect.oms import shelving
from clickcollect.oms.access import Actor, get_package
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.models import Package

KEY_HEADER: Final = "Idempotency-Key"
SIGNED: Final = frozenset({"username", "password"})  # sent, even empty, by a form that a manager signs
PLACE: Final = frozenset({"shelf", "bags"})  # sent along where they were typed and not saved
OURS: Final = frozenset({"from", "csrfmiddlewaretoken"}) | SIGNED | PLACE
LONGEST_TEXT: Final = 500


@dataclass(frozen=True, kw_only=True)
class Told:
    """What happened: done, or refused with a code, a sentence and what belongs to it."""

    status: int = 200
    code: str = ""
    detail: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        return self.status < 300

    @classmethod
    def of(cls, error: DomainError) -> "Told":
        return cls(status=error.status, code=error.code, detail=error.detail, extra=dict(error.extra))

    @classmethod
    def read(cls, answer: Answer) -> "Told":
        kept = json.loads(answer.body)
        return cls(status=answer.status, code=kept["code"], detail=kept["detail"], extra=kept["extra"])

    def as_answer(self) -> Answer:
        body = json.dumps({"code": self.code, "detail": self.detail, "extra": self.extra})
        return Answer(status=self.status, content_type="application/json", body=body.encode())


@require_POST
@sensitive_post_parameters("otp", "password")
@at_the_desk
def run(request: HttpRequest, desk: Desk, number: str, slug: str) -> HttpResponse:
    """One press of a button, or one try of a code."""
    package = get_package(desk.actor, number=number)
    data = {name: cut(name, str(value)) for name, value in request.POST.items()}
    told = once(request, desk=desk, package=package, slug=slug, data=data)
    if not is_partial(request):  # a browser without scripts
        return HttpResponseRedirect(reverse("instore:package", args=[number]))
    return responses.answer(desk=desk, number=number, slug=slug, dialog_key=data.get("from", ""), told=told)


@require_POST
@sensitive_post_parameters("label")
@at_the_desk
def check_label(request: HttpRequest, desk: Desk, number: str) -> HttpResponse:
    """Whether a scanned label is this package's, asked while the code is. Nothing runs, so nothing is counted."""
    package = get_package(desk.actor, number=number)
    refusal = responses.about_label(package=package, typed=request.POST.get("label", "")) or OtpMalformed()
    key = request.POST.get("from", "")
    return responses.answer(desk=desk, number=number, slug="", dialog_key=key, told=Told.of(refusal))


def cut(name: str, text: str) -> str:
    """Free text ends at 500 characters; a code is judged as it was typed."""
    return text if name == "otp" else text.replace("\x00", "")[:LONGEST_TEXT]


@sensitive_variables("data")
def once(request: HttpRequest, *, desk: Desk, package: Package, slug: str, data: dict[str, str]) -> Told:
    """The same try sent twice, because its answer was lost, counts once and gets its true answer."""

    def work() -> Answer:
        return attempt(request, desk=desk, package=package, slug=slug, data=data).as_answer()

    key = request.headers.get(KEY_HEADER, "")
    if not key:
        return Told.read(work())
    asked = idempotency.Request(
        caller=f"user:{desk.user.pk}",
        key=key,
        subject={"door": "instore", "package": package.pk, "slug": slug, "data": data},
    )
    try:
        return Told.read(idempotency.answer_once(asked, work))
    except DomainError as error:
        return Told.of(error)


@sensitive_variables("data")
def attempt(request: HttpRequest, *, desk: Desk, package: Package, slug: str, data: dict[str, str]) -> Told:
    """Check a scanned label, let a manager sign where one is needed, and run the command."""
    try:
        responses.refuse_label(package=package, typed=data.get("otp", ""))
        actor: Actor = desk.actor
        if not SIGNED.isdisjoint(data):
            signed = {name: data.get(name, "") for name in SIGNED}
            actor = manager_approval.manager(request, desk=desk, package=package, slug=slug, **signed)
        keep_place(desk=desk, package=package, data=data)
        asked = {name: value for name, value in data.items() if name not in OURS}
        run_command(package_id=package.pk, transition=slug, actor=actor, data=asked)
    except DomainError as error:
        return Told.of(error)
    return Told()


def keep_place(*, desk: Desk, package: Package, data: dict[str, str]) -> None:
    """Save shelf and bags that stood typed on the page when the command's button was pressed. Raises ValidationFailed.

    A package that has ended meanwhile takes none: the command then says who was first.
    """
    if not data.keys() >= PLACE:
        return
    with suppress(StateConflict):
        shelving.place(actor=desk.actor, package_id=package.pk, shelf=data["shelf"], bags=data["bags"])
