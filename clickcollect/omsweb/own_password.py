"""One's own new password, in OMS WEB: the old one is asked for within the budget of wrong tries."""

from typing import Any, cast

from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.views.decorators.debug import sensitive_variables
from unfold.forms import AdminOwnPasswordChangeForm

from clickcollect.accounts import sign_in_limits
from clickcollect.accounts.models import User
from clickcollect.errors import DomainError
from clickcollect.oms.staff import change_own_password


class OwnPasswordForm(AdminOwnPasswordChangeForm):
    """Old password, new password twice."""

    user: User

    def __init__(self, *args: Any, request: Any, **kwargs: Any) -> None:
        self.request = request
        super().__init__(*args, **kwargs)

    @sensitive_variables()
    def clean_old_password(self) -> str:
        try:
            old: str = sign_in_limits.prove(
                self.request, account=self.user, door="change password", proof=super().clean_old_password
            )
        except DomainError as refusal:
            raise ValidationError(refusal.detail) from None
        return old

    def save(self, commit: bool = True) -> User:
        change_own_password(self.user, password=self.cleaned_data["new_password1"])
        return self.user


class OwnPasswordView(PasswordChangeView):
    """The session in which it happens goes on under a new key; every other one ends."""

    form_class = OwnPasswordForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "request": self.request, "user": cast("User", self.request.user)}
