"""The page of the one-time link: a new person chooses their password, and signs in with it."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import password_validators_help_texts
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from clickcollect.accounts import first_password
from clickcollect.accounts.models import User
from clickcollect.errors import NotFound, ValidationFailed
from clickcollect.oms.staff import set_first_password


def password_field(label: Any) -> forms.CharField:
    """As it was typed: blanks at its ends are part of a password."""
    return forms.CharField(
        label=label, strip=False, max_length=4096, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )


class FirstPasswordForm(forms.Form):
    """A password, twice."""

    password = password_field(_("New password"))
    again = password_field(_("Repeat new password"))

    @sensitive_variables()
    def clean_again(self) -> str:
        again: str = self.cleaned_data["again"]
        if again != self.cleaned_data.get("password"):
            raise forms.ValidationError(_("The passwords don't match."))
        return again


@sensitive_post_parameters()
@sensitive_variables()
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def choose_first_password(request: HttpRequest) -> HttpResponse:
    """Set the first password of whoever has the link; then they sign in."""
    person, key = request.GET.get("person", ""), request.GET.get("key", "")
    user = first_password.find_person(person, key, among=User.objects.all())
    form = FirstPasswordForm(request.POST or None)
    if user and form.is_valid():
        try:
            set_first_password(person=person, key=key, password=form.cleaned_data["password"])
        except NotFound:
            user = None
        except ValidationFailed as refusal:
            for fault in refusal.errors:
                form.add_error("password", fault["msg"])
        else:
            return HttpResponseRedirect(f"{reverse('account_login')}?chosen=1")
    context = {"form": form, "person": user, "rules": password_validators_help_texts()}
    status = 404 if user is None else 422 if form.errors else 200
    return render(request, "account/first_password.html", context, status=status)
