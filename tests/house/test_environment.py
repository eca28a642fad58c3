"""Every name the programs read from the environment has its line in the documentation."""

import re

from clickcollect.runtime.data_dir import PASSWORDS, SECRETS
from clickcollect.runtime.database import URLS
from tests.house.files import PACKAGES, ROOT, python, text

READ = re.compile(
    r"""(?x)
    environ (?: \.get\( | \[ ) \s* ["']([A-Z][A-Z_]+)["']        # os.environ
    | \b env \. \w+ \( \s* ["']([A-Z][A-Z_]+)["']                  # django-environ
    | \b get \( ["'](EXTENSION_[A-Z_]+)["']                       # the Extension's mapping
    | \b (?: _port\( | _number\(environment,\s* ) ["']([A-Z][A-Z_]+)["']
    """,
)
INTERNAL = {"CLICKCOLLECT_PROCESS", "DJANGO_SETTINGS_MODULE"}  # between our own processes
DOCUMENTS = ("docs/running.md", "docs/extension.md")


def names_read() -> set[str]:
    found = {name for path in python(*PACKAGES) for match in READ.findall(text(path)) for name in match if name}
    return (found | {*SECRETS, *URLS, *PASSWORDS.values()}) - INTERNAL


def test_names_are_found() -> None:
    assert {"PORT", "CLICKCOLLECT_HOME", "SECRET_KEY", "EXTENSION_SMS_PROVIDER"} <= names_read()


def test_every_name_is_documented() -> None:
    documented = "".join(text(ROOT / name) for name in DOCUMENTS if (ROOT / name).exists())
    assert sorted(name for name in names_read() if f"`{name}`" not in documented) == []


def test_every_console_command_is_documented() -> None:
    import typer

    from clickcollect.cli import app

    documented = text(ROOT / "docs" / "running.md")
    group = typer.main.get_command(app)
    names = []
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        names += [f"{name} {part}" for part in getattr(command, "commands", {})] or [name]
    assert sorted(name for name in names if f"clickcollect {name}" not in documented) == []
