"""When to try again. Pure."""

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_PAUSE = 600
USUAL_PAUSE = 10


def pause(attempts: int) -> int:
    """Seconds until the next try after so many: doubled each time, ten minutes at most."""
    return int(min(2 ** min(attempts, 20), LONGEST_PAUSE))


def asked_for(retry_after: str, *, now: datetime) -> int:
    """Seconds that a `Retry-After` asks for, from 1 to 600: a number of seconds, or a date (RFC 9110).

    Arguments: ``now``, an aware time. What cannot be read is the usual pause.
    """
    text = retry_after.strip()[:64]
    if re.fullmatch(r"[0-9]+", text):
        return min(max(int(text), 1), LONGEST_PAUSE)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return USUAL_PAUSE
    until = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(math.ceil((until - now).total_seconds()), 1), LONGEST_PAUSE)
