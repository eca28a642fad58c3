"""Sign in with a name and a password, for a key that lasts 12 hours."""

from typing import Annotated

from allauth.account.adapter import get_adapter
from allauth.mfa.utils import is_mfa_enabled
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema
from pydantic import ConfigDict

from clickcollect.accounts.models import User
from clickcollect.accounts.tokens import create_login
from clickcollect.api.schemas import KeyOut
from clickcollect.errors import ValidationFailed
from clickcollect.omnitron.field_types import Line, sized
from clickcollect.oms.access import RIGHTS
from clickcollect.oms.events import examples

router = Router(tags=["Sign in"])

CREDENTIALS = "non_field_errors"


class LoginIn(Schema):
    model_config = ConfigDict(hide_input_in_errors=True, json_schema_extra={"examples": [examples.LOGIN_IN]})

    username: Annotated[Line, sized(150)]
    password: Annotated[str, Field(min_length=1, max_length=4096, repr=False)]


@router.post(
    "/login/",
    auth=None,
    response=KeyOut,
    summary="Sign in",
    operation_id="sign_in",
    openapi_extra={"x-public": True},
)
def login(request: HttpRequest, payload: LoginIn) -> dict[str, str]:
    """A key with this person's rights and channel, valid for 12 hours.

    Wrong name or password, and too many tries, are answered with 400; tries are counted together with
    those of every other door. An account with two-step verification cannot sign in here.
    """
    user = authenticate_person(request, payload)
    if is_mfa_enabled(user):
        raise ValidationFailed.of(
            CREDENTIALS,
            _("This account uses two-step verification. Create an API token instead, or ask an administrator for one."),
        )
    return {"key": create_login(user=user, scopes=RIGHTS).key}


def authenticate_person(request: HttpRequest, payload: LoginIn) -> User:
    """The person behind a name and password. Which of the two was wrong is not said."""
    try:
        user = get_adapter(request).authenticate(request, username=payload.username, password=payload.password)
    except ValidationError as refusal:
        raise ValidationFailed.of(CREDENTIALS, refusal.message) from None
    if not isinstance(user, User):
        raise ValidationFailed.of(CREDENTIALS, _("Wrong username or password."))
    return user
