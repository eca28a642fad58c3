"""What `run` tells people: where to go, and how to sign in."""

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from clickcollect.runtime.data_dir import DataFolder
from clickcollect.runtime.ports import Ports

# Contract section 7. The demo shop makes them; the supervisor only says so.
DEMO_PASSWORD = "demo-pickup"  # noqa: S105
DEMO_ACCOUNTS = {
    "associate": "store IST-01",
    "manager": "store IST-01, may extend, unlock and override; PIN 407193",
    "associate2": "store BER-01",
    "operator": "OMS WEB, every store",
    "admin": "OMS WEB, and its security settings",
}


def print_banner(console: Console, *, ports: Ports, home: DataFolder, demo: bool) -> None:
    """One block with addresses and accounts."""
    table = Table.grid(padding=(0, 3))
    rows = [
        ("Instore (the counter)", f"{ports.web_address}/instore/"),
        ("OMS WEB (back office)", f"{ports.web_address}/oms/"),
        ("API", f"{ports.web_address}/api/docs"),
    ]
    if demo:
        rows.append(("Phone simulator", f"{ports.extension_address}/phone/"))
        rows += [("Wording of messages", f"{ports.extension_address}/templates/"), ("", "")]
        rows += [(f"Sign in as [bold]{name}[/]", what) for name, what in DEMO_ACCOUNTS.items()]
        rows.append(("Password, for all of them", f"[bold]{DEMO_PASSWORD}[/], and of the wording (any username)"))
    rows += [("", ""), ("Data and logs", f"[dim]{home.path}[/]"), ("Stop", "[dim]Ctrl-C[/]")]
    for row in rows:
        table.add_row(*row)
    console.print(Panel(table, title="clickcollect is running", title_align="left", expand=False))
