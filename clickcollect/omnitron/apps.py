from django.apps import AppConfig


class OmnitronConfig(AppConfig):
    name = "clickcollect.omnitron"
    verbose_name = "Omnitron"
