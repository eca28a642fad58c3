from django.apps import AppConfig


class OmsConfig(AppConfig):
    name = "clickcollect.oms"
    verbose_name = "OMS"

    def ready(self) -> None:
        """Make the worker's jobs known, wherever they are deferred or run."""
        from clickcollect.oms import jobs  # noqa: F401, PLC0415 (models: not before they are loaded)
