"""Every address of the web, with something for each of its parts."""

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver


def addresses(resolver: URLResolver, before: str = "/", *, number: str = "PK-1") -> Iterator[str]:
    """Of a urlconf; where a package is asked for, this one."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, before + filled(pattern, number), number=number)
        else:
            yield before + filled(pattern, number)


def filled(pattern: URLPattern | URLResolver, number: str) -> str:
    route = str(pattern.pattern)
    if route.startswith("^"):
        return "api/nothing/"
    for name, converter in pattern.pattern.converters.items():
        kind = type(converter).__name__
        value = {"IntConverter": "1", "NumberConverter": number, "SlugConverter": "ready-for-customer-pickup"}
        found = value.get(kind, "1" if name.endswith("id") else "nothing")
        start = route.index("<", 0)
        route = route[:start] + found + route[route.index(">", start) + 1 :]
    return route
