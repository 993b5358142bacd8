"""The encodings of texts, as people choose them and as they are shown."""

ENCODINGS = {
    "utf-8": "UTF-8",
    "gb18030": "GB18030 / GBK",
    "big5": "Big5",
    "utf-16": "UTF-16",
    "shift-jis": "Shift-JIS",
    "windows-1252": "Windows-1252",
}
_MEANT = {
    "utf-8-sig": "utf-8",
    "big5hkscs": "big5",
    "utf-16-le": "utf-16",
    "utf-16-be": "utf-16",
    "cp932": "shift-jis",
    "cp1252": "windows-1252",
}
"""Codecs by which a list is read, and the choice of ENCODINGS that means them."""


def choice_of(codec: str | None) -> str:
    """The choice of ENCODINGS that means this codec; nothing where there is none."""
    return _MEANT.get(codec or "", codec or "")


def encoding_words(codec: str) -> str:
    """A codec, for people."""
    return ENCODINGS.get(choice_of(codec), codec)
