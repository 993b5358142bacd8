"""What is simulated: how long, with how many people, over how many contacts, under which definition and scripts."""

import io
import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML

from outbound.campaigns.definition import Definition, read_definition
from outbound.demo.cast import ZONE, Part
from outbound.errors import Refusal
from outbound.people import Role
from scripts.language import library

NOTICES = "notice-"
_NAMED = re.compile(r"^script: *[\"']?([\w-]+)", re.MULTILINE)
AGENTS_PER_VERIFIER, AGENTS_PER_REVIEWER = 4, 10
CENTRE = ("sim", "模拟外呼中心", "Simulated centre")


class ScriptNotAtHand(Refusal):
    """The script “{name}” of the definition is neither beside it nor in the library; put it there as {file}."""

    zh = "定义引用的脚本“{name}”既不在定义文件旁边，也不在脚本库里；请把它存为 {file}。"
    status = 422


@dataclass(frozen=True)
class Plan:
    """A simulation: calendar days, people at the phones, rows of the list, the seed of its chance, the campaign."""

    days: int
    agents: int
    contacts: int
    seed: int
    text: str
    folder: Path | None = None

    @cached_property
    def definition(self) -> Definition:
        """The campaign as it is simulated; raises DocumentFaulty where its definition is."""
        return read_definition(self.text)

    @property
    def working_days(self) -> list[datetime]:
        """The Mondays to Fridays among the days, from the first that the campaign calls on, as midnights."""
        first = datetime.combine(self.definition.starts, time(), ZoneInfo(ZONE))
        days = [first + timedelta(days=number) for number in range(self.days)]
        return [day for day in days if day.weekday() < 5]

    @property
    def until(self) -> datetime:
        """The end of the last day."""
        first = datetime.combine(self.definition.starts, time(), ZoneInfo(ZONE))
        return first + timedelta(days=self.days)

    def written(self) -> str:
        """The definition for simulated people: whoever calls works on it, and it lasts as long as the simulation."""
        yaml = YAML()
        yaml.width = 200
        definition = yaml.load(self.text)
        for name in ("staff", "skills", "lists"):
            definition.pop(name, None)
        definition["ends"] = max(self.definition.ends, self.until.date())
        out = io.StringIO()
        yaml.dump(definition, out)
        return out.getvalue()

    def scripts(self) -> list[str]:
        """The texts of every script that is read, and of the notices; raises ScriptNotAtHand."""
        named = [name for name in self.definition.scripts.model_dump().values() if name]
        notices = [text for name, text in library().items() if name.startswith(NOTICES)]
        return [*(self._script(name) for name in named), *notices]

    def _script(self, name: str) -> str:
        for file in sorted(self.folder.glob("*.yaml")) if self.folder else ():
            text = file.read_text("utf-8", errors="replace")
            named = _NAMED.search(text)
            if named and named[1] == name:
                return text
        if name in library():
            return library()[name]
        raise ScriptNotAtHand(name=name, file=(self.folder or Path()) / f"{name}.yaml")

    def cast(self) -> list[Part]:
        """Who works in the simulated centre."""
        one = {Role.MANAGER: "manager", Role.SUPERVISOR: "supervisor", Role.FINANCE: "finance", Role.CARE: "care"}
        parts = [Part(login, login, (role,), CENTRE[0]) for role, login in one.items()]
        for role, number, staff in (
            (Role.AGENT, self.agents, 6001),
            (Role.VERIFIER, -(-self.agents // AGENTS_PER_VERIFIER), 7001),
            (Role.REVIEWER, -(-self.agents // AGENTS_PER_REVIEWER), 8001),
        ):
            parts += [
                Part(f"{role}{place + 1}", f"{role} {place + 1}", (role,), CENTRE[0], str(staff + place))
                for place in range(number)
            ]
        carrier = ((Role.CARRIER, "carrier"), (Role.BUSINESS_SUPPORT, "support"))
        return parts + [Part(login, login, (role,), None) for role, login in carrier]


def ready_made() -> str:
    """The definition that is simulated where none is given."""
    return files("outbound.campaigns").joinpath("examples", "family-number-trial.yaml").read_text("utf-8")
