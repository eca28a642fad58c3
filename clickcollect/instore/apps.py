from django.apps import AppConfig


class InstoreConfig(AppConfig):
    name = "clickcollect.instore"
    verbose_name = "Instore"
