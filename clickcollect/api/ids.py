"""Ids in addresses: whole numbers that a database can hold. Anything else is an address where nothing stands."""

from django.urls import register_converter


class IdConverter:
    """18 digits stay below the largest id that PostgreSQL knows."""

    regex = "[0-9]{1,18}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


register_converter(IdConverter, "id")
