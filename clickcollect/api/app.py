"""The one API: its routers, its one way to say no, and its description."""

from typing import Any, Final

from django.http import Http404
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema

from clickcollect import __version__
from clickcollect.accounts.idempotency import Replayed
from clickcollect.api import (
    connectors,
    instore_config,
    logs,
    message_receipts,
    orders,
    packages,
    settings,
    sign_in,
    stores,
)
from clickcollect.api import hooks as whisperer_hooks
from clickcollect.api.authentication import signed_in
from clickcollect.api.bodies import BodyParser
from clickcollect.api.middleware import guarded, idempotent, on_replay, unknown_address
from clickcollect.api.openapi import DESCRIPTION, INFO, SERVERS, TITLE, complete_document
from clickcollect.api.problems import on_exception
from clickcollect.api.reference import Docs

API: Final = "api/v1/"


class ClickCollectAPI(NinjaAPI):
    """Ninja, with our description of it, made once."""

    described: OpenAPISchema | None = None

    def get_openapi_schema(self, **_: Any) -> OpenAPISchema:
        if self.described is None:
            document = super().get_openapi_schema(path_prefix="")
            complete_document(document)
            self.described = document
        return self.described


api = ClickCollectAPI(
    title=TITLE,
    version=__version__,
    description=DESCRIPTION,
    openapi_extra={"info": INFO},
    servers=SERVERS,
    urls_namespace="api",
    docs=Docs(),
    docs_url="/api/docs",
    openapi_url="/api/openapi.json",
    auth=signed_in,
    parser=BodyParser(),
)
for kind in (Exception, Http404, HttpError, ValidationError):  # ninja has its own for each
    api.add_exception_handler(kind, on_exception)
api.add_exception_handler(Replayed, on_replay)
api.add_decorator(idempotent, mode="view")

api.add_router("/api/v1/auth", sign_in.router)
api.add_router("/api/v1/omnitron/orders", orders.router)
api.add_router("/api/v1/oms/packages", packages.router)
api.add_router("/api/v1/oms/state-transition-logs", logs.router)
api.add_router("/api/v1/oms/settings/application_settings", settings.router)
api.add_router("/api/v1/oms", message_receipts.router)
api.add_router("/api/v1/instore", instore_config.router)
api.add_router("/api/v1", stores.router)
api.add_router("/whisperer", whisperer_hooks.router)
api.add_router("/api/v1", connectors.router)


def addresses() -> list[URLPattern | URLResolver]:
    """Every address of the API, guarded; every other one below its prefixes is an unknown address."""
    patterns, app_name, namespace = api.urls
    found = [pattern for pattern in patterns if isinstance(pattern, URLPattern) and pattern.name != "api-root"]
    for pattern in found:
        public = pattern.name in ("openapi-json", "openapi-view")
        view = require_safe(pattern.callback) if public else pattern.callback
        pattern.callback = csrf_exempt(guarded(view))  # `signed_in` checks the CSRF token of sessions
    again = [path(f"{API}{pattern.pattern}", pattern.callback) for pattern in found if is_of_hooks(pattern)]
    return [
        path("", include((found, app_name), namespace=namespace)),
        *again,
        re_path(r"^(?:api|whisperer)(?:/|$)", csrf_exempt(guarded(unknown_address))),
    ]


def is_of_hooks(pattern: URLPattern) -> bool:
    """Whether an address is one of the reference's hook API, which stands below `/api/v1/` too."""
    return str(pattern.pattern).startswith("whisperer/")
