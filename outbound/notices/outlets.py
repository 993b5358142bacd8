"""How notices leave the house: dropped as files for the carrier's gateway, or posted to it with a signature."""

import hashlib
import hmac
import http.client
import json
import os
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from outbound import secret_files
from outbound.settings import Settings

PATIENCE = 10
"""Seconds after which a gateway that does not answer counts as out of reach."""
LONGEST_WHY = 200


@dataclass(frozen=True)
class Message:
    """A notice as the gateway gets it; `key` names it for ever, so that the same one sent twice can be known."""

    key: str
    to: str
    text: str
    kind: str
    language: str


class NotSent(Exception):
    """The gateway did not take a message; the words say why."""


class Outlet(Protocol):
    """Takes a message, durably, or raises NotSent. The same key again must do no harm."""

    def send(self, message: Message, *, now: datetime) -> None:
        """Hand the message over."""


class FileDrop:
    """One JSON file for each message, named by its key: written, synced, then put in place whole."""

    def __init__(self, folder: Path) -> None:
        """Files are dropped into `folder`, which is made where there is none."""
        self.folder = folder

    def send(self, message: Message, *, now: datetime) -> None:
        """Drop the file; the same key again replaces it by the same."""
        told = {**asdict(message), "at": now.isoformat()}
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            secret_files.replace(self.folder / f"{message.key}.json", json.dumps(told, ensure_ascii=False).encode())
        except OSError as refused:
            raise NotSent(os.strerror(refused.errno or 0)[:LONGEST_WHY]) from None


class Webhook:
    """Posts each message as JSON, signed with HMAC-SHA-256 over the time and the body."""

    def __init__(self, url: str, secret: str) -> None:
        """`secret` is shared with the gateway; without one nothing is signed."""
        self.url, self._secret = url, secret.encode()

    def send(self, message: Message, *, now: datetime) -> None:
        """Post the message; any answer but 2xx is a failure."""
        body = json.dumps({**asdict(message), "at": now.isoformat()}, ensure_ascii=False).encode()
        # The scheme is http or https: the setting admits nothing else.
        request = urllib.request.Request(self.url, body, self._headers(message, body, now), method="POST")  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE):  # noqa: S310
                pass
        except urllib.error.HTTPError as refused:
            raise NotSent(f"HTTP {refused.code} {refused.reason}"[:LONGEST_WHY]) from None
        except (OSError, http.client.HTTPException) as failed:
            raise NotSent(str(getattr(failed, "reason", failed))[:LONGEST_WHY] or type(failed).__name__) from None

    def _headers(self, message: Message, body: bytes, now: datetime) -> dict[str, str]:
        at = str(int(now.timestamp()))
        headers = {"Content-Type": "application/json", "Idempotency-Key": message.key, "X-Outbound-Time": at}
        if self._secret:
            headers["X-Outbound-Signature"] = f"sha256={signature(self._secret, at, body)}"
        return headers


def signature(secret: bytes, at: str, body: bytes) -> str:
    """HMAC-SHA-256 (RFC 2104), in hex, over the time in seconds, a full stop, and the body."""
    return hmac.new(secret, at.encode() + b"." + body, hashlib.sha256).hexdigest()


def outlet_of(settings: Settings) -> Outlet:
    """The outlet that the settings name: an address, or the folder `notices/out` in OUTBOUND_DATA."""
    if settings.notices_url:
        return Webhook(settings.notices_url, settings.notices_secret.get_secret_value())
    return FileDrop(settings.data / "notices" / "out")
