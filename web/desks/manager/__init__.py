"""The manager's desk: what needs me, campaigns, call lists, staff."""

from importlib import import_module

from web.desks.manager.desk import bp

__all__ = ["bp"]

for _part in ("home", "campaigns", "definitions", "imports", "lists", "staff", "surveys", "why", "calendar"):
    import_module(f"{__name__}.{_part}")
