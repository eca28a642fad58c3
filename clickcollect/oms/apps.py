from django.apps import AppConfig


class OmsConfig(AppConfig):
    name = "clickcollect.oms"
    verbose_name = "OMS"

    def ready(self) -> None:
        """Make the worker's jobs and the events known, wherever they are deferred, run or published."""
        from clickcollect.oms import event_registration, jobs, staff  # noqa: F401, PLC0415 (models: not before they are loaded)

        event_registration.register_all()
