"""The console script `clickcollect` (contract section 7). Thin: a command loads only what it needs.

A new command: one function here, its work elsewhere, inside `with shop("name"):`; its line goes into docs/running.md.
"""

import os
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from clickcollect.runtime import backup_commands, shop_commands
from clickcollect.runtime.cli_errors import sentences

app = typer.Typer(
    help="The pickup desk: Click & Collect with one-time pickup codes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # local values may be secrets
)
app.add_typer(shop_commands.token, name="token")
app.add_typer(shop_commands.keys, name="keys")
app.add_typer(shop_commands.audit, name="audit")
app.add_typer(shop_commands.staff, name="staff")
app.add_typer(shop_commands.orders, name="orders")


@app.command()
def run(*, demo: Annotated[bool, typer.Option("--demo", help="Load the demo shop once.")] = False) -> None:
    """Everything: PostgreSQL, web, worker and Extension, until Ctrl-C."""
    from clickcollect.runtime import run as supervisor

    supervisor.run(demo=demo)


@app.command()
def serve() -> None:
    """The web server alone, on PORT."""
    from clickcollect.runtime import console

    raise typer.Exit(console.serve())


@app.command()
def worker() -> None:
    """The worker alone: events and background jobs."""
    from clickcollect.runtime.console import django_command

    with django_command("worker"):
        from clickcollect.runtime.worker import main as work

        work()


@app.command()
def extension() -> None:
    """The Extension alone, on EXTENSION_PORT."""
    from clickcollect.runtime import console

    raise typer.Exit(console.extension())


@app.command()
def migrate(
    app_label: Annotated[str, typer.Argument(metavar="APP", help="With NUMBER: the tables of this part alone.")] = "",
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The last migration to keep, such as 0018.")] = "",
) -> None:
    """Bring the tables up to date as their owner; with APP and NUMBER, take migrations back (docs/upgrading.md)."""
    from clickcollect.runtime import console

    if app_label:
        console.migrate_back(app_label, number)
        typer.echo(f"The tables of {app_label} are those of {number}. Install the version that fits them.")
        return
    console.migrate()
    typer.echo("The tables are up to date.")


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where secrets and settings are kept.")],
    *,
    public_url: Annotated[str, typer.Option(envvar="PUBLIC_URL", prompt="Address people use (https://…)")],
    admin: Annotated[str, typer.Option(prompt="Username of the first administrator")],
    store: Annotated[str, typer.Option(prompt="Code of the first store, such as IST-01")],
    store_name: Annotated[str, typer.Option(prompt="Name of the first store")],
    country: Annotated[str, typer.Option(prompt="Its country, two letters")],
    currency: Annotated[str, typer.Option(prompt="Its currency, three letters")],
    time_zone: Annotated[str, typer.Option(prompt="Its time zone, such as Europe/Istanbul")],
    language: Annotated[str, typer.Option(help="Language of the store's customers.")] = "en",
    proxies: Annotated[str, typer.Option(envvar="TRUSTED_PROXIES", help="How many proxies are in front.")] = "1",
    extension_url: Annotated[str, typer.Option(help="Where the Extension listens.")] = "http://127.0.0.1:8001",
    database_admin_url: Annotated[
        str,
        typer.Option(
            envvar="DATABASE_ADMIN_URL",
            help="PostgreSQL as someone who may create roles and databases; used once, never kept.",
            show_envvar=True,
        ),
    ] = "",
) -> None:
    """Set up a PostgreSQL of your own: secrets, roles, tables, administrator, store, webhooks. Safe to repeat."""
    from clickcollect.runtime import first_installation

    about = {"erp_code": store, "name": store_name, "country": country.upper(), "currency": currency.upper()}
    wishes = first_installation.Wishes(
        folder=folder,
        public_url=public_url,
        proxies=proxies,
        extension_url=extension_url,
        admin=admin,
        store=about | {"time_zone": time_zone, "language_code": language},
    )
    made = first_installation.install(wishes, administrator_url=database_admin_url)
    for sentence in made.done:
        typer.echo(sentence)
    if made.link:
        typer.echo(f"\nWithin 24 hours, choose the password of {admin} here (works once):\n{made.link}")
    typer.echo("\nStill missing:")
    for sentence in first_installation.still_missing():
        typer.echo(f"- {sentence}")


@app.command("check")
def check_shop(
    *,
    deploy: Annotated[bool, typer.Option("--deploy", help="Also check what matters in production.")] = False,
    keys_copy: Annotated[
        Path | None, typer.Option(help="With --deploy: the copy of PICKUP_CODE_KEYS to compare.")
    ] = None,
) -> None:
    """Check settings, database, tables and what the shop needs, and report what is wrong."""
    from clickcollect.runtime.console import django_command

    with django_command("check"):
        from clickcollect.runtime.checks import check_installation
        from clickcollect.runtime.deploy_checks import check_deployment

        faults = 0
        findings = check_installation(os.environ["DATABASE_URL"])
        for finding in chain(findings, check_deployment(keys_copy=keys_copy)) if deploy else findings:
            faults += finding.is_fault
            typer.echo(f"{'NOT IN ORDER: ' if finding.is_fault else ''}{finding.text}", err=finding.is_fault)
    if faults:
        raise typer.Exit(1)
    typer.echo("Everything is in order.")


app.command("backup")(backup_commands.make_backup)
app.command("restore")(backup_commands.restore_backup)
app.command("drill")(backup_commands.try_backup)
app.command("hold")(backup_commands.hold)
app.command("resume")(backup_commands.resume)


def main() -> None:
    """What can be put right is said in a sentence, with exit status 2."""
    with sentences():
        app()
