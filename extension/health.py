"""Is it alive, is it ready: for whoever watches the process. No sign-in."""

from django.db import Error, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse

from extension.models import Receipt
from extension.outage import RETRY_AFTER_SECONDS, known


def live(_request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


def ready(_request: HttpRequest) -> HttpResponse:
    """The database answers too; also how many receipts the OMS has still to take."""
    try:
        if known.still_away():
            raise OperationalError
        waiting = Receipt.objects.count()
    except Error:
        known.is_away = True
        return JsonResponse({"status": "database"}, status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
    return JsonResponse({"status": "ok", "receipts_waiting": waiting})
