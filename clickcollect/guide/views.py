"""The guide as pages, for whoever is signed in: staff of stores and the back office alike."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from clickcollect.accounts.adapters import home_of
from clickcollect.accounts.models import Role, User
from clickcollect.guide.pages import page, pages

FIRST = {Role.ASSOCIATE: "employee", Role.MANAGER: "manager"}


@require_safe
@never_cache
@login_required
def first_page(request: HttpRequest) -> HttpResponse:
    """The page for the reader's own work."""
    user = request.user
    return redirect("guide:page", FIRST.get(Role(user.role), "operator") if isinstance(user, User) else "employee")


@gzip_page
@require_safe
@never_cache
@login_required
def show_page(request: HttpRequest, name: str) -> HttpResponse:
    """One page with its contents. It is English in every language; what is around it says so."""
    user = request.user
    context = {"page": page(name), "pages": pages(), "home": home_of(user) if isinstance(user, User) else "/"}
    return render(request, "guide/page.html", context)
