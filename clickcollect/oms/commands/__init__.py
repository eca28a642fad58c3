"""The behaviours that command rows name by their code, one file each. Importing this room registers them all."""

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__):
    if _module.name not in ("base", "run"):
        import_module(f"{__name__}.{_module.name}")
