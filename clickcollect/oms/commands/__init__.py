"""The behaviours that command transitions name by their code, one file each. Importing this package registers all."""

from importlib import import_module
from pkgutil import iter_modules

NOT_COMMANDS = ("available", "base", "run", "statements", "write")

for _module in iter_modules(__path__):
    if _module.name not in NOT_COMMANDS:
        import_module(f"{__name__}.{_module.name}")
