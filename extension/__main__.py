"""`python -m extension`: bring the tables up to date and serve. `python -m extension migrate`: only the tables."""

import os
import socket
import sys

from extension.config import Config, NotConfigured, config


def _check_port(settings: Config) -> None:
    """A second server on a taken port would start without a word."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise NotConfigured(
                f"Port {settings.port} on {settings.host} is not free ({error.strerror}). Set EXTENSION_PORT.",
            ) from error


def _migrate() -> None:
    import django  # noqa: PLC0415 (after the environment is known to be right)
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import OperationalError, ProgrammingError, connection  # noqa: PLC0415

    django.setup()
    try:
        call_command("migrate", interactive=False, verbosity=0)
    except OperationalError as error:
        raise NotConfigured(
            "The database of EXTENSION_DATABASE_URL cannot be reached. Start it, or change it."
        ) from error
    except ProgrammingError as error:
        raise NotConfigured(
            "The role of EXTENSION_DATABASE_URL may not make tables. Let it own its database."
        ) from error
    finally:
        connection.close()


def _serve(settings: Config) -> None:
    """Become the web server: one process, because the phone simulator lives in its memory."""
    where = [settings.host, str(settings.port), str(settings.threads), "1"]
    command = [sys.executable, "-m", "webserver.serve", "extension.wsgi:application", *where]
    sys.stdout.flush()
    os.execv(sys.executable, command)  # noqa: S606


def main(arguments: list[str]) -> None:
    """Do what the arguments say. Raises NotConfigured with a sentence."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "extension.settings")
    if arguments not in ([], ["serve"], ["migrate"]):
        raise NotConfigured("Say `python -m extension`, `python -m extension serve` or `python -m extension migrate`.")
    settings = config()
    settings.check_complete()
    if arguments != ["migrate"]:
        _check_port(settings)
    _migrate()
    if arguments != ["migrate"]:
        _serve(settings)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except NotConfigured as problem:
        sys.exit(str(problem))
