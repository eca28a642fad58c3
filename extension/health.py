"""Is it alive, is it ready: for whoever watches the process. No sign-in."""

from django.db import Error, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse

from extension.models import Receipt
from extension.outage import RETRY_AFTER_SECONDS, availability


def live(_request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


def ready(_request: HttpRequest) -> HttpResponse:
    """The database answers too; also how many receipts the OMS has still to take."""
    try:
        if availability.still_away():
            raise OperationalError
        waiting = Receipt.objects.count()
    except Error:
        availability.is_away = True
        return JsonResponse({"status": "database"}, status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
    return JsonResponse({"status": "ok", "receipts_waiting": waiting})
