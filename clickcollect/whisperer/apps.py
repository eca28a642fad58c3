from django.apps import AppConfig


class WhispererConfig(AppConfig):
    name = "clickcollect.whisperer"
    verbose_name = "Whisperer"
