"""Fixtures of event delivery."""

from tests.whisperer.conftest import filler, user

__all__ = ["filler", "user"]
