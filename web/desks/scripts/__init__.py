"""The scripts desk: what waits for an approver, every script and version, writing a new one."""

from importlib import import_module

from web.desks.scripts.desk import bp

__all__ = ["bp"]

for _part in ("waiting", "versions", "writing", "rehearsing"):
    import_module(f"{__name__}.{_part}")
