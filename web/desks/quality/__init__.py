"""The quality desk: what the samples tell, the calls behind it, patrols, calibrations, agents' files, stops."""

from importlib import import_module

from web.desks.quality.desk import bp

__all__ = ["bp"]

PARTS = ("figures", "calls", "patrol", "calibration", "agents", "stops", "reports")
for _part in PARTS:
    import_module(f"{__name__}.{_part}")
