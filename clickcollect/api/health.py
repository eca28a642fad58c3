"""Is it alive, can it work, how is it doing: for load balancers and Prometheus. No sign-in, nothing personal."""

from typing import Final

from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from clickcollect.api.metrics import exposition
from clickcollect.api.middleware import guarded
from clickcollect.database import RETRY_AFTER_SECONDS
from clickcollect.oms import alarms
from webserver.clients import client_address

_migrated: Final[set[str]] = set()


@never_cache
@require_safe
def live(_request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def ready(_request: HttpRequest) -> HttpResponse:
    """200 when database, tables and worker are all there, else 503; which one is missing stands in the answer."""
    checks = {"database": database_answers(), "migrations": False, "worker": False}
    if checks["database"]:
        checks |= {"migrations": is_migrated(), "worker": worker_lives()}
    good = all(checks.values())
    response = JsonResponse({"status": "ok" if good else "unavailable", "checks": checks}, status=200 if good else 503)
    if not good:
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Figures in Prometheus' format, for the networks in METRICS_ALLOWED_NETWORKS (loopback by default)."""
    if not may_read_metrics(request):
        return HttpResponse(status=404)
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)


def database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return False
    return True


def is_migrated() -> bool:
    """Whether the tables are those of this program; once they are, they stay so while it runs."""
    if not _migrated:
        try:
            executor = MigrationExecutor(connection)
            if executor.migration_plan(executor.loader.graph.leaf_nodes()):
                return False
        except Error:
            return False
        _migrated.add("yes")
    return True


def worker_lives() -> bool:
    """Whether some worker gave a sign of life lately."""
    try:
        return alarms.worker_lives()
    except Error:
        return False


def may_read_metrics(request: HttpRequest) -> bool:
    """Whether whoever really asks is in one of METRICS_ALLOWED_NETWORKS; who is not known is not."""
    address = client_address(
        peer=request.META.get("REMOTE_ADDR", ""),
        forwarded=request.headers.get("X-Forwarded-For"),
        proxies=settings.TRUSTED_PROXIES,
    )
    return address is not None and any(address in network for network in settings.METRICS_ALLOWED_NETWORKS)


addresses: Final[list[URLPattern]] = [
    path("healthz", csrf_exempt(guarded(live)), name="healthz"),
    path("readyz", csrf_exempt(guarded(ready)), name="readyz"),
    path("metrics", csrf_exempt(guarded(metrics)), name="metrics"),
]
