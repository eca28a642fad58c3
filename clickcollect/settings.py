"""Django's settings, read from the environment (contract section 7).

Lenient when imported, so that tools can load it; `clickcollect check` and every start of a process are strict.
"""

import base64
import binascii
import ipaddress
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from clickcollect import logs
from clickcollect.database import ProbingConnection
from clickcollect.guide.files import PICTURES
from clickcollect.omsweb.unfold_config import UNFOLD as UNFOLD

BASE_DIR = Path(__file__).resolve().parent
env = environ.Env()


def parse_code_keys(text: str) -> dict[str, bytes]:
    """Read `id:base64,…`, newest first, each key at least 32 bytes. Raises ImproperlyConfigured with a sentence."""
    keys: dict[str, bytes] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        key_id, _colon, value = part.partition(":")
        try:
            raw = base64.b64decode(value, validate=True)
        except binascii.Error:
            raw = b""
        if not key_id or len(key_id) > 32 or len(raw) < 32 or key_id in keys:
            raise ImproperlyConfigured(
                "PICKUP_CODE_KEYS must read id:base64,id:base64,… with different ids of at most 32 characters "
                "and keys of at least 32 bytes. `clickcollect keys new` makes one.",
            )
        keys[key_id] = raw
    return keys


def derive_encryption_key(master: bytes) -> bytes:
    """A key for secrets that must be read back (hook secrets, MFA seeds), apart from the one for codes (RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"clickcollect secrets at rest").derive(master)


# A connection over a network that is cut without a word ends within half a minute (libpq; not for a socket).
KEEP_ALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 25_000}


def database(url: str, *, pool: bool) -> dict[str, Any]:
    """One PostgreSQL connection setting, with no open transaction around a request.

    Statements are prepared, except where a pooler by transaction stands before the web: there the next one may come to
    another session. Nothing is set by start-up options, which such a pooler drops: roles.py says what each role sets.
    """
    config: dict[str, Any] = dict(env.db_url_config(url))
    if config.get("ENGINE") != "django.db.backends.postgresql":
        raise ImproperlyConfigured("clickcollect runs on PostgreSQL only: the database URL must begin with postgres://")
    options: dict[str, Any] = config.setdefault("OPTIONS", {})
    is_prepared = not pool or env.bool("DATABASE_PREPARED_STATEMENTS", True)
    options |= {"server_side_binding": True, "connect_timeout": 5} | KEEP_ALIVE
    options["prepare_threshold"] = 5 if is_prepared else None
    if pool:
        options["pool"] = {
            "min_size": 1,
            "max_size": env.int("WEB_THREADS", 8),
            "timeout": 3,
            "reconnect_timeout": 2,
            "connection_class": ProbingConnection,
        }
    return config | {
        "CONN_HEALTH_CHECKS": True,
        "CONN_MAX_AGE": 0 if pool else None,
        "DISABLE_SERVER_SIDE_CURSORS": not is_prepared,
    }


def host_in_url(url: str) -> str:
    """The host as Django's ALLOWED_HOSTS wants it: lower case, without port, an IPv6 address in brackets."""
    host = urlsplit(url).hostname or ""
    return f"[{host}]" if ":" in host else host


def origin_of(url: str) -> str:
    """Scheme, host and port as a browser's Origin has them: a port that goes without saying is left out."""
    parts = urlsplit(url)
    port = parts.port if parts.port not in (None, {"http": 80, "https": 443}.get(parts.scheme)) else None
    return f"{parts.scheme}://{host_in_url(url)}{f':{port}' if port else ''}"


HOME = Path(env.str("CLICKCOLLECT_HOME", "var")).absolute()
SECRET_KEY = env.str("SECRET_KEY", "")
DEBUG = False
PORT = env.int("PORT", 8000)
EXTENSION_PORT = env.int("EXTENSION_PORT", PORT + 1)
EXTENSION_URL = env.str("EXTENSION_URL", "").rstrip("/")  # where operators reach its page of wordings
PUBLIC_URL = env.str("PUBLIC_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
SECURE = PUBLIC_URL.startswith("https://")
# Processes of this machine call each other by its own names, whatever names people use.
ALLOWED_HOSTS = [*env.list("ALLOWED_HOSTS", default=[]), "localhost", "127.0.0.1", "[::1]", host_in_url(PUBLIC_URL)]
CSRF_TRUSTED_ORIGINS = [origin_of(PUBLIC_URL)]  # also where a proxy passes on neither Host nor X-Forwarded-Proto
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0)
PICKUP_CODE_KEYS = parse_code_keys(env.str("PICKUP_CODE_KEYS", ""))
ENCRYPTION_KEYS = {key_id: derive_encryption_key(raw) for key_id, raw in PICKUP_CODE_KEYS.items()}
ALLOW_FICTITIOUS_NUMBERS = env.bool("ALLOW_FICTITIOUS_NUMBERS", False)  # of customers: for a demo and for tests
SHOPIFY_WEBHOOK_SECRET = env.list("SHOPIFY_WEBHOOK_SECRET", default=[])  # several while one is replaced
METRICS_ALLOWED_NETWORKS = [
    ipaddress.ip_network(net) for net in env.list("METRICS_ALLOWED_NETWORKS", default=["127.0.0.0/8", "::1/128"])
]
WEBHOOK_ALLOWED_NETWORKS = [ipaddress.ip_network(net) for net in env.list("WEBHOOK_ALLOWED_NETWORKS", default=[])]
WEBHOOK_IN_FLIGHT_PER_ENDPOINT = env.int("WEBHOOK_IN_FLIGHT_PER_ENDPOINT", 64)

# The application's role in `default`; the owner's only where migrations or tests run.
DATABASES = {
    "default": database(
        env.str("DATABASE_URL", "postgres:///clickcollect"),
        pool=env.str("CLICKCOLLECT_PROCESS", "") == "web",
    ),
}
if os.environ.get("DATABASE_OWNER_URL"):
    DATABASES["owner"] = database(env.str("DATABASE_OWNER_URL"), pool=False)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin.apps.SimpleAdminConfig",  # its pages come with the addresses: only the web needs them
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "procrastinate.contrib.django",
    "django_htmx",
    "clickcollect.whisperer",
    "clickcollect.accounts",
    "clickcollect.omnitron",
    "clickcollect.oms",
    "clickcollect.guide",
    "clickcollect.instore",
    "clickcollect.omsweb",
    "clickcollect.demo",
]
MIDDLEWARE = [
    "clickcollect.headers.called_by_any_name",
    "clickcollect.headers.careful_headers",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "clickcollect.for_browsers.Sessions",
    "django.middleware.locale.LocaleMiddleware",
    "clickcollect.outage.refuse_while_away",
    "django.middleware.common.CommonMiddleware",
    "clickcollect.for_browsers.CsrfTokens",
    "clickcollect.oms.browser_sessions.SignedInMiddleware",
    "clickcollect.oms.idle_lock.idle_lock",
    "clickcollect.for_browsers.Messages",
    "clickcollect.instore.error_pages.refuse_too_large",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "clickcollect.for_browsers.Htmx",
    "clickcollect.headers.PolicyMiddleware",
    "clickcollect.omsweb.csp.AdminPolicyMiddleware",
]
ROOT_URLCONF = "clickcollect.urls"
WSGI_APPLICATION = "clickcollect.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # Before allauth's and unfold's own: sign-in looks like Instore, and the admin's header is ours.
        "DIRS": [BASE_DIR / "instore" / "templates", BASE_DIR / "omsweb" / "templates"],
        "OPTIONS": {
            "loaders": [("django.template.loaders.cached.Loader", ["clickcollect.template_loader.Loader"])],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

FORM_RENDERER = "django.forms.renderers.TemplatesSetting"  # so that the loader above serves a widget's template too

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_RESET_TIMEOUT = 24 * 60 * 60  # seconds that a link for a first password lives
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "clickcollect.accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = False  # accounts/sign_in_limits.py counts, over all doors
ACCOUNT_SESSION_REMEMBER = False  # shared devices: a closed browser is signed out
MFA_ADAPTER = "clickcollect.accounts.adapters.MFAAdapter"
MFA_TOTP_ISSUER = "clickcollect"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "clickcollect.accounts.authenticator_codes.UseCode",
    "reauthenticate": "clickcollect.accounts.authenticator_codes.ConfirmByCode",
    "add_webauthn": "clickcollect.accounts.passkeys.AddPasskey",
    "authenticate_webauthn": "clickcollect.accounts.passkeys.UsePasskey",
    "reauthenticate_webauthn": "clickcollect.accounts.passkeys.ConfirmByPasskey",
}
MFA_PASSKEY_LOGIN_ENABLED = False  # a passkey stands beside the password, it does not replace it
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE  # browsers allow it on localhost alone

# Scripts and styles from this host only, nothing inline; OMS WEB alone needs more (omsweb/csp.py).
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", "https:"],  # product pictures live in the shop's own web
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    },
}
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True
SESSION_ENGINE = "clickcollect.oms.browser_sessions"
SESSION_COOKIE_AGE = 12 * 60 * 60
X_FRAME_OPTIONS = "DENY"
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE and TRUSTED_PROXIES else None
CSRF_FAILURE_VIEW = "clickcollect.instore.error_pages.csrf_failed"

# Used codes of authenticator apps alone (allauth), for the 30 seconds of their life; in PostgreSQL, so that every
# process sees them. Never more than there are people: the number above which rows go early is out of reach.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "used_authenticator_codes",
        "OPTIONS": {"MAX_ENTRIES": 1_000_000},
    },
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("tr", _("Turkish")), ("de", _("German")), ("ar", _("Arabic"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = HOME / "static"
STATICFILES_DIRS = [("guide", PICTURES)]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_ALLOW_ALL_ORIGINS = False

DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
DATA_UPLOAD_MAX_NUMBER_FILES = 5
LOGGING = logs.logging_config()
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="dummymail://")
vars().update(EMAIL_CONFIG)
