"""The one-time link by which a new person chooses their own password: nobody else ever knows it.

Its key is an HMAC over the account as it is (Django's token for a forgotten password): it ends with the first password,
and after `PASSWORD_RESET_TIMEOUT` seconds. It stands in the query, which is in no log.
"""

from urllib.parse import urlencode

from django.contrib.auth.tokens import default_token_generator
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode
from django.views.decorators.debug import sensitive_variables

from clickcollect.accounts.models import User


def address_for(user: User) -> str:
    """Path and query of the link for a person who has no password yet."""
    person = urlsafe_base64_encode(str(user.pk).encode())
    query = urlencode({"person": person, "key": default_token_generator.make_token(user)})
    return f"{reverse('first_password')}?{query}"


@sensitive_variables("key")
def find_person(person: str, key: str, *, among: QuerySet[User]) -> User | None:
    """Whose link this is, while it works; None for one that is used, too old or not ours."""
    try:
        user = among.get(pk=int(urlsafe_base64_decode(person)), is_active=True)
    except (User.DoesNotExist, ValueError, OverflowError):
        return None
    works = not user.has_usable_password() and default_token_generator.check_token(user, key)
    return user if works else None
