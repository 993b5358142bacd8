"""Profiles that a centre writes itself: whole, or as what is different from one that comes with the product."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Literal

from outbound.calling_rules.profiles import PROFILES, Profile, checked, merged, profile, shipped
from outbound.documents import Document, DocumentFaulty, Fault


class OwnProfile(Profile):
    """Calling rules that a centre has written."""

    extends: Literal["cn-telecom", "us-tsr", "uk"] | None = None
    """The profile whose settings hold where nothing else is written; nothing: everything is written here."""

    @property
    def base(self) -> Profile:
        """The profile against which it is held: the one that it extends, or the default."""
        return profile(self.extends or PROFILES[0])


class _Written(Document):
    """Rules as they are written; what they leave out is as in the profile that they extend."""

    def plain(self) -> dict[str, Any]:
        """The settings, those of the extended profile among them; the name and the label are always their own."""
        written = super().plain()
        extended = written.get("extends")
        if extended not in PROFILES:
            return written
        base = {key: value for key, value in shipped(extended).plain().items() if key not in ("name", "label")}
        calendar = written.get("calendar")
        if isinstance(calendar, Mapping) and "country" in calendar:
            # A region of the extended profile's country is none of another's.
            base.pop("calendar")
        return merged(base, written)


def own_profile(text: str) -> OwnProfile:
    """A profile written as YAML by a centre; raises DocumentFaulty with the line of every fault."""
    written = _Written(text)
    taken = _taken(written)
    try:
        rules = written.read_as(OwnProfile)
    except DocumentFaulty as refused:
        # Windows are not missing from rules whose only fault is what they extend.
        unknown = any(fault.path == "extends" for fault in refused.list)
        told = [fault for fault in refused.list if not (unknown and fault.path == "windows")]
        raise DocumentFaulty([*taken, *told]) from None
    if taken:
        raise DocumentFaulty(taken)
    return rules


def overridden(text: str, overrides: Mapping[str, Any]) -> Profile:
    """The profile written in `text`, with a campaign's own settings merged in.

    Raises DocumentFaulty for the text and ProfileFaulty for the settings.
    """
    settings = _Written(text).plain()
    settings.pop("extends", None)
    return checked(merged(settings, overrides))


def template(name: str) -> str:
    """Rules to begin with that extend the profile of that name; empty for a name that is none."""
    if name not in PROFILES:
        return ""
    text = files(__package__).joinpath("own-rules.yaml").read_text(encoding="utf-8")
    return text.replace(f"extends: {PROFILES[0]}", f"extends: {name}")


def _taken(written: Document) -> list[Fault]:
    name = written.plain().get("name")
    if name not in PROFILES:
        return []
    zh = f"“{name}”是系统自带规则的名称，请换一个名称；如需以它为基础，请写 extends: {name}。"
    en = f"`{name}` is a profile that comes with the product; take another name, and write `extends: {name}`."
    return [written.fault(("name",), zh=zh, en=en)]
