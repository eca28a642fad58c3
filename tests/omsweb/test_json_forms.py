"""JSON that people type or upload in OMS WEB: what no database can keep is refused beside its field, never a 500."""

import json
from pathlib import Path
from typing import Final

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from clickcollect.accounts.models import Role
from clickcollect.oms.models import PackageState
from clickcollect.oms.workflow import editing
from clickcollect.runtime.errors import Problem
from clickcollect.runtime.shop_commands import _read_head
from tests.shop import make_user

pytestmark = pytest.mark.django_db(transaction=True)

BAD: Final = {
    "1e999": '{"a": 1e999}',
    "NaN": '{"a": NaN}',
    "5000 digits": '{"a": ' + "9" * 5000 + "}",
    "NUL": '{"a": "\\u0000"}',
    "NUL in a name": '{"\\u0000": 1}',
    "half a pair": '{"a": "\\ud800"}',
    "doubled": '{"a": 1, "a": 2}',
    "too deep": '{"a":' * 40 + "1" + "}" * 40,
    "a thousand times too deep": "[" * 100_000,
}


@pytest.fixture
def admin(client: Client) -> Client:
    client.raise_request_exception = False
    client.force_login(make_user(Role.ADMIN))
    return client


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_json_that_cannot_be_kept_is_refused_in_every_form(admin: Client, text: str) -> None:
    before = PackageState.objects.count()
    answer = admin.post(reverse("omsweb:oms_packagestate_add"), {"name": "Lost", "enum_value": "900", "config": text})
    assert answer.status_code < 500
    assert "Enter a valid JSON." in answer.content.decode()
    assert PackageState.objects.count() == before


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_a_workflow_file_that_cannot_be_kept_is_refused(admin: Client, text: str) -> None:
    document = json.dumps(editing.export_document() | {"states": "the-hole"}).replace('"the-hole"', text)
    for apply in ({}, {"apply": "1"}):
        answer = admin.post(
            reverse("omsweb:workflow_file"), {"file": SimpleUploadedFile("p.json", document.encode())} | apply
        )
        assert answer.status_code == 400


def test_a_head_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    for text in ("[" * 100_000, "9" * 5000, "{", "\udcff", "NaN"):
        path = tmp_path / "head"
        path.write_bytes(text.encode(errors="surrogateescape"))
        with pytest.raises(Problem, match="is not a head"):
            _read_head(path)
