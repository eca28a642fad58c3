from django.apps import AppConfig


class OmsConfig(AppConfig):
    name = "clickcollect.oms"
    verbose_name = "OMS"
