"""The list of doors."""

from django.urls import URLPattern, URLResolver, path

from clickcollect import api
from clickcollect.omsweb.pages import site

urlpatterns: list[URLPattern | URLResolver] = [
    *api.addresses(),
    path("oms/", site.urls),
]
