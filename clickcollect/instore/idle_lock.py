"""A shared device that nobody touches locks itself. The browser counts too; what counts is counted here."""

import time
from typing import Final
from urllib.parse import urlencode

from django.contrib.auth import logout
from django.http import HttpRequest
from django.urls import reverse

SEEN: Final = "instore_seen"
WRITTEN_EVERY: Final = 30  # seconds; not every click is worth a write


def is_over(request: HttpRequest, *, minutes: int) -> bool:
    """Whether nobody has touched the device for too long. Looking for news by itself is no touch."""
    now = int(time.time())
    seen = request.session.get(SEEN)
    if isinstance(seen, int) and now - seen > minutes * 60:
        return True
    is_news = request.path.endswith("/live/")
    if not is_news and (not isinstance(seen, int) or now - seen >= WRITTEN_EVERY):
        request.session[SEEN] = now
    return False


def lock(request: HttpRequest, *, come_back_to: str) -> str:
    """Sign out, and say where to sign in again."""
    logout(request)
    return f"{reverse('account_login')}?{urlencode({'next': come_back_to, 'locked': 1})}"
