"""YAML documents that people write: read with the line of every value, checked against a model, all faults at once."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.scalarbool import ScalarBoolean

from outbound.errors import Language, Refusal
from outbound.remedies import remedy, short

Path = tuple[str | int, ...]
"""Where a value stands in a document: keys and list positions from the top."""

ModelT = TypeVar("ModelT", bound=BaseModel)

MAX_CHARACTERS = 1_000_000
MOST_REMEMBERED = 30_000
"""Characters of a document that is worth remembering: a script has some 9,000, and is read several times on its way."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong in a document, with the line (from 1) and column (from 1) at which it stands."""

    line: int
    column: int
    path: str
    zh: str
    en: str

    def sentence(self, language: Language) -> str:
        """Where and what, in the reader's language."""
        if language == "zh":
            return f"第 {self.line} 行第 {self.column} 列：{self.zh}"
        return f"Line {self.line}, column {self.column}: {self.en}"


class DocumentFaulty(Refusal):
    """{faults}"""

    zh = "{faults}"
    status = 422

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.list = sorted(faults, key=lambda fault: (fault.line, fault.column))
        super().__init__(faults=len(self.list))

    def sentence(self, language: Language) -> str:
        """Every fault, a line each."""
        return "\n".join(fault.sentence(language) for fault in self.list)


class Document:
    """A YAML text together with the position of each of its values."""

    def __init__(self, text: str) -> None:
        """Parse `text`; raise DocumentFaulty where it is not YAML or not a mapping."""
        self.text = text
        self.root = _parse(text)

    def plain(self) -> dict[str, Any]:
        """The document as ordinary dicts, lists and scalars."""
        plain = _plain(self.root)
        assert isinstance(plain, dict)
        return plain

    def position(self, path: Sequence[str | int]) -> tuple[int, int]:
        """Line and column (from 1) of the deepest existing part of `path`."""
        node: Any = self.root
        at = (1, 1)
        for key in path:
            try:
                at = _position_of(node, key)
                node = node[key]
            except (KeyError, IndexError, TypeError, AttributeError):
                break
        return at

    def fault(self, path: Sequence[str | int], *, zh: str, en: str) -> Fault:
        """A fault at `path`."""
        line, column = self.position(path)
        return Fault(line, column, ".".join(map(str, path)), zh, en)

    def read_as(self, model: type[ModelT]) -> ModelT:
        """The document as a checked model; raises DocumentFaulty with every fault."""
        try:
            return model.model_validate(self.plain())
        except ValidationError as refused:
            raise DocumentFaulty([self._explain(dict(error)) for error in refused.errors()]) from None

    def _explain(self, error: dict[str, Any]) -> Fault:
        # pydantic puts the names of union members into the location; only what stands in the document counts.
        path = tuple(error["loc"])
        zh, en = remedy(error, self._named(path, missing=error["type"] == "missing"))
        return self.fault(path, zh=zh, en=en)

    def _named(self, path: Path, *, missing: bool) -> str:
        if missing:
            return str(path[-1])
        node: Any = self.root
        name = str(path[0]) if path else ""
        for key in path:
            try:
                node = node[key]
            except (KeyError, IndexError, TypeError):
                break
            name = key if isinstance(key, str) else name
        return name


class _Careful(RoundTripConstructor):
    """Values that look like a date or a number and can be none are told with their place."""

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        """The value of a node; raises DocumentFaulty where no database could keep it or it is not what it says."""
        if not isinstance(node, ScalarNode):
            return super().construct_object(node, deep=deep)
        try:
            if "\0" in node.value:
                raise ValueError
            node.value.encode()
            return super().construct_object(node, deep=deep)
        except (ValueError, KeyError):
            shown = short(node.value)
            raise _faulty(
                node.start_mark,
                f"“{shown}”不是有效的日期、数字或文字，请改正。",
                f"`{shown}` is not a possible date, number or text; correct it.",
            ) from None


def _faulty(mark: Any, zh: str, en: str) -> DocumentFaulty:
    """A single fault at a mark of the parser; None: at the beginning."""
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return DocumentFaulty([Fault(line, column, "", zh, en)])


def _unreadable(text: str, refused: ReaderError) -> DocumentFaulty:
    before = text[: refused.position]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    code = f"U+{ord(text[refused.position]):04X}"
    zh, en = f"这里有不可见的控制字符（{code}），请删除。", f"there is a control character ({code}); remove it."
    return DocumentFaulty([Fault(line, column, "", zh, en)])


def _parse(text: str) -> CommentedMap:
    if len(text) > MAX_CHARACTERS:
        raise _faulty(None, "文件超过 100 万字。", "the file is longer than 1,000,000 characters.")
    return _remembered(text) if len(text) <= MOST_REMEMBERED else _load(text)


def _load(text: str) -> CommentedMap:
    try:
        _refuse_aliases(text)
        yaml = YAML(typ="rt", pure=True)
        yaml.Constructor = _Careful
        root = yaml.load(text)
    except RecursionError:
        zh, en = "文件的层次太深，请减少嵌套。", "the file is nested too deeply; use fewer levels."
        raise _faulty(None, zh, en) from None
    except ReaderError as refused:
        raise _unreadable(text, refused) from None
    except YAMLError as refused:
        raise _not_yaml(refused) from None
    if not isinstance(root, CommentedMap):
        raise _faulty(None, "文件应由“名称: 内容”各行组成。", "the file must consist of `name: value` lines.")
    return root


# Parsing a script takes some 40 ms; nobody changes what was parsed.
_remembered = lru_cache(maxsize=32)(_load)


# What the parser found, what to do about it in both languages ({0}: what it names), and whether it began earlier.
_SLIPS = (
    (
        r"could not find expected ':'",
        "这一行缺少冒号，请写成“名称: 内容”，用半角冒号，后面空一格。",
        "this line lacks its colon; write `name: value`, with a space after the colon.",
        True,
    ),
    (
        r"mapping values are not allowed",
        "这里的冒号放错了位置：请检查缩进和上一行；内容里有冒号时加引号，全角“：”改为半角。",
        "a colon cannot stand here; check the indentation and the line before, and quote values that hold a colon.",
        False,
    ),
    (r"found character '\\t'", "缩进用了 Tab，请改用空格。", "there is a tab; indent with spaces.", False),
    (
        r"found character '(.)' that cannot start",
        "内容不能以“{0}”开头，请加引号。",
        "a value cannot begin with `{0}`; put it into quotes.",
        False,
    ),
    (r"found unexpected end of stream", "引号没有成对，请补上。", "a quotation mark is not closed; close it.", True),
    (r"expected ',' or", "括号没有成对，请补上。", "a bracket is not closed; close it.", True),
    (r'found duplicate key "([^"]*)"', "“{0}”写了两次，请删去一个。", "`{0}` stands here twice; remove one.", False),
    (
        r"expected <block end>",
        "缩进与上面各行不一致，请对齐。",
        "the indentation does not fit the lines above; align it.",
        False,
    ),
)


def _not_yaml(refused: YAMLError) -> DocumentFaulty:
    mark, problem = None, " ".join(str(refused).split())
    if isinstance(refused, MarkedYAMLError):
        mark = refused.problem_mark or refused.context_mark
        problem = str(refused.problem or refused.context or "").splitlines()[0]
        for pattern, zh, en, began_earlier in _SLIPS:
            if found := re.search(pattern, problem):
                place = refused.context_mark if began_earlier and refused.context_mark else mark
                return _faulty(place, zh.format(*found.groups()), en.format(*found.groups()))
    return _faulty(
        mark,
        f"YAML 写法有误（{problem}），请检查缩进、冒号和引号。",
        f"this is not valid YAML ({problem}); check indentation, colons and quotes.",
    )


def _refuse_aliases(text: str) -> None:
    """Raise DocumentFaulty where an alias repeats another part: a few lines could unfold to more than memory holds."""
    if "*" not in text:
        return
    for event in YAML(typ="rt", pure=True).parse(text):
        if isinstance(event, AliasEvent):
            raise _faulty(
                event.start_mark,
                f"不支持用 *{event.anchor} 引用别处，请把内容直接写在这里。",
                f"`*{event.anchor}` refers to another part; write the content out here.",
            )


def _plain(node: Any) -> Any:
    if isinstance(node, dict):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    if isinstance(node, bool) or node is None:
        return node
    if isinstance(node, ScalarBoolean):
        return bool(node)
    for kind in (int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node


def _position_of(node: Any, key: str | int) -> tuple[int, int]:
    if isinstance(node, CommentedMap):
        line, column = node.lc.key(key)
    elif isinstance(node, CommentedSeq):
        line, column = node.lc.item(key)
    else:
        raise TypeError(key)
    return line + 1, column + 1
