"""Console commands about the shop: API tokens, keys of codes, the log's seal, orders from a file."""

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from clickcollect.runtime.console import django_command
from clickcollect.runtime.data_dir import DataFolder, new_code_key
from clickcollect.runtime.errors import Problem

if TYPE_CHECKING:
    from clickcollect.errors import ValidationFailed

token = typer.Typer(help="API tokens: keys with which programs call the API.", no_args_is_help=True)
keys = typer.Typer(help="The keys of pickup codes, and how many open codes need each.", invoke_without_command=True)
audit = typer.Typer(help="The seal over the command log.", no_args_is_help=True)
staff = typer.Typer(help="People who can sign in; OMS WEB manages all but the first.", no_args_is_help=True)
orders = typer.Typer(help="Orders.", no_args_is_help=True)


@token.command("create")
def create_token(
    username: str,
    *,
    name: Annotated[str, typer.Option(help="What the token is for.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(help="A permission; repeat for more. Default: all of the role's except packages:override."),
    ] = None,
    store: Annotated[list[str] | None, typer.Option(help="Code of a store; repeat for more. Default: all.")] = None,
    channel: Annotated[str | None, typer.Option(help="OMS WEB or INSTORE. Default: the role's own.")] = None,
    days: Annotated[int | None, typer.Option(help="Days until it expires. Default: never.", min=1)] = None,
) -> None:
    """Create a token that acts as a person. Its key is shown once."""
    with django_command("token create"):
        from django.utils.timezone import now

        from clickcollect.accounts.models import Channel, Role, User
        from clickcollect.errors import ValidationFailed
        from clickcollect.omnitron.models import RetailStore
        from clickcollect.oms.access import RIGHTS, SYSTEM
        from clickcollect.oms.tokens import create_api_token

        user = User.objects.filter(username=username, is_active=True).first()
        if user is None:
            raise Problem(f"There is no active person with the username {username}.")
        rights = [right for right, roles in RIGHTS.items() if Role(user.role) in roles]
        _refuse_unknown("scope", scope, rights)
        _refuse_unknown("channel", [channel] if channel else None, list(Channel.values))
        _refuse_unknown("store", store, list(RetailStore.objects.values_list("erp_code", flat=True)))
        expires_at = now() + timedelta(days=days) if days else None
        try:
            made = create_api_token(
                user=user,
                name=name,
                scopes=scope or [right for right in rights if right != "packages:override"],
                channel=Channel(channel or user.channel),
                stores=store or (),
                expires_at=expires_at,
                actor=SYSTEM,
            )
        except ValidationFailed as error:
            raise Problem(_sentences(error)) from None
    typer.echo(f"Token {made.token.pk} was created. Its key, which cannot be shown again:", err=True)
    typer.echo(made.key)


def _sentences(error: "ValidationFailed") -> str:
    return " ".join(fault["msg"] for fault in error.errors)


def _refuse_unknown(what: str, given: list[str] | None, known: list[str]) -> None:
    if unknown := sorted(set(given or ()) - set(known)):
        raise Problem(f"Unknown {what}: {', '.join(unknown)}. Choose from: {', '.join(sorted(known))}.")


@token.command("list")
def list_tokens() -> None:
    """List every token that was not revoked, expired ones too; keys are not kept and cannot be shown."""
    table = Table("Id", "Name", "Acts as", "Begins with", "Expires", "Last used", box=None)
    with django_command("token list"):
        from clickcollect.accounts import tokens

        for row in tokens.list_tokens():
            times = (f"{time:%Y-%m-%d %H:%M}" if time else "–" for time in (row.expires_at, row.last_used_at))
            table.add_row(str(row.pk), row.name, row.user.username, f"{row.prefix}…", *times)
    Console().print(table)


@token.command("revoke")
def revoke_token(token_id: int) -> None:
    """Revoke a token immediately."""
    with django_command("token revoke"):
        from clickcollect.errors import NotFound
        from clickcollect.oms.access import SYSTEM
        from clickcollect.oms.tokens import revoke_api_token

        try:
            revoke_api_token(token_id=token_id, actor=SYSTEM)
        except NotFound:
            words = f"There is no active token {token_id}. `clickcollect token list` shows them."
            raise Problem(words) from None
    typer.echo(f"Token {token_id} no longer works.")


@keys.callback()
def show_keys(context: typer.Context) -> None:
    """Which keys are known, and which are needed."""
    if context.invoked_subcommand:
        return
    lost = 0
    with django_command("keys"):
        from clickcollect.oms.codes.keys import key_usage

        for key in key_usage():
            lost += 0 if key.is_known else key.open_issues
            state = "makes new codes" if key.is_newest else "known" if key.is_known else "LOST"
            typer.echo(f"{key.key_id}: {state}, {key.open_issues} open codes, {key.sealed_secrets} sealed secrets")
    if lost:
        raise Problem(f"{lost} open codes cannot be checked: put their keys back into PICKUP_CODE_KEYS.")


@keys.command("new")
def new_key() -> None:
    """Print a fresh key; put it before the others in PICKUP_CODE_KEYS and start again."""
    typer.echo(new_code_key())


@keys.command("rotate")
def rotate_key() -> None:
    """Put a fresh key before the others in keys.env. New codes use it after the next start; old ones still verify."""
    with django_command("keys rotate"):
        made = new_code_key()
        DataFolder.from_environment().put_key_first(made)
    typer.echo(f"The key {made.partition(':')[0]} is the newest. Restart, then run `clickcollect keys reseal`.")


@keys.command("reseal")
def reseal() -> None:
    """Seal the secrets of hooks and second factors with the newest key; run it when every process has that key."""
    with django_command("keys reseal"):
        from clickcollect.oms.codes.keys import reseal_secrets

        done, lost = reseal_secrets()
    typer.echo(f"{done} secrets are sealed with the newest key.")
    if lost:
        raise Problem(
            f"{lost} secrets cannot be read: their keys are missing. Put them back, or enter the secrets again."
        )


@keys.command("drop")
def drop_key(key_id: str) -> None:
    """Remove a key that is no longer needed from keys.env."""
    with django_command("keys drop"):
        from clickcollect.oms.codes.keys import key_usage

        use = next((key for key in key_usage() if key.key_id == key_id), None)
        if use is None or not use.is_known:
            raise Problem(f"There is no key {key_id}. `clickcollect keys` lists them.")
        if use.is_newest or use.open_issues or use.sealed_secrets:
            raise Problem(
                f"The key {key_id} is needed: {use.open_issues} open codes, {use.sealed_secrets} sealed secrets"
                f"{', and it makes the new codes' if use.is_newest else ''}. Nothing was changed.",
            )
        DataFolder.from_environment().drop_key(key_id)
    typer.echo(f"The key {key_id} was removed. Restart clickcollect.")


@audit.command("verify")
def verify_log(
    *,
    head: Annotated[Path | None, typer.Option(help="A head exported earlier; the log must still contain it.")] = None,
) -> None:
    """Check whether the log was changed; names the first bad row."""
    with django_command("audit verify"):
        from clickcollect.oms.log.audit import Head, verify_chain

        verdict = verify_chain(kept_head=Head(**_read_head(head)) if head else None)
    if not verdict.is_whole:
        raise Problem(f"The log was changed at row {verdict.bad_log_id}: {verdict.reason}")
    typer.echo(f"The log is intact: {verdict.checked} rows.")


def _read_head(path: Path) -> dict[str, Any]:
    try:
        head = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError):
        head = None
    if not isinstance(head, dict) or set(head) != {"links", "log_id", "hash"}:
        raise Problem(f"{path} is not a head that `clickcollect audit export` wrote.")
    return head


@audit.command("export")
def export_head() -> None:
    """Print the end of the chain; keep it outside this machine, for `audit verify --head`."""
    with django_command("audit export"):
        from clickcollect.oms.log.audit import head

        last = head()
    if last is None:
        raise Problem("Nothing is sealed yet. The worker seals the log within a minute of its first row.")
    typer.echo(last.text())


@staff.command("add-admin")
def add_admin(
    username: str,
    *,
    password: Annotated[str, typer.Option(prompt=True, confirmation_prompt=True, hide_input=True)],
) -> None:
    """Add an administrator: the first one of a new installation, or when no one can sign in."""
    with django_command("staff add-admin"):
        from clickcollect.errors import ValidationFailed
        from clickcollect.oms.staff import add_first_admin

        try:
            add_first_admin(username=username, password=password)
        except ValidationFailed as error:
            raise Problem(_sentences(error)) from None
    typer.echo(f"{username} is an administrator and can sign in at /oms/.")


@staff.command("link")
def first_password_link(username: str) -> None:
    """Print a one-time link for someone who has no password yet; earlier links work until one is used."""
    with django_command("staff link"):
        from django.conf import settings

        from clickcollect.accounts import first_password
        from clickcollect.accounts.models import User

        user = User.objects.filter(username=username, is_active=True).first()
        if user is None or user.has_usable_password():
            raise Problem(f"There is no active person {username} who has no password yet.")
        address = settings.PUBLIC_URL + first_password.address_for(user)
    typer.echo(f"{username} chooses a password here within 24 hours (works once):", err=True)
    typer.echo(address)


@orders.command("import")
def import_orders(file: Annotated[Path, typer.Argument(help="JSON Lines or CSV, in UTF-8.")]) -> None:
    """Import orders from JSON Lines or CSV. Good lines are kept, bad ones listed; safe to run again."""
    with django_command("orders import"):
        from clickcollect.runtime.order_import import import_file

        status = import_file(file)
    raise typer.Exit(status)
