"""The pickup desk: Click & Collect from the order to the handover."""

__version__ = "0.1.0"
