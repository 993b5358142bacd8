"""Why a step in the life of a script version is refused."""

from typing import ClassVar

from outbound.errors import Language, Refusal
from scripts.findings import Proof


class ScriptKindFixed(Refusal):
    """The script “{name}” is a {kind} script and stays one; give the new script another name."""

    zh = "脚本“{name}”的类型是 {kind}，不能改成别的类型，请为新脚本另取名称。"


class ScriptNotProved(Refusal):
    """The script does not hold: {reason} The way to it: {way}."""

    zh = "脚本未通过校验：{reason}走法：{way}。"
    status: ClassVar[int] = 422

    def __init__(self, proof: Proof) -> None:
        self.proof = proof
        super().__init__()

    def sentence(self, language: Language) -> str:
        """The first broken rule with the shortest way to its breach; `proof` has them all in the script's own words."""
        failure = self.proof.failures[0]
        reason, way = failure.sentence(language), " → ".join(failure.steps)
        if language == "zh":
            return f"脚本未通过校验：{reason}" + (f"走法：{way}。" if way else "")
        return f"The script does not hold: {reason}" + (f" The way to it: {way}." if way else "")


class OwnScript(Refusal):
    """Nobody approves their own script; ask a colleague to decide."""

    zh = "不能审批自己编写的脚本，请由其他人审批。"
    status: ClassVar[int] = 403


class SecondApproverNeeded(Refusal):
    """You have approved this version already; the other approval must come from another person."""

    zh = "您已审批过该版本，另一方须由其他人审批。"


class ApprovalsMissing(Refusal):
    """A script comes into force only when the carrier and business support have both approved it."""

    zh = "脚本须经运营商和业务支撑双方审批后才能生效。"


class NotSubmitted(Refusal):
    """Version {number} of “{name}” has not been submitted yet; its writer must submit it first."""

    zh = "“{name}”第 {number} 版还没有提交，请先由编写人提交审批。"


class AlreadyReturned(Refusal):
    """Version {number} of “{name}” was returned to its writer; wait for the corrected version."""

    zh = "“{name}”第 {number} 版已退回编写人，请等待修改后的新版本。"


class AlreadyInForce(Refusal):
    """Version {number} of “{name}” is in force; write a new version to change it."""

    zh = "“{name}”第 {number} 版已生效，如需修改请编写新版本。"


class AlreadyRetired(Refusal):
    """Version {number} of “{name}” is no longer used; a newer version has taken its place."""

    zh = "“{name}”第 {number} 版已停用，已有更新的版本。"


class CommentNeeded(Refusal):
    """Write what must be changed, so that the script's writer knows."""

    zh = "请写明需要修改的内容，便于编写人修改。"
    status: ClassVar[int] = 422


class LineUnknown(Refusal):
    """The script has {lines} lines, and no line {line}; choose the line that the comment is about."""

    zh = "脚本共 {lines} 行，没有第 {line} 行，请重新选择批注所在的行。"
    status: ClassVar[int] = 422
