"""OMS WEB itself: one admin site whose permissions are the rights table, and whose refusals are sentences."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any
from urllib.parse import urlencode, urlsplit

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import ModelAdmin
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, include, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect
from unfold.sites import UnfoldAdminSite

from clickcollect.errors import DomainError, Forbidden, NotFound, ValidationFailed
from clickcollect.oms.idle_lock import is_device_locked
from clickcollect.omsweb import frame
from clickcollect.omsweb.clock import by_one_clock
from clickcollect.omsweb.htmx import htmx_of
from clickcollect.omsweb.own_password import OwnPasswordView
from clickcollect.omsweb.saved_filters import remove_filter, save_filter

View = Callable[..., HttpResponseBase]


class OmsWeb(UnfoldAdminSite):
    """The back office. Its pages decide nothing: they ask `oms.access`, and show what was refused."""

    site_header = gettext_lazy("OMS WEB")
    index_title = gettext_lazy("Dashboard")
    enable_nav_sidebar = True

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.pages: list[tuple[str, View, str]] = []

    def add_page(self, address: str, view: View, *, name: str) -> None:
        """A page of its own, which shows no single model."""
        self.pages.append((address, view, name))

    def has_permission(self, request: HttpRequest) -> bool:
        """Back-office roles only; what each may do is asked page by page."""
        user = request.user
        return user.is_authenticated and bool(user.is_staff)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What every page tells the frame around it."""
        return {
            **frame.look(),
            **frame.files(request),
            "is_popup": False,
            "is_nav_sidebar_enabled": self.enable_nav_sidebar,
            "sidebar_navigation": frame.sidebar(request) if self.has_permission(request) else [],
        }

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Short addresses: /oms/packages/ instead of Django's /oms/oms/package/."""
        pages: list[URLPattern | URLResolver] = [
            path("", self.admin_view(self.index), name="index"),
            path("login/", self.login, name="login"),
            path("logout/", self.admin_view(self.logout), name="logout"),
            path("password/", self.admin_view(self.password_change, cacheable=True), name="password_change"),
            path("here/", self.admin_view(require_POST(self.touch)), name="touch"),
            path("search/", self.admin_view(self.search), name="search"),
            path("jsi18n/", self.admin_view(self.i18n_javascript, cacheable=True), name="jsi18n"),
            path("filters/save/", self.admin_view(save_filter), name="filter_save"),
            path("filters/<int:object_id>/remove/", self.admin_view(remove_filter), name="filter_remove"),
            path("go/<str:app_label>/", self.admin_view(self.app_index), name="app_list"),
        ]
        pages += [path(address, self.admin_view(view), name=name) for address, view, name in self.pages]
        for model, model_admin in self._registry.items():
            pages.append(path(f"{self.folder(model, model_admin)}/", include(model_admin.urls)))
        pages.append(path("<path:address>", self.admin_view(self.nowhere)))
        return pages

    def touch(self, request: HttpRequest) -> HttpResponse:
        """Somebody is at the device, though the page asked for nothing."""
        return HttpResponse(status=204)

    def nowhere(self, request: HttpRequest, address: str) -> HttpResponse:
        """An address that OMS WEB does not have."""
        raise NotFound

    def folder(self, model: type[Model], model_admin: "ModelAdmin[Any]") -> str:
        """The folder of a model's pages below /oms/."""
        return str(getattr(model_admin, "folder", "") or model._meta.verbose_name_plural)  # noqa: SLF001

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """A refused request gets a page with its sentence, never a 500. Signed out: sign-in. Store staff: Instore.

        Pages go compressed. Against BREACH the length of each is blurred by Django and its CSRF token is masked anew;
        a page that shows a secret goes as it is (`uncompressed`).
        """
        inner: View = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.user.is_authenticated and not self.has_permission(request):
                return self.staff_only_page(request)
            if is_device_locked(request):
                return sign_in_again(request)
            return answered(request, *args, **kwargs)

        @by_one_clock
        def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                return inner(request, *args, **kwargs)
            except PermissionDenied:
                return self.refusal(request, Forbidden())
            except Http404:
                return self.refusal(request, NotFound())
            except DomainError as error:
                return self.refusal(request, error)

        return update_wrapper(gzip_page(guarded), view)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The dashboard."""
        from clickcollect.omsweb.dashboard import dashboard  # noqa: PLC0415  it links to the models of this site

        context = {**self.each_context(request), "title": self.index_title, **dashboard(request)}
        return TemplateResponse(request, "omsweb/dashboard.html", context)

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Across everything. Unfold's own keeps what it found in the cache, with customers' names: not here."""
        from clickcollect.omsweb.global_search import find_everywhere  # noqa: PLC0415  it links to the models of this site

        found = find_everywhere(request, request.GET.get("s", ""))
        return TemplateResponse(request, "omsweb/search_results.html", {"results": found})

    def refusal(self, request: HttpRequest, error: DomainError) -> TemplateResponse:
        """The page that says what was refused and what to do next."""
        faults = error.errors if isinstance(error, ValidationFailed) else []
        sentence = error.detail
        if sentence == str(NotFound.sentence):  # whoever reads it sees every store
            sentence = _("We couldn't find that. Check the number.")
        words = {"title": error.title, "sentence": sentence, "faults": faults}
        context = {**self.each_context(request), **words}
        return TemplateResponse(request, "omsweb/refusal.html", context, status=error.status)

    def staff_only_page(self, request: HttpRequest) -> TemplateResponse:
        """Store staff work in Instore; OMS WEB says so and shows nothing."""
        context = {"title": _("OMS WEB is for the back office"), "site_title": "OMS WEB", "home": "/instore/"}
        return TemplateResponse(request, "omsweb/staff_only.html", context, status=403)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """Sign-in, second factor and throttle are allauth's."""
        signed_in: View = secure_admin_login(super().login)
        return signed_in(request, extra_context)

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return sign_out(request)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """One's own new password."""
        context = {**self.each_context(request), **(extra_context or {}), "title": _("Change password")}
        return OwnPasswordView.as_view(success_url=reverse("omsweb:index"), extra_context=context)(request)

    def app_index(
        self,
        request: HttpRequest,
        app_label: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Django's page of an app says nothing here."""
        return redirect("omsweb:index")


def sign_in_again(request: HttpRequest) -> HttpResponse:
    """The device has locked itself: sign in, and come back to the page that was open."""
    back = request.get_full_path() if request.method == "GET" else reverse("omsweb:index")
    htmx = htmx_of(request)
    if htmx:
        back = urlsplit(htmx.current_url or "").path or reverse("omsweb:index")
    address = f"{resolve_url('account_login')}?{urlencode({'next': back, 'locked': 1})}"
    return HttpResponseClientRedirect(address) if htmx else redirect(address)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session and show the door."""
    logout(request)
    return redirect(f"{resolve_url('account_login')}?next={reverse('omsweb:index')}")


site = OmsWeb(name="omsweb")
