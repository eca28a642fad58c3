from django.apps import AppConfig


class GuideConfig(AppConfig):
    name = "clickcollect.guide"
    verbose_name = "The guide"
