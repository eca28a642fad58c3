"""By which names the Extension may be called: people by those in ALLOWED_HOSTS, machines by any."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# The shop posts to an address, or to a name that no person uses; an event is known by its signature.
FOR_MACHINES = ("/events/", "/healthz", "/readyz")
GetResponse = Callable[[HttpRequest], HttpResponse]


def called_by_any_name(get_response: GetResponse) -> GetResponse:
    """Middleware: an address for machines is answered whatever the Host header says."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info in FOR_MACHINES:
            request.META["HTTP_HOST"] = "localhost"
        return get_response(request)

    return middleware
