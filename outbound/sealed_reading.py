"""Reading a file that is sealed piece by piece as if it were the plain one: seekable, holding one piece at a time."""

import io
from typing import IO


class SealedReading(io.RawIOBase):
    """What recordings and waiting files have in common while they are read; how a piece is opened is their own."""

    def __init__(self, file: IO[bytes], length: int) -> None:
        """`file` is the sealed one, `length` how many bytes the plain one has."""
        self._file = file
        self.length = length
        self._at = 0
        self._held: tuple[int, bytes] = (-1, b"")

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes: every piece stands at a known place."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place in the plain file."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.length}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """The place in the plain file."""
        return self._at

    def close(self) -> None:
        """Close the file beneath, too."""
        self._file.close()
        super().close()
