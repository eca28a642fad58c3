from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "clickcollect.demo"
    verbose_name = "Demo shop"
