"""The console script `clickcollect` (contract section 7). Thin: a command loads only what it needs.

A new command: one function here, its work elsewhere, inside `with shop("name"):`; its line goes into docs/running.md.
"""

import os
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
def migrate() -> None:
    """Bring the tables up to date; as their owner, on the embedded PostgreSQL or your own."""
    from clickcollect.runtime import console

    console.migrate()
    typer.echo("The tables are up to date.")


@app.command("check")
def check_shop() -> None:
    """Look at settings, database, tables and what the shop needs, and say what is wrong."""
    from clickcollect.runtime.console import django_command

    with django_command("check"):
        from clickcollect.runtime.checks import check_installation

        faults = 0
        for finding in check_installation(os.environ["DATABASE_URL"]):
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
