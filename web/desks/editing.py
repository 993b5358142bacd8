"""Texts that people write or upload (definitions, scripts): each fault at its line, and nothing typed is lost."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import g, request

from outbound.documents import DocumentFaulty, Fault
from outbound.errors import Refusal

ENCODINGS = ("utf-8-sig", "gb18030")


class TextFaulty(Refusal):
    """Nothing is saved yet: {count} places need another look, each is listed with its line. What you typed is kept."""

    zh = "尚未保存：有 {count} 处需要修改，已逐行列出。您填写的内容都还在。"
    status = 422

    def __init__(self, faulty: DocumentFaulty) -> None:
        self.list: list[Fault] = faulty.list
        super().__init__(count=len(faulty.list))


class NotText(Refusal):
    """“{name}” is not a text file; choose the YAML file, or paste its text into the editor."""

    zh = "“{name}”不是文本文件，请选择 YAML 文件，或把内容粘贴到编辑框。"
    status = 422
    field = "file"


@contextmanager
def told_by_line() -> Iterator[None]:
    """Raise TextFaulty, whose faults the editor lists, where the text within is refused as DocumentFaulty."""
    try:
        yield
    except DocumentFaulty as faulty:
        raise TextFaulty(faulty) from None


def sent_text(name: str = "text") -> str:
    """The text that was sent: of the uploaded file where there is one, else of the editor; raises NotText."""
    return _uploaded() or request.form.get(name, "").replace("\r\n", "\n")


def _uploaded() -> str:
    file = request.files.get("file")
    if file is None or not file.filename:
        return ""
    file.stream.seek(0)
    data = file.stream.read()
    for encoding in ENCODINGS:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text.replace("\r\n", "\n")
    raise NotText(name=file.filename)


def editor_text(stored: str = "") -> str:
    """What stands in the editor: what was sent if the form comes back, else what is stored."""
    if "refusal" not in g:
        return stored
    try:
        return sent_text()
    except NotText:
        return request.form.get("text", "")


def text_faults() -> list[Fault]:
    """The faults for which the editor comes back."""
    return g.refusal.list if isinstance(g.get("refusal"), TextFaulty) else []
