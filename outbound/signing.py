"""A centre's signature (Ed25519, RFC 8032): what it signs can be checked by anybody who has its public key.

The private key is in OUTBOUND_DATA/signing-N.key (mode 0600), N being the centre's number, 0 for what belongs to no
centre; it is made when it is first needed.
"""

import hashlib
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from outbound import secret_files
from outbound.errors import Refusal

KEY_BYTES = 32


class WrongSigningKey(Refusal):
    """{file} holds no signing key; put back the file that was there, or take it away to have a new one made."""

    zh = "{file} 不是签名密钥文件，请放回原来的文件；若要生成新密钥，请先移走它。"
    status = 503


class NotAPublicKey(Refusal):
    """That is no public key (Ed25519) of a centre; `outbound keys public` prints it."""

    zh = "这不是外呼中心的公钥（Ed25519），可用 outbound keys public 导出。"
    status = 422


def private_key(data: Path, centre_id: int) -> Ed25519PrivateKey:
    """The key with which a centre signs, made where there is none. Raises WrongSigningKey."""
    path = data / f"signing-{centre_id}.key"
    if not path.exists():
        secret_files.make(path, Ed25519PrivateKey.generate().private_bytes_raw())
    kept = path.read_bytes()
    if len(kept) != KEY_BYTES:
        raise WrongSigningKey(file=path)
    return Ed25519PrivateKey.from_private_bytes(kept)


def public_key(data: Path, centre_id: int) -> bytes:
    """The key that everybody may have, as PEM. Raises WrongSigningKey."""
    return private_key(data, centre_id).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def read_public(pem: bytes) -> Ed25519PublicKey:
    """The first public key in a PEM file. Raises NotAPublicKey."""
    try:
        key = load_pem_public_key(pem)
    except ValueError:
        raise NotAPublicKey from None
    if not isinstance(key, Ed25519PublicKey):
        raise NotAPublicKey
    return key


def fingerprint(key: Ed25519PublicKey) -> str:
    """The name of a public key, short enough to be read out: SHA-256 of its 32 bytes, the first 40 digits."""
    digits = hashlib.sha256(key.public_bytes_raw()).hexdigest()[:40]
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def signed(key: Ed25519PublicKey, signature: bytes, content: bytes) -> bool:
    """Whether the owner of the key signed this."""
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True
