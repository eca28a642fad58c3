"""When to try again. Pure."""

import re

LONGEST_PAUSE = 600
USUAL_PAUSE = 10


def pause(attempts: int) -> int:
    """Seconds until the next try after so many: doubled each time, ten minutes at most."""
    return int(min(2 ** min(attempts, 20), LONGEST_PAUSE))


def asked_for(retry_after: str) -> int:
    """Seconds that a `Retry-After` asks for, within reason."""
    asked = int(retry_after) if re.fullmatch(r"[0-9]{1,6}", retry_after) else USUAL_PAUSE
    return min(max(asked, 1), LONGEST_PAUSE)
