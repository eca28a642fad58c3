"""Who is signed in, in which store: the access check of every page of Instore."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, wraps
from typing import Concatenate, Final, ParamSpec, cast
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings as settings_of_django
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.dateparse import parse_datetime
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from clickcollect.accounts import pins
from clickcollect.accounts.adapters import home_of
from clickcollect.accounts.models import Role, User
from clickcollect.errors import DomainError
from clickcollect.instore import device_users, error_pages, time_format
from clickcollect.omnitron.models import RetailStore
from clickcollect.oms import alarms, browser_sessions, idle_lock, package_sql, states
from clickcollect.oms.access import Actor, actor_for
from clickcollect.oms.app_settings import Values
from clickcollect.oms.codes import attempts
from clickcollect.oms.codes.attempts import EmployeeAttempts
from clickcollect.oms.configuration import Configuration
from clickcollect.oms.models import Package
from clickcollect.oms.store_list_sql import StoreLists
from clickcollect.wire_format import whole_number

STORE_IN_SESSION: Final = "instore_store"
DEVICE_COOKIE: Final = "instore_device"  # which store this device stands in; nothing about people
DEVICE_COOKIE_AGE: Final = 365 * 24 * 3600

P = ParamSpec("P")


class HtmxRequest(HttpRequest):
    """A request as `HtmxMiddleware` leaves it: ``htmx`` is true where a script asks for a piece of the page."""

    htmx: HtmxDetails


View = Callable[Concatenate[HtmxRequest, "StoreSession", P], HttpResponse]


@dataclass(frozen=True, kw_only=True)
class StoreSession:
    """One person in one store, for one request. ``actor`` acts in this store alone, even with several of his own."""

    user: User
    actor: Actor
    store: RetailStore
    stores: list[RetailStore]
    configuration: Configuration
    values: Values
    has_to_choose: bool = False
    pin_was_locked_at: datetime | None = None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.store.time_zone)

    @property
    def city(self) -> str:
        """The place whose time the pages show."""
        return self.store.city or self.store.time_zone.rpartition("/")[2].replace("_", " ")

    @property
    def lists(self) -> StoreLists:
        return StoreLists(store=self.store, configuration=self.configuration)

    @property
    def state_names(self) -> dict[str, str]:
        """The states' names by number, as an operator last edited them."""
        known = self.configuration.states.values()
        return {state.enum_value: _(state.name) for state in known if state.enum_class == states.ENUM_CLASS}

    @cached_property
    def employee_attempts(self) -> EmployeeAttempts:
        """The wrong codes of the person who is signed in; read once for all dialogs of a page."""
        return attempts.attempts_of_employee(self.actor)

    def get_package(self, number: str) -> Package:
        """One package of this store with its items, in one statement. Raises NotFound."""
        return package_sql.read_package(self.actor, number=number)[0]

    @cached_property
    def alarms(self) -> list[str]:
        """What is wrong behind the counter, and what to say to customers meanwhile."""
        return alarms.for_store_staff()

    @cached_property
    def pin_notice(self) -> str:
        """That somebody locked this person's PIN, until they have read it on the page of their PIN."""
        since = self.user.pin_locked_at or self.pin_was_locked_at
        if since is None:
            return ""
        words = _("Your PIN was locked on %(when)s after 5 wrong attempts.")
        return words % {"when": time_format.full(since)}

    @property
    def is_manager(self) -> bool:
        return self.actor.role == Role.MANAGER

    @property
    def initials(self) -> str:
        words = (self.user.get_full_name()).split()
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


def store_staff_required(view: View[P]) -> Callable[Concatenate[HtmxRequest, P], HttpResponse]:
    """Store staff only, in a store of theirs, in its time; a refusal is a page; nothing is kept in the browser."""

    @wraps(view)
    def guarded(request: HtmxRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = _answer(view, request, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        patch_vary_headers(response, ("Cookie", "HX-Request"))
        return response

    return cast("Callable[Concatenate[HtmxRequest, P], HttpResponse]", gzip_page(guarded))


def _answer(view: View[P], request: HtmxRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
    user = request.user
    if not isinstance(user, User):
        return redirect_browser(request, sign_in_address(request))
    if user.is_staff:
        return redirect_browser(request, home_of(user))
    session = open_session(request, user)
    if session is None:
        return error_pages.no_store(request)
    if session.has_to_choose:
        return redirect_browser(request, reverse("instore:stores"))
    request.store_session = session  # type: ignore[attr-defined]  # the templates' bar reads it
    with timezone.override(session.zone):
        try:
            response = view(request, session, *args, **kwargs)
        except DomainError as error:
            response = error_pages.refusal_page(request, error)
    remember_device(response, session.store)
    device_users.remember(request, response, user)
    return response


def open_session(request: HttpRequest, user: User) -> StoreSession | None:
    """The store session of this request; None for a person without a store."""
    actor = actor_for(user)
    stores = [store for store in browser_sessions.stores_of_session(request.session, user) if store.is_active]
    if not stores:
        return None
    configuration = browser_sessions.configuration_of(request.session)
    wanted = request.session.get(STORE_IN_SESSION)
    chosen = next((store for store in stores if store.pk == wanted), None)
    store = chosen or stores[0]
    return StoreSession(
        has_to_choose=chosen is None and len(stores) > 1,
        user=user,
        actor=replace(actor, store_ids=frozenset({store.pk})),
        store=store,
        stores=stores,
        configuration=configuration,
        values=Values(configuration.settings_of(store.pk)),
        pin_was_locked_at=parse_datetime(request.session.get(pins.LOCKED_AT, "")),
    )


def redirect_browser(request: HtmxRequest, address: str) -> HttpResponse:
    """Send the browser elsewhere, also out of a request made by a script."""
    return HttpResponseClientRedirect(address) if request.htmx else HttpResponseRedirect(address)


def sign_in_address(request: HtmxRequest) -> str:
    """The sign-in page, which leads back. Somebody who was at work here hears that their session has ended."""
    was_here = settings_of_django.SESSION_COOKIE_NAME in request.COOKIES or request.method == "POST"
    why = "locked" if idle_lock.is_device_locked(request) else "ended" if was_here else ""
    parameters = {"next": return_address(request)} | ({why: 1} if why else {})
    return f"{reverse('account_login')}?{urlencode(parameters)}"


def return_address(request: HtmxRequest) -> str:
    """Where to come back to after signing in: the page that the browser shows, not a piece of it or a command."""
    if request.method == "GET" and not request.htmx:
        return request.get_full_path()
    open_page = request.htmx.current_url or request.headers.get("Referer", "")
    return own_page(request, open_page) or reverse("instore:packages")


def own_page(request: HttpRequest, address: str) -> str:
    """The path of an address if it is a page of Instore; else nothing."""
    if not url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()}):
        return ""
    parts = urlsplit(address)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return path if path.startswith(reverse("instore:packages")) else ""


def remember_device(response: HttpResponse, store: RetailStore) -> None:
    """The sign-in page of this device names its store."""
    response.set_signed_cookie(
        DEVICE_COOKIE,
        str(store.pk),
        max_age=DEVICE_COOKIE_AGE,
        httponly=True,
        samesite="Lax",
        secure=error_pages.is_secure(),
    )


def device_store(request: HttpRequest) -> RetailStore | None:
    """The store this device was last used in."""
    pk = whole_number(str(request.get_signed_cookie(DEVICE_COOKIE, default="")))
    return None if pk is None else RetailStore.objects.filter(pk=pk).first()


def language() -> str:
    return get_language() or "en"
