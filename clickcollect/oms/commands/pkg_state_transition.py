from clickcollect.oms.commands.base import Command, command


@command("PKG_STATE_TRANSITION")
class PackageStateTransition(Command):
    """A pure change of state from one row's source to its destination; the row's name is the button."""
