"""A manager signs for one step on somebody else's device: their own name and password, for this step alone."""

from allauth.account.adapter import get_adapter
from allauth.core.exceptions import RateLimited
from allauth.mfa.utils import is_mfa_enabled
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from clickcollect.accounts.models import Role, User
from clickcollect.errors import Fault, Throttled, ValidationFailed
from clickcollect.instore.desk import Desk
from clickcollect.oms.access import Actor, actor_for


@sensitive_variables("password")
def manager(request: HttpRequest, *, desk: Desk, username: str, password: str) -> Actor:
    """The manager behind a name and a password, if they work in this store.

    Wrong passwords are counted by the sign-in's own limits. Raises ValidationFailed, Throttled.
    """
    faults: list[Fault] = []
    if not username.strip():
        faults.append({"loc": "username", "msg": _("Enter the manager's username.")})
    if not password:
        faults.append({"loc": "password", "msg": _("Enter the manager's password.")})
    if faults:
        raise ValidationFailed(faults)
    try:
        user = get_adapter(request).authenticate(request, username=username.strip(), password=password)
    except (ValidationError, RateLimited):
        raise Throttled(
            _("Too many wrong passwords. Wait five minutes, then try again."),
            retry_after=300,
        ) from None
    if not isinstance(user, User) or user.role != Role.MANAGER:
        raise ValidationFailed.of("password", _("This is not the name and password of a manager. Nothing was done."))
    if is_mfa_enabled(user):
        raise ValidationFailed.of(
            "username",
            _("This manager signs in with a second factor. They sign in themselves to do this."),
        )
    actor = actor_for(user)
    if not actor.sees_store(desk.store.pk):
        raise ValidationFailed.of("username", _("This manager does not work in this store. Ask one who does."))
    return actor
