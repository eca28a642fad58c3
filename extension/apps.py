"""The Extension as a Django application."""

from django.apps import AppConfig


class ExtensionConfig(AppConfig):
    """Its tables live in its own database."""

    name = "extension"
    default_auto_field = "django.db.models.BigAutoField"
