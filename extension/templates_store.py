"""The shop's own wording, kept in the table that /templates/ edits."""

from extension.catalogue import Kind
from extension.models import Template


def find_template(language: str, store: str, kind: Kind) -> str | None:
    """This store's first, then the one for every store; None where the catalogue's is good enough."""
    found = Template.objects.filter(language=language, kind=kind, store__in=["", store]).order_by("-store").first()
    return found.text if found else None
