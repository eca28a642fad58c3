from django.apps import AppConfig


class OmsWebConfig(AppConfig):
    name = "clickcollect.omsweb"
    verbose_name = "OMS WEB"
