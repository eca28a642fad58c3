"""The post office's own fixtures."""

from tests.whisperer.conftest import filler, user

__all__ = ["filler", "user"]
