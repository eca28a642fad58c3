"""What is wrong with a hook as somebody entered it: every fault at once, in the caller's words."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext as _

from clickcollect.errors import Fault, ValidationFailed
from clickcollect.whisperer import encryption, registry, retry, signing, targets
from clickcollect.whisperer.models import HOOK_SECRET, Hook

LONGEST_SECRET: Final = 124
LONGEST_CALLBACK: Final = 64
LARGEST_JSON: Final = 8_192
HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e]{0,2000}")
# Ours to set: what proves the sender, what frames the body, where it goes.
RESERVED_HEADERS: Final = frozenset(
    {"content-type", "content-length", "content-encoding", "transfer-encoding", "host", "connection", "keep-alive"}
    | {"expect", "te", "trailer", "upgrade", "proxy-authorization", "proxy-connection", "accept-encoding"},
)
RESERVED_PREFIXES: Final = ("x-whisperer-", "webhook-")
FIELDS: Final = (
    "event_type",
    "target_url",
    "secret_key",
    "is_active",
    "retry_countdown_config",
    "additional_headers",
    "config",
    "callback",
)


def clean_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that people may set; nothing in a field of text or JSON is an empty one."""
    known = {name: fields[name] for name in FIELDS if name in fields}
    empty: dict[str, Any] = {"additional_headers": {}, "config": {}, "callback": "", "secret_key": ""}
    return known | {name: value for name, value in empty.items() if name in known and known[name] is None}


def check_new(fields: Mapping[str, Any]) -> None:
    """Raises ValidationFailed."""
    missing = [name for name in ("event_type", "target_url") if not fields.get(name)]
    raise_faults([fault(name, _("Required.")) for name in missing] + field_faults(fields))


def check_change(hook: Hook, fields: Mapping[str, Any]) -> None:
    """The same for a change; a changed `target_url` needs a new secret, and a new password. Raises ValidationFailed."""
    faults = field_faults(fields)
    moved = "target_url" in fields and fields["target_url"] != hook.target_url
    if moved and hook.secret and not is_new_secret(hook, fields.get("secret_key")):
        faults.append(fault("secret_key", _("A new address needs a new secret. Send “secret_key” too.")))
    if moved and hook.auth_password and password_in(fields) is None and has_auth(hook, fields):
        faults.append(fault("config.auth.password", _("A new address needs the password again, or another one.")))
    raise_faults(faults)


def is_new_secret(hook: Hook, secret: Any) -> bool:
    if not isinstance(secret, str) or not secret:
        return False
    try:
        return secret != encryption.unseal(hook.secret, purpose=HOOK_SECRET)
    except encryption.KeyLost:
        return True


def has_auth(hook: Hook, fields: Mapping[str, Any]) -> bool:
    config = fields.get("config", hook.config)
    return isinstance(config, Mapping) and bool(config.get("auth"))


def password_in(fields: Mapping[str, Any]) -> Any:
    auth = (fields.get("config") or {}).get("auth") if isinstance(fields.get("config"), Mapping) else None
    return auth.get("password") if isinstance(auth, Mapping) else None


def raise_faults(faults: list[Fault]) -> None:
    if faults:
        raise ValidationFailed(faults)


def fault(loc: str, msg: str) -> Fault:
    return {"loc": loc, "msg": msg}


def field_faults(fields: Mapping[str, Any]) -> list[Fault]:
    return [one for name, check in CHECKS.items() if name in fields for one in check(fields[name])]


def event_type_faults(value: Any) -> list[Fault]:
    if isinstance(value, str) and registry.find_type(value) is not None:
        return []
    return [fault("event_type", _("Unknown event type. “registry” lists the known ones."))]


def target_url_faults(value: Any) -> list[Fault]:
    wrong = targets.url_fault(value if isinstance(value, str) else "", allowed=settings.WEBHOOK_ALLOWED_NETWORKS)
    return [fault("target_url", wrong)] if wrong else []


def secret_key_faults(value: Any) -> list[Fault]:
    if (
        not isinstance(value, str)
        or len(value) > LONGEST_SECRET
        or not (value.isprintable() and value.strip() == value)
    ):
        return [fault("secret_key", _("A secret has at most 124 printable characters, and no space at either end."))]
    if value.startswith(signing.STANDARD) and not 16 <= len(signing.standard_key(value)) <= 64:
        return [fault("secret_key", _("What follows “whsec_” must be base64 of 16 to 64 bytes."))]
    return []


def is_active_faults(value: Any) -> list[Fault]:
    return [] if isinstance(value, bool) else [fault("is_active", _("This must be true or false."))]


def retry_faults(value: Any) -> list[Fault]:
    place = retry.config_fault(value)
    if place is None:
        return []
    return [
        fault(
            f"retry_countdown_config.{place}",
            _("Send {choice, kwargs} as documented, with whole seconds from 0 to 86400; or leave it out."),
        )
    ]


def headers_faults(value: Any) -> list[Fault]:
    if not isinstance(value, Mapping) or not is_small(value):
        return [fault("additional_headers", _("Send a small object of header names and values."))]
    faults = []
    for name, text in value.items():
        loc = f"additional_headers.{str(name)[:100]}"
        if not HEADER_NAME.fullmatch(str(name)) or not isinstance(text, str) or not HEADER_VALUE.fullmatch(text):
            faults.append(fault(loc, _("This is not an HTTP header.")))
        elif is_reserved(name):
            faults.append(fault(loc, _("This header is set by the sender and cannot be replaced.")))
    return faults


def is_reserved(name: str) -> bool:
    return name.lower() in RESERVED_HEADERS or name.lower().startswith(RESERVED_PREFIXES)


def config_faults(value: Any) -> list[Fault]:
    if not isinstance(value, Mapping) or not is_small(value):
        return [fault("config", _("Send a small object."))]
    auth = value.get("auth")
    if auth is None:
        return []
    if not isinstance(auth, Mapping) or auth.get("auth_type") != "basic":
        return [fault("config.auth", _('Send {auth_type: "basic", username, password}.'))]
    faults = []
    if not is_credential(auth.get("username")) or ":" in auth["username"] or not auth["username"]:
        faults.append(fault("config.auth.username", _("A username has 1 to 255 characters, without a colon.")))
    if "password" in auth and not is_credential(auth["password"]):
        faults.append(fault("config.auth.password", _("A password has at most 255 printable characters.")))
    return faults


def is_credential(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 255 and value.isprintable()


def callback_faults(value: Any) -> list[Fault]:
    if isinstance(value, str) and len(value) <= LONGEST_CALLBACK and (value.isprintable()):
        return []
    return [fault("callback", _("A callback has at most 64 printable characters. It is kept and never executed."))]


def is_small(value: Any) -> bool:
    try:
        return len(json.dumps(value)) <= LARGEST_JSON
    except (TypeError, ValueError, RecursionError):
        return False


CHECKS: Final[dict[str, Callable[[Any], list[Fault]]]] = {
    "event_type": event_type_faults,
    "target_url": target_url_faults,
    "secret_key": secret_key_faults,
    "is_active": is_active_faults,
    "retry_countdown_config": retry_faults,
    "additional_headers": headers_faults,
    "config": config_faults,
    "callback": callback_faults,
}
