"""The signature under a weekly report: its last line, over every byte before it, with the centre's own key (Ed25519).

Browsers do not show the line; whoever has the page and the centre's public key can check it anywhere.
"""

import html
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from outbound import signing
from outbound.compliance import Words
from outbound.errors import Language

_LINE = re.compile(rb"<!-- outbound-signature ([0-9a-f]{64}) ([0-9a-f]{128}) -->\n?\Z")
_ANCHOR = re.compile(r'<p class="hash">(\{.*?\})</p>')

UNSIGNED = Words("这不是带签名的周报。", "This is no weekly report with a signature.")
CHANGED = Words(
    "签名与内容不符：周报在签名之后被改动过。",
    "The signature does not fit the page: the report was changed after it was signed.",
)
OTHER_KEY = Words(
    "签名不是用您给出的公钥对应的密钥做的，而是用指纹为 {fingerprint} 的另一把密钥。",
    "It was not signed with the key that you trust, but with another one, whose fingerprint is {fingerprint}.",
)
OTHER_ANCHOR = Words("周报中的锚不在您所保存的锚之中。", "An anchor in it is not among those that you hold.")


@dataclass(frozen=True)
class Checked:
    """What a check came to: what is wrong, and the fingerprint of the key that signed."""

    faults: list[Words]
    fingerprint: str = ""

    def sentences(self, language: Language) -> list[str]:
        """What is wrong, in the reader's language."""
        return [fault.said(language).format(fingerprint=self.fingerprint) for fault in self.faults]


def sign(text: str, data: Path, centre_id: int) -> bytes:
    """The page with its last line. Raises WrongSigningKey."""
    key, page = signing.private_key(data, centre_id), text.rstrip("\n").encode() + b"\n"
    public, signature = key.public_key().public_bytes_raw().hex(), key.sign(page).hex()
    return page + f"<!-- outbound-signature {public} {signature} -->\n".encode()


def check(page: bytes, *, key: Ed25519PublicKey | None = None, anchors: Collection[str] | None = None) -> Checked:
    """Check a report as `outbound.evidence.checking.check` checks evidence: without a `key` with the one enclosed."""
    found = _LINE.search(page)
    if found is None:
        return Checked([UNSIGNED])
    signed, enclosed = page[: found.start()], Ed25519PublicKey.from_public_bytes(bytes.fromhex(found[1].decode()))
    fingerprint, faults = signing.fingerprint(enclosed), list[Words]()
    if not signing.signed(enclosed, bytes.fromhex(found[2].decode()), signed):
        faults.append(CHANGED)
    elif key and key.public_bytes_raw() != enclosed.public_bytes_raw():
        faults.append(OTHER_KEY)
    lines = [html.unescape(line) for line in _ANCHOR.findall(signed.decode(errors="replace"))]
    if anchors is not None and not set(lines) <= set(anchors):
        faults.append(OTHER_ANCHOR)
    return Checked(faults, fingerprint)
