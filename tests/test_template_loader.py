"""A page is sent without its templates' indentation, and says the same."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.template import engines
from django.template.backends.django import DjangoTemplates
from django.test import Client

from clickcollect.oms import search, states
from clickcollect.template_loader import Loader, without_indentation
from tests import shop

AS_WRITTEN = [
    "<pre>\n  two\n    four\n</pre>",
    "<textarea\n>a\n  b</textarea>",
    "<TextArea>a\n  b</TextArea>",
    "<script>\n  const text = `a\n  b`;\n</script>",
    "{% blocktranslate %}One\n  message{% endblocktranslate %}",
    "{% blocktrans with a=b count n=n %}One\n  message{% plural %}more\n  messages{% endblocktrans %}",
]


@pytest.mark.parametrize(
    ("source", "sent"),
    [
        ("<ul>\n  <li>a</li>\n\t<li>b</li>\n</ul>", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("<b>one</b>\n  <b>two</b>  three", "<b>one</b>\n<b>two</b>  three"),
        ('<a\n  class="x"\n  href="y"\n>z</a>', '<a\nclass="x"\nhref="y"\n>z</a>'),
        ("  <p>the first line</p>", "  <p>the first line</p>"),
        ("<p>\n\n  a\n</p>", "<p>\n\na\n</p>"),
        (
            "{% blocktranslate trimmed %}\n  One\n  message\n{% endblocktranslate %}",
            "{% blocktranslate trimmed %}\nOne\nmessage\n{% endblocktranslate %}",
        ),
        ("<pre>\n  a</pre>\n  <p>\n  b</p>", "<pre>\n  a</pre>\n<p>\nb</p>"),
        *((source, source) for source in AS_WRITTEN),
    ],
)
def test_blanks_at_the_start_of_lines_go_where_they_mean_nothing(source: str, sent: str) -> None:
    assert without_indentation(source) == sent


def _loader() -> Loader:
    backend = engines["django"]
    assert isinstance(backend, DjangoTemplates)
    return Loader(backend.engine)


def _templates() -> Iterator[Path]:
    for folder in _loader().get_dirs():
        yield from Path(folder).rglob("*.html")


def test_every_template_keeps_its_lines_words_and_messages() -> None:
    untrimmed = re.compile(r"(?s){%\s*blocktrans(?:late)?\b(?:(?!trimmed)[^%])*%}.*?{%\s*endblocktrans")
    seen = 0
    for path in _templates():
        written = path.read_text()
        sent = without_indentation(written)
        assert sent.count("\n") == written.count("\n"), path
        assert sent.split() == written.split(), path
        assert untrimmed.findall(sent) == untrimmed.findall(written), path
        seen += 1
    assert seen > 150


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/instore/", "/oms/packages/"])
def test_no_line_of_a_page_is_indented(address: str) -> None:
    package = shop.make_package(states.PACKED)
    search.update_index(package)
    client = Client()
    client.force_login(shop.make_user("admin" if address.startswith("/oms/") else "associate", package.stock_location))
    client.get("/instore/")
    response = client.get(address)
    assert response.status_code == 200
    html = response.content.decode()
    assert package.number in html
    assert re.findall(r"\n[ \t]+.*", re.sub(r"(?s)<(script|pre|textarea)\b.*?</\1>", "", html)) == []
