"""A manager approves one step on a colleague's device: they pick their name and enter a PIN or an authenticator code.

An approval that was refused stands in the log; what is done with one names the manager and whose device it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from clickcollect.accounts import pins
from clickcollect.accounts.models import User
from clickcollect.errors import DomainError, Fault, Throttled, ValidationFailed
from clickcollect.instore.store_session import StoreSession
from clickcollect.oms.access import Actor, actor_for, managers_of_store
from clickcollect.oms.commands.base import Input, missing_inputs
from clickcollect.oms.log.write import record_sign_off_refusal
from clickcollect.oms.models import Package
from clickcollect.wire_format import whole_number

FIELDS: Final = frozenset({"manager", "pin"})  # sent, even empty, by a form that a manager approves


@dataclass(frozen=True, kw_only=True)
class Approver:
    """A manager of the store. ``can_approve``: has a long enough PIN, or an authenticator app."""

    user: User
    can_approve: bool

    @property
    def label(self) -> str:
        name = self.user.get_full_name()
        return name if self.can_approve else _("%(name)s (no PIN yet)") % {"name": name}


def approvers_in(store_id: int) -> list[Approver]:
    """The managers of a store by name, those first who can approve; one statement."""
    app = Exists(Authenticator.objects.filter(user=OuterRef("pk"), type=Authenticator.Type.TOTP))
    found = managers_of_store(store_id).annotate(has_app=app)
    people = [
        Approver(user=user, can_approve=bool(user.pin and user.pin_can_approve) or user.has_app) for user in found
    ]
    return sorted(people, key=lambda one: not one.can_approve)


def can_approve(user: User) -> bool:
    """Whether this person's PIN is long enough to approve with."""
    return bool(user.pin) and user.pin_can_approve


@sensitive_variables("pin")
def approve(
    request: HttpRequest,
    *,
    session: StoreSession,
    package: Package,
    slug: str,
    inputs: Sequence[Input],
    data: dict[str, str],
) -> Actor:
    """The manager who approves, as the actor of this one step. Raises ValidationFailed, Throttled.

    What is missing, in the step's own fields too, is said before anything is compared.
    """
    chosen, pin = data.get("manager", ""), data.get("pin", "").strip()
    try:
        refuse_missing(chosen, pin, inputs=inputs, data=data)
        manager = authenticate_manager(request, session=session, chosen=chosen, pin=pin)
    except DomainError as error:
        pk = whole_number(chosen)
        known = pk if pk is not None and User.objects.filter(pk=pk).exists() else None
        record_sign_off_refusal(package=package, slug=slug, actor=session.actor, manager_id=known, error=error)
        raise
    return replace(actor_for(manager), device_user_id=session.user.pk)


def refuse_missing(chosen: str, pin: str, *, inputs: Sequence[Input], data: dict[str, str]) -> None:
    """Raise ValidationFailed with every field that was left empty, from the top of the form."""
    faults: list[Fault] = missing_inputs(inputs, data)
    if not chosen:
        faults.append({"loc": "manager", "msg": _("Choose the manager who approves this.")})
    if not pin:
        faults.append({"loc": "pin", "msg": _("Enter the manager's PIN or authenticator code.")})
    if faults:
        raise ValidationFailed(faults)


@sensitive_variables("pin")
def authenticate_manager(request: HttpRequest, *, session: StoreSession, chosen: str, pin: str) -> User:
    """The manager of this store who was chosen, if this is their PIN or their authenticator's code."""
    found = next((one for one in approvers_in(session.store.pk) if str(one.user.pk) == chosen), None)
    if found is None:
        raise ValidationFailed.of("manager", _("This manager does not work in this store. Ask one who does."))
    words = {"name": found.user.get_full_name()}
    if not found.can_approve:
        sentence = _("%(name)s has no PIN for approvals yet. They can set one in Instore, under their own name.")
        raise ValidationFailed.of("manager", sentence % words)
    try:
        is_right = pins.check_approval(request, manager=found.user, entry=pin)
    except Throttled as refusal:
        raise Throttled(refusal.detail, errors=[{"loc": "pin", "msg": refusal.detail}], **refusal.extra) from None
    if not is_right:
        raise ValidationFailed.of("pin", _("Wrong PIN or code. Nothing was changed."))
    return found.user
