"""A manager signs for one step on somebody else's device: their own name and password, for this step alone.

A signature that was refused stands in the log; what is done with one names the manager and whose device it was.
"""

from dataclasses import replace

from allauth.account.adapter import get_adapter
from allauth.mfa.utils import is_mfa_enabled
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from clickcollect.accounts.models import Role, User
from clickcollect.accounts.sign_in_limits import find_account
from clickcollect.errors import DomainError, Fault, Throttled, ValidationFailed
from clickcollect.instore.store_session import StoreSession
from clickcollect.oms.access import Actor, actor_for
from clickcollect.oms.log.write import record_sign_off_refusal
from clickcollect.oms.models import Package


@sensitive_variables("password")
def approve(
    request: HttpRequest, *, session: StoreSession, package: Package, slug: str, username: str, password: str
) -> Actor:
    """The manager behind a name and a password, if they work in this store. Raises ValidationFailed, Throttled."""
    name = username.strip()
    try:
        signer = authenticate(request, session=session, username=name, password=password)
    except DomainError as error:
        named = find_account(name)
        manager_id = named.pk if named else None
        record_sign_off_refusal(package=package, slug=slug, actor=session.actor, manager_id=manager_id, error=error)
        raise
    return replace(signer, device_user_id=session.user.pk)


@sensitive_variables("password")
def authenticate(request: HttpRequest, *, session: StoreSession, username: str, password: str) -> Actor:
    """The manager's actor. A wrong password counts as one at the sign-in does; an empty field is not tried."""
    faults: list[Fault] = []
    if not username:
        faults.append({"loc": "username", "msg": _("Enter the manager's username.")})
    if not password:
        faults.append({"loc": "password", "msg": _("Enter the manager's password.")})
    if faults:
        raise ValidationFailed(faults)
    try:
        user = get_adapter(request).authenticate(request, username=username, password=password)
    except ValidationError as refusal:
        raise Throttled(refusal.message) from None
    if not isinstance(user, User) or user.role != Role.MANAGER:
        raise ValidationFailed.of("password", _("This is not the name and password of a manager. Nothing was done."))
    if is_mfa_enabled(user):
        raise ValidationFailed.of(
            "username",
            _("This manager signs in with a second factor. They sign in themselves to do this."),
        )
    actor = actor_for(user)
    if not actor.sees_store(session.store.pk):
        raise ValidationFailed.of("username", _("This manager does not work in this store. Ask one who does."))
    return actor
