"""`clickcollect init`: from an empty PostgreSQL to a shop that people can sign in to. Safe to run again.

Secrets are kept before anything is made with them, so that an init that was broken off goes on with the same ones.
Knows no Django until the tables are there.
"""

import base64
import ipaddress
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from clickcollect.runtime import console, values
from clickcollect.runtime.data_dir import DataFolder, new_code_key
from clickcollect.runtime.database import APPLICATION_URL, EXTENSION_URL, OLDEST, OWNER_URL, URLS, unreachable
from clickcollect.runtime.errors import Problem, listed

if TYPE_CHECKING:
    from clickcollect.accounts.models import User

ROLES: Final = {
    APPLICATION_URL: ("clickcollect_app", "clickcollect"),
    OWNER_URL: ("clickcollect_owner", "clickcollect"),
    EXTENSION_URL: ("clickcollect_extension", "extension"),
}
SECRETS: Final = ("SECRET_KEY", "PICKUP_CODE_KEYS", "EXTENSION_SECRET_KEY", "EXTENSION_WEBHOOK_SECRET", *URLS)
ADMIN_URL: Final = "DATABASE_ADMIN_URL"
TLS: Final = ("sslmode", "sslrootcert")  # what the administrator's address says of the line holds for every role


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What only the person who installs can say. ``store``: ERP code, name, country, currency, language, time zone."""

    folder: Path
    public_url: str
    proxies: str
    extension_url: str
    admin: str
    store: Mapping[str, str]


@dataclass(frozen=True)
class FinishedInstallation:
    """What was done, in sentences, and the administrator's link, None where they have a password already."""

    done: list[str]
    link: str | None


def install(wishes: Wishes, *, administrator_url: str) -> FinishedInstallation:
    """Make everything that is not there yet. Raises Problem with what stands in the way; run again when it is gone.

    Arguments: ``administrator_url``, of PostgreSQL as somebody who may make roles and databases, used here and not
    kept; "" where the three addresses are in the environment, or in the folder from an earlier run.
    """
    done: list[str] = []
    for name, value in settings_of(wishes).items():
        if check := values.CHECKS.get(name):
            check(name, value)
    kept = read_secrets(wishes.folder) | {name: os.environ[name] for name in SECRETS if os.environ.get(name)}
    missing = [name for name in URLS if not kept.get(name)]
    if missing and not administrator_url:
        raise Problem(
            f"{listed(missing)} must be set, or DATABASE_ADMIN_URL, with which the roles and databases can be created."
        )
    new = {name: make() for name, make in MAKERS.items() if not kept.get(name)}
    if missing:
        new |= addresses_for(administrator_url)
    write_settings(wishes, kept | new)
    if new:
        done.append(f"Secrets were created and kept in {wishes.folder / 'secrets'}: {listed(sorted(new))}.")
    if administrator_url:
        done += make_databases(administrator_url, kept | new)
    for name in list(os.environ):
        if name.removesuffix("_FILE") in SECRETS:
            del os.environ[name]
    os.environ |= settings_of(wishes) | kept | new
    values.check_values()
    DataFolder.from_environment().make()
    console.migrate()
    done.append("The tables are up to date.")
    return fill_shop(wishes, done, webhook_secret=(kept | new)["EXTENSION_WEBHOOK_SECRET"])


def fill_shop(wishes: Wishes, done: list[str], *, webhook_secret: str) -> FinishedInstallation:
    """The first administrator, the first store and the Extension's hooks, each if it is not there yet."""
    link = None
    with console.django_command("init"):
        from clickcollect.accounts import first_password
        from clickcollect.errors import ValidationFailed
        from clickcollect.oms.extension_hooks import subscribe_extension

        try:
            admin, is_new = first_admin(wishes.admin)
            if is_new:
                done.append(f"{admin.username} is the administrator.")
            if not admin.has_usable_password():
                link = wishes.public_url.rstrip("/") + first_password.address_for(admin)
            if open_store(wishes.store):
                done.append(f"The store {wishes.store['erp_code']} is open.")
        except ValidationFailed as refusal:
            raise Problem(" ".join(fault["msg"] for fault in refusal.errors)) from None
        target = f"{wishes.extension_url.rstrip('/')}/events/"
        if count := subscribe_extension(admin, target_url=target, secret=webhook_secret.split(",", maxsplit=1)[0]):
            done.append(f"{count} webhooks send events to the Extension at {target}")
    return FinishedInstallation(done, link)


def first_admin(username: str) -> tuple["User", bool]:
    """The administrator of this name, and whether they are new."""
    from clickcollect.accounts.models import Role, User
    from clickcollect.oms.staff import add_first_admin

    found = User.objects.filter(username=username, role=Role.ADMIN, is_active=True).first()
    return (found, False) if found else (add_first_admin(username=username, password=None), True)


def open_store(about: Mapping[str, str]) -> bool:
    """Open the store unless there is one with its code; whether it was opened."""
    from django.core.exceptions import ValidationError

    from clickcollect.errors import Fault, ValidationFailed
    from clickcollect.omnitron.models import RetailStore
    from clickcollect.oms.access import SYSTEM
    from clickcollect.oms.stores import FIELDS, save_store

    if RetailStore.objects.filter(erp_code__iexact=about["erp_code"]).exists():
        return False
    store = RetailStore(**about)
    try:
        store.full_clean()
    except ValidationError as error:
        faults: list[Fault] = [
            {"loc": name, "msg": f"{name}: {' '.join(words)}"} for name, words in error.message_dict.items()
        ]
        raise ValidationFailed(faults) from None
    fields: dict[str, Any] = {name: getattr(store, name) for name in FIELDS}
    save_store(store_id=None, erp_code=store.erp_code, fields=fields, actor=SYSTEM)
    return True


def addresses_for(administrator_url: str) -> dict[str, str]:
    """The three addresses on the administrator's server, each with a new password."""
    at = parts_of(ADMIN_URL, administrator_url)
    host = str(at.get("host") or "")
    tls = {name: str(at[name]) for name in TLS if at.get(name)}
    if "," in host:
        raise Problem("DATABASE_ADMIN_URL names several hosts. Use the one that accepts writes; add the others later.")
    found = {}
    for name, (role, database) in ROLES.items():
        password = secrets.token_urlsafe(32)
        options = tls | ({"host": host, "port": str(at.get("port") or 5432)} if host.startswith("/") else {})
        place = "" if host.startswith("/") else f"{host or 'localhost'}:{at.get('port') or 5432}"
        query = "&".join(f"{key}={quote(value, safe='/')}" for key, value in options.items())
        found[name] = f"postgres://{role}:{password}@{place}/{database}" + (f"?{query}" if query else "")
    return found


def parts_of(name: str, url: str) -> Mapping[str, Any]:
    """What an address says. Raises Problem."""
    try:
        return conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise Problem(
            f"{name} is not the address of a PostgreSQL. It must read postgres://user:password@host:5432/database",
        ) from None


def make_databases(administrator_url: str, addresses: Mapping[str, str]) -> list[str]:
    """Roles and databases of the three addresses that are not there yet; what was made. Raises Problem.

    A role that is there already, and whose password is not the one that is kept, belongs to somebody else.
    """
    made = []
    parts = {name: parts_of(name, addresses[name]) for name in URLS}
    owners = {str(parts[name]["dbname"]): str(parts[name]["user"]) for name in (OWNER_URL, EXTENSION_URL)}
    try:
        with psycopg.connect(administrator_url, autocommit=True, connect_timeout=5) as connection:
            if connection.info.server_version < OLDEST * 10000:
                found = connection.info.server_version // 10000
                raise Problem(f"This PostgreSQL is version {found}. It must be {OLDEST} or newer.")
            made += [str(parts[name]["user"]) for name in URLS if made_role(connection, addresses[name])]
            for database, owner in owners.items():
                if connection.execute("SELECT FROM pg_database WHERE datname = %s", [database]).fetchone() is None:
                    statement = sql.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0")
                    connection.execute(statement.format(sql.Identifier(database), sql.Identifier(owner)))
                    made.append(database)
    except psycopg.OperationalError as error:
        raise Problem(unreachable(ADMIN_URL, error)) from None
    except psycopg.Error as error:
        said = error.diag.message_primary or type(error).__name__
        raise Problem(
            f"PostgreSQL refused: {said}. {ADMIN_URL} must sign in as someone who may create roles and databases."
        ) from None
    return [f"Created in PostgreSQL: {listed(made)}."] if made else []


def made_role(connection: psycopg.Connection, address: str) -> bool:
    """Make the role of an address unless it is there with this password; whether it was made. Raises Problem."""
    parts = conninfo_to_dict(address)
    role, password = str(parts["user"]), str(parts.get("password") or "")
    if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone() is None:
        statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
        connection.execute(statement.format(sql.Identifier(role), sql.Literal(password)))
        if not connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()[0]:  # type: ignore[index]
            connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role)))
        return True
    try:
        psycopg.connect(address, connect_timeout=5).close()
    except psycopg.OperationalError as error:
        if "does not exist" in str(error):  # the role is right, its database is made next
            return False
        raise Problem(
            f"The role {role} already exists, with another password: this PostgreSQL serves another installation. "
            f"Use one of its own, or set the three addresses ({listed(list(URLS))}) of the existing roles.",
        ) from None
    return False


MAKERS: Final[Mapping[str, Callable[[], str]]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(48),
    "PICKUP_CODE_KEYS": new_code_key,
    "EXTENSION_SECRET_KEY": lambda: secrets.token_urlsafe(48),
    "EXTENSION_WEBHOOK_SECRET": lambda: f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}",
}


def settings_of(wishes: Wishes) -> dict[str, str]:
    """What is no secret: the programs' environment."""
    return {
        "PUBLIC_URL": wishes.public_url,
        "TRUSTED_PROXIES": wishes.proxies,
        "WEBHOOK_ALLOWED_NETWORKS": ",".join(networks_of(wishes.extension_url)),
        "EXTENSION_OMS_URL": f"http://127.0.0.1:{os.environ.get('PORT') or 8000}",
    }


def networks_of(url: str) -> Iterator[str]:
    """The private network that events must be let into, so that they reach the Extension; none for a public host.

    A host that is a name keeps its rule: the networks of a name are the operator's to say.
    """
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        yield from ("127.0.0.0/8", "::1/128")
        return
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        yield from filter(None, os.environ.get("WEBHOOK_ALLOWED_NETWORKS", "").split(","))
        return
    if address.is_loopback:
        yield "127.0.0.0/8" if address.version == 4 else "::1/128"
    elif not address.is_global:
        yield str(ipaddress.ip_network(address))


def read_secrets(folder: Path) -> dict[str, str]:
    """The secrets that an earlier run kept. Raises Problem."""
    found = {}
    for name in SECRETS:
        path = folder / "secrets" / name.lower()
        try:
            found[name] = path.read_text().strip()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise Problem(f"{path} cannot be read: {error.strerror}. Start as the user who created it.") from None
    return found


def write_settings(wishes: Wishes, kept: Mapping[str, str]) -> None:
    """`secrets/`, one file each; `environment` for the units; `console.env` for commands. Raises Problem.

    What somebody added to `environment` stays there.
    """
    folder = wishes.folder
    try:
        (folder / "secrets").mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in SECRETS:
            write_private(folder / "secrets" / name.lower(), f"{kept[name]}\n")
        wanted = settings_of(wishes)
        before = (folder / "environment").read_text().splitlines() if (folder / "environment").exists() else []
        others = [line for line in before if line.partition("=")[0] not in wanted]
        lines = [*(f"{name}={value}" for name, value in wanted.items()), *others]
        (folder / "environment").write_text("\n".join([*lines, ""]))
        files = [f"{name}_FILE={folder.absolute() / 'secrets' / name.lower()}" for name in SECRETS]
        home = f"CLICKCOLLECT_HOME={os.environ.get('CLICKCOLLECT_HOME') or folder.absolute() / 'console'}"
        (folder / "console.env").write_text("\n".join([*lines, *files, home, ""]))
    except OSError as error:
        raise Problem(f"{folder} cannot be written to: {error.strerror}. Choose a folder that can.") from None
    os.environ.setdefault("CLICKCOLLECT_HOME", str(folder.absolute() / "console"))


def write_private(path: Path, text: str) -> None:
    """For its owner alone, in one step."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.rename(path)


def still_missing() -> Iterator[str]:
    """What `init` cannot make, in sentences."""
    if not os.environ.get("EXTENSION_SMS_PROVIDER"):
        yield "No way to send an SMS: set EXTENSION_SMS_PROVIDER and what goes with it (docs/extension.md)."
    yield (
        "A copy of secrets/pickup_code_keys outside this machine: without it no code that a customer holds can be "
        "checked."
    )
    yield "Web, worker and Extension are not running yet, and nothing provides TLS for them (docs/deploy)."
    yield "Opening hours of the store, and the staff: in OMS WEB."
