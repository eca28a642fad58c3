"""Handing a text to whoever carries it: the published send-sms call, any Apprise URL, or the phone simulator.

A provider's own words are never kept or passed on: they may quote the message, and with it the code.
"""

import asyncio
import json
import logging
import re
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

import aiohttp

from extension import certificates, phone
from extension.backoff import USUAL_PAUSE, asked_for
from extension.config import APPRISE_MISSING, SEND_SMS, SIMULATOR, Config

logger = logging.getLogger("extension.sms")

TIMEOUT = aiohttp.ClientTimeout(total=10, connect=5)
API_VERSION = "1.0"
NOT_SET_UP = "The SMS provider is not set up. Set EXTENSION_SMS_PROVIDER."
BAD_NUMBER = "The phone number looks wrong."


@dataclass(frozen=True, kw_only=True)
class Sms:
    """One message on its way. Neither the number nor the text shows itself."""

    event_uuid: str
    to: str = field(repr=False)
    body: str = field(repr=False)
    code: str = field(repr=False, default="")
    language: str = ""


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """The provider has it; ``delivered`` when it also says that the phone has it."""

    delivered: bool = False


@dataclass(frozen=True, kw_only=True)
class Refused:
    """It will never be sent: trying again would change nothing."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class RetryLater:
    """Not now. With a ``reason`` when a person has to do something about it."""

    seconds: int = USUAL_PAUSE
    reason: str = ""


Answer = Accepted | Refused | RetryLater


def send(sms: Sms, *, config: Config) -> Answer:
    """Give the message away, once. At most about 10 seconds; never raises for what a provider does."""
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", sms.to):
        return Refused(reason=BAD_NUMBER)
    if config.provider == SIMULATOR:
        phone.receive_sms(
            to=sms.to,
            text=sms.body,
            code=sms.code,
            event_uuid=sms.event_uuid,
            language=sms.language,
        )
        return Accepted(delivered=True)
    if config.provider == SEND_SMS:
        return _send_by_call(sms, config=config)
    if config.needs_apprise:
        return _send_by_apprise(sms, template=config.provider)
    return RetryLater(seconds=60, reason=NOT_SET_UP)


def _send_by_call(sms: Sms, *, config: Config) -> Answer:
    """`POST {base}/send-sms`, the call that the documentation of the commercial system publishes."""
    if not config.sms_url:
        return RetryLater(seconds=60, reason="The SMS provider is not set up. Set EXTENSION_SMS_URL.")
    try:
        status, retry_after = asyncio.run(_post(sms, config=config))
    except aiohttp.ClientSSLError as error:
        reason = certificates.sentence(error)
        logger.warning("event=%s %s", sms.event_uuid, reason)
        return RetryLater(seconds=60, reason=reason)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        logger.warning("event=%s the SMS provider cannot be reached: %s", sms.event_uuid, type(error).__name__)
        return RetryLater()
    return answer_to(status, retry_after=retry_after)


async def _post(sms: Sms, *, config: Config) -> tuple[int, str]:
    headers = {
        "Content-Type": "application/json",
        "x-akinon-request-id": sms.event_uuid,  # a retry keeps it, so the provider can tell
        "x-akinon-api-version": API_VERSION,
        "Authorization": "Basic " + b64encode(f"{config.sms_user}:{config.sms_password}".encode()).decode(),
    }
    body = json.dumps({"from": config.sms_sender, "to": sms.to, "text": sms.body, "isOtp": True}).encode()
    jar = aiohttp.DummyCookieJar()
    async with (
        aiohttp.ClientSession(timeout=TIMEOUT, cookie_jar=jar, auto_decompress=False) as session,
        session.post(f"{config.sms_url}/send-sms", data=body, headers=headers, allow_redirects=False) as response,
    ):
        return response.status, response.headers.get("Retry-After", "")


def answer_to(status: int, *, retry_after: str = "") -> Answer:
    """What an HTTP status of the send-sms call means for us."""
    if 200 <= status < 300:
        return Accepted()
    if status in {401, 403, 404}:
        return RetryLater(
            seconds=60, reason=f"The SMS provider does not let us in (HTTP {status}). Check its settings."
        )
    if 400 <= status < 500 and status not in {408, 425, 429}:
        return Refused(reason=f"The SMS provider refused the message (HTTP {status}).")
    return RetryLater(seconds=asked_for(retry_after, now=datetime.now(UTC)))


def _send_by_apprise(sms: Sms, *, template: str) -> Answer:
    """Any of Apprise's services. It says only yes or no, so a no is tried again until the pickup time is over."""
    try:
        from apprise import Apprise  # noqa: PLC0415 (130 plugins: only for those who use one)
    except ImportError:  # another WSGI server starts without `Config.check`
        return RetryLater(seconds=60, reason=f"The SMS provider is not set up. {APPRISE_MISSING}")
    carrier = Apprise()
    url = template.replace("{to}", quote(sms.to, safe="")).replace("{digits}", sms.to.lstrip("+"))
    if not carrier.add(url):
        return RetryLater(
            seconds=60, reason="The SMS provider is not set up. EXTENSION_SMS_PROVIDER is no address it knows."
        )
    try:
        sent = bool(carrier.notify(body=sms.body))
    except Exception as error:  # noqa: BLE001 (a plugin may raise anything; its words may hold the text)
        logger.warning("event=%s the SMS provider failed: %s", sms.event_uuid, type(error).__name__)
        sent = False
    return Accepted() if sent else RetryLater()
