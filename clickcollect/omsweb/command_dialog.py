"""The dialog of a command: drawn from what the command asks for, answered without a reload.

A refusal that can be mended stays in the dialog, with what was typed; any other closes it and shows the result.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django_htmx.http import reswap, retarget, trigger_client_event

from clickcollect.errors import (
    CommandUnknown,
    DomainError,
    OtpExpired,
    OtpIncorrect,
    OtpMalformed,
    OtpRequired,
    Throttled,
    ValidationFailed,
)
from clickcollect.oms import app_settings, states
from clickcollect.oms.access import Actor
from clickcollect.oms.codes import attempts
from clickcollect.oms.commands.available import RESEND, Offer, offers_of
from clickcollect.oms.commands.base import Outcome
from clickcollect.oms.commands.run import Available, available_commands, run_command
from clickcollect.oms.log.timeline import COMMANDS
from clickcollect.oms.models import Package
from clickcollect.omsweb.actor import actor_of
from clickcollect.omsweb.command_form import LONGEST, CommandForm
from clickcollect.omsweb.htmx import htmx_of
from clickcollect.omsweb.package_page import PackagePage, open_package

if TYPE_CHECKING:
    from clickcollect.omsweb.base_admin import RightsModelAdmin

MENDABLE: Final = (OtpRequired, OtpMalformed, OtpIncorrect, OtpExpired, Throttled, ValidationFailed)


@sensitive_post_parameters()
@sensitive_variables()
def answer(request: HttpRequest, *, model_admin: "RightsModelAdmin", package_id: int, transition: int) -> HttpResponse:
    """Show the dialog (GET), or run the command (POST)."""
    actor = actor_of(request)
    if request.method != "POST":
        package = open_package(request, package_id=package_id)
        found = command_behind(package=package, actor=actor, transition=transition)
        return show_dialog(request, model_admin=model_admin, package=package, available=found)
    try:
        data = typed_fields(request)
        outcome = run_command(package_id=package_id, transition=transition, actor=actor, data=data)
    except DomainError as error:
        return show_refusal(request, model_admin=model_admin, package_id=package_id, transition=transition, error=error)
    return show_outcome(request, outcome=outcome)


def command_behind(*, package: Package, actor: Actor, transition: int) -> Available:
    """The command behind a button. Raises CommandUnknown when it is not open any more."""
    for item in available_commands(package=package, actor=actor):
        if item.transition.pk == transition:
            return item
    raise CommandUnknown(_("This is no longer possible. Check the package again."))


@sensitive_variables()
def typed_fields(request: HttpRequest) -> dict[str, str]:
    """What was typed. Raises ValidationFailed for what no field can hold."""
    data = {name: value for name, value in request.POST.items() if isinstance(value, str)}
    field = forms.CharField(required=False, max_length=LONGEST, strip=False)
    for name, value in data.items():
        try:
            field.clean(value)
        except forms.ValidationError as error:
            raise ValidationFailed.of(name[:64].replace("\x00", ""), " ".join(error.messages)) from None
    return data


def show_dialog(
    request: HttpRequest, *, model_admin: "RightsModelAdmin", package: Package, available: Available
) -> HttpResponse:
    """The dialog, as a piece of the page or, without JavaScript, as a page of its own."""
    context = dialog_context(package=package, available=available, actor=actor_of(request))
    if htmx_of(request):
        return render(request, "omsweb/command_dialog.html", context)
    page = model_admin.page(request, original=package, **context)
    return TemplateResponse(request, "omsweb/command.html", page)


@sensitive_variables("data")
def dialog_context(
    *, package: Package, available: Available, actor: Actor, data: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What the dialog shows. ``lock``: why no code is asked for, and ``way_out``, the command that helps instead."""
    offer = Offer(available=available)
    words = {"package": package, "available": available, "title": title_of(offer), "submit": offer.confirm_label}
    if offer.needs_otp:
        return words | for_the_code(package=package, available=available, actor=actor, data=data)
    form = CommandForm(data, available=available)
    values = app_settings.settings_in_force(package.stock_location_id)
    consequence = available.command.consequence(package, values)
    return words | {"form": form, "question": consequence or ("" if form.input_fields else question(offer))}


@sensitive_variables("data")
def for_the_code(
    *, package: Package, available: Available, actor: Actor, data: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The code's field with what belongs to it; while the code is locked the story and the way out instead."""
    offers = offers_of(package=package, actor=actor)
    if offers.lock:
        return {"lock": offers.lock, "way_out": offers.main}
    resend = offers.by_code(RESEND)
    return {
        "form": CommandForm(data, available=available),
        "resend": resend.available if resend else None,
        "employee_is_out": attempts.attempts_of_employee(actor).is_out(
            app_settings.settings_in_force(package.stock_location_id)
        ),
    }


def title_of(offer: Offer) -> str:
    """The heading: OMS WEB asks where nothing else is asked before a handover."""
    return _("Hand over without a code?") if offer.hands_over_unasked else offer.title


def question(offer: Offer) -> str:
    """What a plain confirmation says, where nothing is asked."""
    if offer.hands_over:
        return _("No code was sent for this package. Make sure you have the right customer.")
    return _("This cannot be undone.")


def show_outcome(request: HttpRequest, *, outcome: Outcome) -> HttpResponse:
    """It happened: the page as it is now, with the result over it."""
    said = words_of_success(outcome)
    if not htmx_of(request):
        messages.success(request, said)
        return redirect("omsweb:oms_package_change", outcome.package.pk)
    if request.POST.get("inside"):
        return render(request, "omsweb/verdict.html", {"said": said})
    package = open_package(request, package_id=outcome.package.pk)
    delivered = outcome.transition.destination.enum_value == states.DELIVERED
    return body(request, package=package, result={"tone": "ok", "said": said, "big": delivered})


def words_of_success(outcome: Outcome) -> str:
    """One sentence for what was done."""
    if outcome.command_code in COMMANDS:
        return str(COMMANDS[outcome.command_code])
    if outcome.transition.source_id == outcome.transition.destination_id:
        return _("Done: %(command)s") % {"command": _(outcome.transition.name)}
    if outcome.transition.destination.enum_value == states.DELIVERED:
        return _("Package delivered")
    return _("The package is now: %(state)s") % {"state": _(outcome.transition.destination.name)}


def show_refusal(
    request: HttpRequest,
    *,
    model_admin: "RightsModelAdmin",
    package_id: int,
    transition: int,
    error: DomainError,
) -> HttpResponse:
    """It was refused: a sentence where the person looks, and the status for whoever counts."""
    package = open_package(request, package_id=package_id)
    if not htmx_of(request):
        return refuse_on_a_page(request, model_admin=model_admin, package=package, transition=transition, error=error)
    mendable = isinstance(error, MENDABLE) and not attempts.has_locked(error.extra)
    if mendable or (request.POST.get("inside") and not attempts.has_locked(error.extra)):
        faults = error.errors if isinstance(error, ValidationFailed) else []
        response = render(request, "omsweb/verdict.html", {"error": error, "faults": faults}, status=error.status)
        return retarget(response, "#verdict" if request.POST.get("dialog") else "#result")
    return body(request, package=package, result={"tone": "bad", "said": error.detail}, status=error.status)


def refuse_on_a_page(
    request: HttpRequest,
    *,
    model_admin: "RightsModelAdmin",
    package: Package,
    transition: int,
    error: DomainError,
) -> HttpResponse:
    """Without JavaScript: the form again with the sentence, or back to the package where trying again is no use."""
    actor = actor_of(request)
    known = {item.transition.pk: item for item in available_commands(package=package, actor=actor)}
    if transition not in known or attempts.has_locked(error.extra):
        messages.error(request, error.detail)
        return redirect("omsweb:oms_package_change", package.pk)
    context = dialog_context(package=package, available=known[transition], actor=actor, data=request.POST)
    faults = error.errors if isinstance(error, ValidationFailed) else []
    page = model_admin.page(request, original=package, error=error, faults=faults, **context)
    return TemplateResponse(request, "omsweb/command.html", page, status=error.status)


def body(request: HttpRequest, *, package: Package, result: dict[str, Any], status: int = 200) -> HttpResponse:
    """The package's page below its heading, in place of the one that is shown; an open dialog closes."""
    shown = PackagePage.load(package=package, actor=actor_of(request))
    context = {"shown": shown, "package": package, "result": result}
    response = render(request, "omsweb/package_body.html", context, status=status)
    return trigger_client_event(reswap(retarget(response, "#package"), "innerHTML"), "omsweb:close")
