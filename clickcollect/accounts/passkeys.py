"""allauth's forms for passkeys: bytes that are no passkey are a wrong one, never a failure of ours."""

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn import forms
from django.forms import HiddenInput, JSONField

from clickcollect.accounts.authenticator_codes import counted
from clickcollect.json_input import FormDecoder

# What the reading of foreign bytes raises (fido2 tells none of them apart), and allauth lets through in part.
UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class AddPasskey(forms.AddWebAuthnForm):  # type: ignore[misc]  # fido2, below it, has no types
    """A new passkey."""

    credential = JSONField(widget=HiddenInput, decoder=FormDecoder)

    def clean(self) -> dict[str, Any]:
        try:
            cleaned: dict[str, Any] = super().clean()
        except UNREADABLE as error:
            raise get_adapter().validation_error("incorrect_code") from error
        return cleaned


class UsePasskey(forms.AuthenticateWebAuthnForm):  # type: ignore[misc]
    """A passkey at the sign-in."""

    credential = JSONField(widget=HiddenInput, decoder=FormDecoder)

    def clean_credential(self) -> Authenticator:
        try:
            found: Authenticator = counted(self, super().clean_credential)
        except UNREADABLE as error:
            raise get_adapter().validation_error("incorrect_code") from error
        return found


class ConfirmByPasskey(UsePasskey):
    """A passkey before a change of how one signs in."""

    reauthenticated = True
