"""Django's settings of the Extension. Lenient when imported; `extension.wsgi` is strict."""

from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from extension.config import config
from extension.outage import ProbingConnection
from extension.safe_logging import LOGGING as QUIET_LOGGING

BASE_DIR = Path(__file__).resolve().parent
DEBUG = False
SECRET_KEY = config().secret_key
ALLOWED_HOSTS = list(config().allowed_hosts)
ROOT_URLCONF = "extension.urls"
WSGI_APPLICATION = "extension.wsgi.application"
INSTALLED_APPS = ["django.contrib.staticfiles", "extension"]
MIDDLEWARE = [
    "extension.machine_addresses.called_by_any_name",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "extension.outage.refuse_while_away",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
            ],
        },
    },
]

_database: dict[str, Any] = dict(environ.Env().db_url_config(config().database_url or "postgres:///extension"))
_options: dict[str, Any] = _database.setdefault("OPTIONS", {})
_options |= {"server_side_binding": True, "prepare_threshold": 5, "connect_timeout": 5}
# A connection over a network that is cut without a word ends within half a minute (libpq; not for a socket).
_options |= {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 25_000}
# One connection for each thread that answers, one for the receipts, one to spare.
_options["pool"] = {
    "min_size": 1,
    "max_size": config().threads + 2,
    "timeout": 3,
    "reconnect_timeout": 2,
    "connection_class": ProbingConnection,
}
DATABASES = {"default": _database | {"CONN_HEALTH_CHECKS": True, "CONN_MAX_AGE": 0}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("tr", _("Turkish")), ("de", _("German")), ("ar", _("Arabic"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_NAME = "extension_language"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_USE_FINDERS = True  # a handful of files: nothing to collect before a start
WHITENOISE_AUTOREFRESH = False
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_MAX_AGE = 60

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"  # with no-referrer a browser sends "Origin: null", and no form is taken
# Used for nothing but the scheme that a form's Origin is compared with; no browser lets another site set the header.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CSRF_FAILURE_VIEW = "extension.editor.csrf_failed"
CSRF_COOKIE_NAME = "extension_csrf"  # the shop's own pages may live on the same host
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
LOGGING = QUIET_LOGGING
SILENCED_SYSTEM_CHECKS = ["security.W004", "security.W008"]
