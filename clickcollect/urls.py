"""The list of doors."""

from allauth.account.views import login, logout, reauthenticate
from django.urls import URLPattern, URLResolver, include, path

from clickcollect.api import app, health
from clickcollect.instore.first_password_view import choose_first_password
from clickcollect.instore.session_views import home_redirect
from clickcollect.omsweb.admin import site

urlpatterns: list[URLPattern | URLResolver] = [
    *app.addresses(),
    *health.addresses,
    path("", home_redirect, name="home"),
    path("instore/", include("clickcollect.instore.urls")),
    path("guide/", include("clickcollect.guide.urls")),
    path("accounts/login/", login, name="account_login"),
    path("accounts/logout/", logout, name="account_logout"),
    path("accounts/reauthenticate/", reauthenticate, name="account_reauthenticate"),
    path("accounts/first-password/", choose_first_password, name="first_password"),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("oms/", site.urls),
]

handler400 = "clickcollect.outage.bad_request"
handler500 = "clickcollect.outage.server_error"
