"""Which PostgreSQL serves: the embedded one, or one of your own by its addresses (contract section 7)."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from clickcollect.runtime import postgres
from clickcollect.runtime.data_dir import PASSWORDS, DataFolder
from clickcollect.runtime.errors import Problem, listed
from clickcollect.runtime.postgres import APPLICATION, DATABASE, EXTENSION, EXTENSION_DATABASE, OWNER, Server

APPLICATION_URL, OWNER_URL, EXTENSION_URL = "DATABASE_URL", "DATABASE_OWNER_URL", "EXTENSION_DATABASE_URL"
URLS = {
    APPLICATION_URL: (APPLICATION, DATABASE),
    OWNER_URL: (OWNER, DATABASE),
    EXTENSION_URL: (EXTENSION, EXTENSION_DATABASE),
}
OLDEST = 15


def own_urls(*, needed: tuple[str, ...] = tuple(URLS)) -> dict[str, str] | None:
    """The addresses of a PostgreSQL of your own, or nothing when none is set. Raises Problem when only some are."""
    given = {name: os.environ[name] for name in URLS if os.environ.get(name)}
    if any(name not in given for name in needed):
        if not given:
            return None
        verb = "is" if len(given) == 1 else "are"
        raise Problem(
            f"Of {listed(list(URLS))} only {listed(list(given))} {verb} set. Set all "
            "three to use a PostgreSQL of your own, or none of them to use the embedded one.",
        )
    return given


def embedded_urls(server: Server) -> dict[str, str]:
    """The addresses of the embedded PostgreSQL that this process starts."""
    return {name: server.url(role=role, database=database) for name, (role, database) in URLS.items()}


def running_urls(server: Server) -> dict[str, str] | None:
    """The addresses of the embedded PostgreSQL that another process runs, when it answers."""
    urls = {name: server.running_url(role=role, database=database) for name, (role, database) in URLS.items()}
    return {name: url for name, url in urls.items() if url} if all(urls.values()) else None


def embedded_server(home: DataFolder) -> Server:
    """The cluster of this data folder, made when there is none yet."""
    server = home.server(home.keys(needed=tuple(PASSWORDS.values())))
    server.create()
    return server


@contextmanager
def embedded(home: DataFolder) -> Iterator[dict[str, str]]:
    """Run the embedded PostgreSQL for as long as the block lasts."""
    server = embedded_server(home)
    process = server.start()
    try:
        server.create_roles()
        yield embedded_urls(server)
    finally:
        postgres.stop_server(process, server)


@dataclass(frozen=True)
class Session:
    """What a role finds when it signs in."""

    user: str
    database: str
    version: int
    superuser: bool
    may_create: bool
    roles: list[str]  # every role whose rights it has


def check_own(urls: dict[str, str]) -> None:
    """A PostgreSQL of your own must answer, be new enough, and keep the roles apart. Raises Problem."""
    check_sessions({name: _sign_in(name, url) for name, url in urls.items()})


def check_sessions(found: Mapping[str, Session]) -> None:
    """Are these roles and databases fit to serve? Raises Problem."""
    for name, session in found.items():
        if session.version < OLDEST * 10000:
            raise Problem(
                f"The PostgreSQL of {name} is version {session.version // 10000}. It must be {OLDEST} or newer.",
            )
    application, owner, extension = (found.get(name) for name in URLS)
    if application and owner:
        _check_roles_apart(application, owner)
    if application and extension and application.database == extension.database:
        raise Problem(f"{EXTENSION_URL} must name a database of its own, not that of {APPLICATION_URL}.")


def _check_roles_apart(application: Session, owner: Session) -> None:
    if application.database != owner.database:
        raise Problem(f"{APPLICATION_URL} and {OWNER_URL} must name the same database.")
    if application.superuser or owner.user in application.roles:
        raise Problem(
            f"{APPLICATION_URL} signs in as {application.user}, who has all rights of the owner. It needs a role of "
            "its own that owns nothing: otherwise the application could rewrite its log.",
        )
    if not owner.may_create:
        raise Problem(f"{OWNER_URL} signs in as {owner.user}, who must own the database {owner.database}.")


def _sign_in(name: str, url: str) -> Session:
    query = """
        SELECT current_user, current_database(), current_setting('server_version_num')::int,
               (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
               has_schema_privilege('public', 'CREATE'),
               (SELECT array_agg(rolname) FROM pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER'))
    """
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            row = connection.execute(query).fetchone()
    except psycopg.ProgrammingError:
        raise Problem(
            f"{name} is not the address of a PostgreSQL. It must read postgres://user:password@host:5432/database",
        ) from None
    except psycopg.OperationalError as error:
        raise Problem(unreachable(name, error)) from None
    assert row is not None  # noqa: S101 (a SELECT without FROM)
    return Session(*row)


def unreachable(name: str, error: BaseException) -> str:
    """A database that does not let us in, in a sentence: what the driver said, without its line breaks."""
    said = " ".join(str(error).split()) or type(error).__name__
    return f"The database of {name} cannot be used: {said}. Check the address and the password, and that it runs."
