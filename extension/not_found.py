"""An address that leads nowhere: a page in the Extension's look, a problem document for programs."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from extension.config import config
from extension.outage import PROGRAMS
from extension.problem import problem


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """Django's handler of what no address leads to."""
    if request.path_info.startswith(PROGRAMS):
        return problem(status=404, code="not_found", detail="There is nothing at this address.")
    return render(request, "extension/not_found.html", {"has_phone": config().simulated}, status=404)
