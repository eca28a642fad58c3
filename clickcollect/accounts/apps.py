from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "clickcollect.accounts"
    verbose_name = "Staff"
