"""Files that wait with numbers in them: sealed on the disk, whole when read, refused where they were changed."""

import io
from pathlib import Path

import pytest

from outbound.phones import sealed_files
from outbound.phones.ring import Ring
from outbound.phones.sealed_files import PIECE, Scratch, SealedFile
from outbound.phones.vault import Vault, WrongNumberKey

KEY = bytes(range(64))
OVERHEAD = 18, 16
"""Bytes of a sealed file's head, and of each piece's tag."""


@pytest.fixture
def vault() -> Vault:
    return Vault(KEY)


def sealed(vault: Vault, path: Path, data: bytes) -> SealedFile:
    sealed_files.seal(vault, io.BytesIO(data), path)
    return SealedFile(path, vault)


def read(file: SealedFile) -> bytes:
    with file.open() as stream:
        return stream.read()


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_what_was_sealed_is_read_again(vault: Vault, tmp_path: Path, size: int) -> None:
    data = (b"13800138000," * (size // 12 + 1))[:size]
    assert read(sealed(vault, tmp_path / "a", data)) == data


def test_a_sealed_file_shows_no_number_and_is_readable_by_nobody_else(vault: Vault, tmp_path: Path) -> None:
    kept = sealed(vault, tmp_path / "a", b"13800138000\n" * 20_000)
    assert b"13800138000" not in kept.path.read_bytes()
    assert kept.path.stat().st_mode & 0o777 == 0o600


def test_any_place_in_it_can_be_sought(vault: Vault, tmp_path: Path) -> None:
    data = b"".join(f"{at:08d}".encode() for at in range(20_000))
    with sealed(vault, tmp_path / "a", data).open() as stream:
        for place in (PIECE - 3, 0, 2 * PIECE + 5, len(data) - 4):
            stream.seek(place)
            assert stream.read(9) == data[place : place + 9]
        assert stream.seek(-8, io.SEEK_END) == len(data) - 8


@pytest.mark.parametrize("at", [0, 1, 5, 40, PIECE + 60, -1])
def test_a_changed_byte_is_noticed(vault: Vault, tmp_path: Path, at: int) -> None:
    kept = sealed(vault, tmp_path / "a", bytes(2 * PIECE))
    changed = bytearray(kept.path.read_bytes())
    changed[at] ^= 1
    kept.path.write_bytes(changed)
    with pytest.raises(WrongNumberKey):
        read(kept)


@pytest.mark.parametrize("left", [0, 17, OVERHEAD[0] + PIECE + OVERHEAD[1], OVERHEAD[0] + 2 * (PIECE + OVERHEAD[1])])
def test_a_file_that_was_cut_off_is_noticed_also_between_two_pieces(vault: Vault, tmp_path: Path, left: int) -> None:
    kept = sealed(vault, tmp_path / "a", bytes(3 * PIECE))
    kept.path.write_bytes(kept.path.read_bytes()[:left])
    with pytest.raises(WrongNumberKey):
        read(kept)


def test_pieces_that_changed_places_are_noticed(vault: Vault, tmp_path: Path) -> None:
    kept, step = sealed(vault, tmp_path / "a", bytes(3 * PIECE)), PIECE + OVERHEAD[1]
    whole = kept.path.read_bytes()
    head, first, second, rest = (
        whole[:18],
        whole[18 : 18 + step],
        whole[18 + step : 18 + 2 * step],
        whole[18 + 2 * step :],
    )
    kept.path.write_bytes(head + second + first + rest)
    with pytest.raises(WrongNumberKey):
        read(kept)


def test_another_key_does_not_open_it(vault: Vault, tmp_path: Path) -> None:
    kept = sealed(vault, tmp_path / "a", b"13800138000")
    with pytest.raises(WrongNumberKey):
        read(SealedFile(kept.path, Vault(bytes(reversed(KEY)))))


def test_it_is_opened_after_a_change_of_keys_too(vault: Vault, tmp_path: Path) -> None:
    kept = sealed(vault, tmp_path / "a", b"13800138000")
    newer = Vault(Ring.read(KEY).with_another().written())
    assert read(SealedFile(kept.path, newer)) == b"13800138000"
    assert sealed(newer, tmp_path / "b", b"x").path.read_bytes()[:2] == newer.prefix


def test_two_sealed_files_of_the_same_content_have_nothing_in_common(vault: Vault, tmp_path: Path) -> None:
    one, other = (sealed(vault, tmp_path / name, bytes(1_000)).path.read_bytes() for name in "ab")
    assert one[18:] != other[18:]


def test_scratch_gives_back_what_was_written_in_any_order() -> None:
    scratch, data = Scratch(), b"".join(f"{at:06d}".encode() for at in range(30_000))
    for start in range(0, len(data), 7_001):
        scratch.write(data[start : start + 7_001])
    with scratch.reader() as stream:
        stream.seek(100_000)
        assert stream.read(50) == data[100_000:100_050]
        stream.seek(0)
        assert stream.read() == data
    assert scratch.size == len(data)
