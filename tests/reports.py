"""What a report of an error shows."""

import traceback

from django.views.debug import SafeExceptionReporterFilter


def variables_shown(error: BaseException) -> dict[str, dict[str, object]]:
    """The variables of each function that an error came through, as a report may show them (Django's own rule)."""
    shown = SafeExceptionReporterFilter()
    return {
        frame.f_code.co_name: dict(shown.get_traceback_frame_variables(None, frame))
        for frame, _line in traceback.walk_tb(error.__traceback__)
    }
