"""What may be wrong with an evidence file, each in one sentence."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from outbound.compliance import Words
from outbound.errors import Language


class Wrong(StrEnum):
    """One way in which an evidence file is not what its centre signed."""

    NO_ZIP = "no_zip"
    TOO_LARGE = "too_large"
    UNFIT_ENTRY = "unfit_entry"
    NO_MANIFEST = "no_manifest"
    SIGNATURE = "signature"
    OTHER_KEY = "other_key"
    MISSING_FILE = "missing_file"
    STRANGE_FILE = "strange_file"
    CHANGED_FILE = "changed_file"
    UNREADABLE = "unreadable"
    SWAPPED_RECORDING = "swapped_recording"
    LOST_RECORDING = "lost_recording"
    CHANGED_SCRIPT = "changed_script"
    CHANGED_ROW = "changed_row"
    MISSING_ROW = "missing_row"
    CUT_CHAIN = "cut_chain"
    UNPROVED_ROW = "unproved_row"
    OTHER_ANCHOR = "other_anchor"
    NOT_JOURNALLED = "not_journalled"
    NOT_TOLD = "not_told"


_SENTENCES = {
    Wrong.NO_ZIP: Words(
        "这不是完整的 ZIP 文件：可能被截断，也可能不是证据文件。",
        "This is not a whole ZIP file: it was cut short, or it is something else.",
    ),
    Wrong.TOO_LARGE: Words(
        "解压后会超过证据文件应有的大小（{size} 字节），没有解压。",
        "Unpacked it would be larger than evidence ever is ({size} bytes); nothing was unpacked.",
    ),
    Wrong.UNFIT_ENTRY: Words(
        "包内的“{name}”重名、加密或名称不合规。",
        "“{name}” in it is there twice, encrypted, or named as no file of evidence is.",
    ),
    Wrong.NO_MANIFEST: Words(
        "清单或签名缺失，或者无法读取，因此什么也证明不了。",
        "Its manifest or signature is missing or cannot be read, so that it proves nothing.",
    ),
    Wrong.SIGNATURE: Words(
        "签名与清单不符：清单在签名之后被改动过。",
        "The signature does not fit the manifest: the manifest was changed after it was signed.",
    ),
    Wrong.OTHER_KEY: Words(
        "签名不是用您给出的公钥对应的密钥做的，而是用指纹为 {fingerprint} 的另一把密钥。",
        "It was not signed with the key that you trust, but with another one, whose fingerprint is {fingerprint}.",
    ),
    Wrong.MISSING_FILE: Words("清单中列出的“{name}”不在包内。", "“{name}” is listed in the manifest and is missing."),
    Wrong.STRANGE_FILE: Words("“{name}”在包内，但不在清单中。", "“{name}” is in the file and not in its manifest."),
    Wrong.CHANGED_FILE: Words(
        "“{name}”不是当初签名的内容：SHA-256 不一致。", "“{name}” is not what was signed: its SHA-256 differs."
    ),
    Wrong.UNREADABLE: Words("“{name}”无法读取。", "“{name}” cannot be read."),
    Wrong.SWAPPED_RECORDING: Words(
        "通话 {call} 的录音被换过：它不是当初登记的那条录音。",
        "The recording of call {call} was swapped: it is not the one that was registered.",
    ),
    Wrong.LOST_RECORDING: Words(
        "通话 {call} 的录音应在“{name}”，但不在包内。",
        "The recording of call {call} should be “{name}”, and is missing.",
    ),
    Wrong.CHANGED_SCRIPT: Words(
        "“{name}”不是通话时生效的脚本：内容与哈希不符。",
        "“{name}” is not the script as it was spoken: its text does not fit its hash.",
    ),
    Wrong.CHANGED_ROW: Words(
        "日志第 {sequence} 条被改动过：内容与哈希不符。",
        "Row {sequence} of the journal was changed: it does not fit its hash.",
    ),
    Wrong.MISSING_ROW: Words("日志第 {sequence} 条缺失。", "Row {sequence} of the journal is missing."),
    Wrong.CUT_CHAIN: Words(
        "日志链在第 {before} 条与第 {after} 条之间断开。",
        "The journal's chain is cut between rows {before} and {after}.",
    ),
    Wrong.UNPROVED_ROW: Words(
        "日志第 {sequence} 条不在锚定的日志之中。", "Row {sequence} is not in the journal that was anchored."
    ),
    Wrong.OTHER_ANCHOR: Words("包内的锚不在您所保存的锚之中。", "The anchor in it is not among those that you hold."),
    Wrong.NOT_JOURNALLED: Words(
        "证据中写有“{fact}”，日志中却没有，或者不是这样记的。",
        "The evidence says “{fact}”, and the journal does not, or not so.",
    ),
    Wrong.NOT_TOLD: Words(
        "日志中记有“{fact}”，证据中却没有，或者不是这样写的。",
        "The journal says “{fact}”, and the evidence does not, or not so.",
    ),
}


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, with the facts that its sentence names."""

    wrong: Wrong
    facts: dict[str, Any] = field(default_factory=dict)

    def sentence(self, language: Language) -> str:
        """What is wrong, in the reader's language."""
        return _SENTENCES[self.wrong].said(language).format(**self.facts)


def fault(wrong: Wrong, **facts: Any) -> Fault:
    """As the class, in fewer words."""
    return Fault(wrong, facts)
