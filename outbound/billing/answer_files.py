"""The carrier's answers as a file: CSV (key, result, reason, amount) or JSON, read whole or refused with its line."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from outbound.errors import Language, Refusal

ACCEPTED = {"accepted", "ok", "success", "成功", "接受", "已接受"}
REJECTED = {"rejected", "failed", "fail", "失败", "拒绝", "已拒绝"}
_HEADS = {"key", "指令编号"}


class Unreadable(StrEnum):
    """Why an acknowledgement cannot be read."""

    NOT_TEXT = "not_text"
    EMPTY = "empty"
    LINE = "line"
    AMOUNT = "amount"
    CONTRADICTS = "contradicts"


_UNREADABLE = {
    Unreadable.NOT_TEXT: ("这不是 CSV 或 JSON 文本文件", "it is not a CSV file, nor JSON"),
    Unreadable.EMPTY: ("文件中没有回执", "it holds no answers"),
    Unreadable.LINE: (
        "第 {line} 行应为“指令编号,成功或失败,原因”",
        "line {line} should read “key, accepted or rejected, reason”",
    ),
    Unreadable.AMOUNT: (
        "第 {line} 行的金额应为整数（单位：分）",
        "the amount on line {line} should be a whole number of fen",
    ),
    Unreadable.CONTRADICTS: (
        "第 {line} 行与前面同一指令的结果矛盾",
        "line {line} contradicts an earlier answer to the same instruction",
    ),
}


class AcknowledgementUnreadable(Refusal):
    """The acknowledgement cannot be read: {reason}; nothing was taken over."""

    zh = "回执文件无法读取：{reason}，未导入任何内容。"
    status = 422

    def __init__(self, why: Unreadable, line: int = 0) -> None:
        self.why, self.line = why, line
        super().__init__(reason="")

    def sentence(self, language: Language) -> str:
        """The sentence with the reason, and the line where there is one."""
        template = self.zh if language == "zh" else str(self.__doc__)
        return template.format(reason=_UNREADABLE[self.why][language == "en"].format(line=self.line))


@dataclass(frozen=True)
class Answer:
    """What the carrier says about one instruction; `amount_fen` where it says what it took."""

    accepted: bool
    reason: str = ""
    amount_fen: int | None = None


def read_answers(data: bytes) -> dict[str, Answer]:
    """Every answer by its instruction's key, in the file's order. Raises AcknowledgementUnreadable."""
    text = _decoded(data)
    lines = _json_rows(text) if text.lstrip()[:1] in ("[", "{") else _csv_rows(text)
    answers: dict[str, Answer] = {}
    for line, row in lines:
        if not any(row) or (line == 1 and row[0].lower() in _HEADS):
            continue
        key, answer = _answer(row, line)
        earlier = answers.setdefault(key, answer)
        if (earlier.accepted, earlier.amount_fen) != (answer.accepted, answer.amount_fen):
            raise AcknowledgementUnreadable(Unreadable.CONTRADICTS, line)
    if not answers:
        raise AcknowledgementUnreadable(Unreadable.EMPTY)
    return answers


def _answer(row: list[str], line: int) -> tuple[str, Answer]:
    key, result, reason, amount = [*row, "", "", ""][:4]
    key = key.lstrip("'")
    if not key or result.lower() not in ACCEPTED | REJECTED:
        raise AcknowledgementUnreadable(Unreadable.LINE, line)
    try:
        amount_fen = int(amount) if amount else None
    except ValueError:
        raise AcknowledgementUnreadable(Unreadable.AMOUNT, line) from None
    if amount_fen is not None and abs(amount_fen) >= 2**31:
        raise AcknowledgementUnreadable(Unreadable.AMOUNT, line)
    return key[:80], Answer(result.lower() in ACCEPTED, reason[:200], amount_fen)


def _csv_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        for row in reader:
            yield reader.line_num, [cell.strip() for cell in row]
    except csv.Error:
        raise AcknowledgementUnreadable(Unreadable.NOT_TEXT) from None


def _json_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """A list of objects, or one under `answers`; `line` is the place in the list."""
    try:
        document: Any = json.loads(text)
    except ValueError:
        raise AcknowledgementUnreadable(Unreadable.NOT_TEXT) from None
    answers = document.get("answers") if isinstance(document, dict) else document
    if not isinstance(answers, list):
        raise AcknowledgementUnreadable(Unreadable.EMPTY)
    for line, answer in enumerate(answers, start=1):
        if not isinstance(answer, dict):
            raise AcknowledgementUnreadable(Unreadable.LINE, line)
        said = (answer.get(name) for name in ("key", "result", "reason", "amount_fen"))
        yield line, ["" if each is None else str(each).strip() for each in said]


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise AcknowledgementUnreadable(Unreadable.NOT_TEXT)
