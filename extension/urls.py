"""Every door of the Extension."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path

from extension import editor, events, health, phone_pages
from extension.config import config


def home(request: HttpRequest) -> HttpResponse:
    """The phone where there is one; otherwise there is nothing to see."""
    return redirect("phone") if config().simulated else health.live(request)


urlpatterns = [
    path("", home),
    path("events/", events.receive_event),
    path("healthz", health.live),
    path("readyz", health.ready),
    path("phone/", phone_pages.phone_page, name="phone"),
    path("phone/live/", phone_pages.phone_stream, name="phone-live"),
    path("phone/messages.json", phone_pages.as_json, name="phone-json"),
    path("templates/", editor.editor_page, name="templates"),
    path("templates/preview/", editor.preview_template, name="templates-preview"),
]

handler404 = "extension.not_found.not_found"
handler500 = "extension.outage.server_error"
