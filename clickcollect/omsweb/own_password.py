"""One's own new password, in OMS WEB: the old one is asked for within the budget of wrong tries."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from clickcollect.accounts import sign_in_limits
from clickcollect.accounts.models import User
from clickcollect.errors import DomainError
from clickcollect.oms.staff import change_own_password


class OwnPasswordForm(PasswordChangeForm):
    """Old password, new password twice."""

    user: User

    def __init__(self, *args: Any, request: Any, **kwargs: Any) -> None:
        self.request = request
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = "ow-input"
        self.fields["new_password1"].help_text = _("At least 10 characters.")
        self.fields["new_password2"].help_text = ""

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
    template_name = "omsweb/own_password.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "request": self.request, "user": cast("User", self.request.user)}

    def form_valid(self, form: OwnPasswordForm) -> HttpResponse:  # type: ignore[override]  # it is the form_class
        answer = super().form_valid(form)
        messages.success(self.request, _("Your password was changed."))
        return answer
