"""The JSON API under /api/v1, described at /openapi.json: the same verbs that the pages use."""

from web.api import by_hand, calls, carrier, desk, recordings, shift, why
from web.api.blueprint import bp

__all__ = ["bp", "by_hand", "calls", "carrier", "desk", "recordings", "shift", "why"]
