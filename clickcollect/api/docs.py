"""The page `/api/docs`: the description to read and to try out, and what each error code says."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase

from clickcollect.api.openapi import all_errors


class Docs(DocsBase):
    """Swagger UI under a policy without inline scripts, styles or eval."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        known = sorted(all_errors().values(), key=lambda error: (error.status, error.code))
        context = {
            "api": api,
            "openapi_url": self.get_openapi_url(api, kwargs),
            "errors": [{"code": cls.code, "status": cls.status, "sentence": cls.sentence} for cls in known],
        }
        return render(request, "oms/api_docs.html", context)
