"""Codes of authenticator apps that are made a moment before they are used."""

from typing import Any

import pytest


@pytest.fixture(autouse=True)
def no_race_with_the_half_minute(settings: Any) -> None:
    """A code made at the end of its thirty seconds is right at the beginning of the next ones too."""
    settings.MFA_TOTP_TOLERANCE = 1
