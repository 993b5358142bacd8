"""The manager's desk: what needs me, campaigns, call lists, staff."""

from importlib import import_module

from web.desks.manager.desk import bp

__all__ = ["bp"]

PARTS = (
    "home",
    "campaigns",
    "definitions",
    "imports",
    "lists",
    "staff",
    "surveys",
    "versions",
    "why",
    "calendar",
    "rules",
)
for _part in PARTS:
    import_module(f"{__name__}.{_part}")
