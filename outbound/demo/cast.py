"""Who works in the demo: two centres with every role, and the carrier's people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from argon2 import PasswordHasher
from sqlmodel import Session

from outbound import people
from outbound.people import Centre, Role, Staff

PASSWORD = "outbound-demo"  # noqa: S105  # of the demo only, printed at its start

ZONE = "Asia/Shanghai"


@dataclass(frozen=True)
class Part:
    """Somebody in the demo."""

    login: str
    name: str
    roles: tuple[Role, ...]
    centre: str | None = "fz"
    number: str = ""


CENTRES = (("fz", "福州外呼中心", "Fuzhou calling centre"), ("xm", "厦门外呼中心", "Xiamen calling centre"))
CAST = (
    Part("manager", "陈静", (Role.MANAGER,)),
    Part("supervisor", "林涛", (Role.SUPERVISOR,)),
    Part("agent1", "王芳", (Role.AGENT,), number="6101"),
    Part("agent2", "李强", (Role.AGENT,), number="6102"),
    Part("agent3", "张敏", (Role.AGENT,), number="6103"),
    Part("agent4", "刘洋", (Role.AGENT,), number="6104"),
    Part("agent5", "黄磊", (Role.AGENT,), number="6105"),
    Part("verifier1", "周艳", (Role.VERIFIER,), number="6201"),
    Part("verifier2", "吴杰", (Role.VERIFIER,), number="6202"),
    Part("reviewer1", "徐丽", (Role.REVIEWER,)),
    Part("reviewer2", "郭超", (Role.REVIEWER,)),
    Part("finance", "何军", (Role.FINANCE,)),
    Part("care", "罗静", (Role.CARE,)),
    Part("xm-manager", "高伟", (Role.MANAGER,), "xm"),
    Part("xm-supervisor", "马超", (Role.SUPERVISOR,), "xm"),
    Part("xm-agent1", "胡霞", (Role.AGENT,), "xm", "7101"),
    Part("xm-agent2", "朱勇", (Role.AGENT,), "xm", "7102"),
    Part("xm-verifier", "林秀英", (Role.VERIFIER,), "xm", "7201"),
    Part("xm-reviewer", "孙娜", (Role.REVIEWER,), "xm"),
    Part("xm-finance", "赵军", (Role.FINANCE,), "xm"),
    Part("xm-care", "杨敏", (Role.CARE,), "xm"),
    Part("carrier", "郑明", (Role.CARRIER,), None),
    Part("support", "沈洁", (Role.BUSINESS_SUPPORT,), None),
)


@dataclass(frozen=True)
class Company:
    """The people of the demo by sign-in name, and the centres by code."""

    centres: dict[str, Centre]
    staff: dict[str, Staff]
    parts: Sequence[Part]

    def holding(self, centre: str, role: Role) -> list[Staff]:
        """Who holds a role in a centre, in the order of the cast."""
        return [self.staff[part.login] for part in self.parts if part.centre == centre and role in part.roles]


def hire(
    session: Session,
    *,
    now: datetime,
    parts: Sequence[Part] = CAST,
    open_: Sequence[tuple[str, str, str]] = CENTRES,
) -> Company:
    """Open the centres and take everybody on."""
    centres = {code: Centre(code=code, name_zh=zh, name_en=en) for code, zh, en in open_}
    session.add_all(centres.values())
    session.flush()
    # A password that is printed on every start is not worth a second of processor time for each who has it.
    quick = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
    staff = {
        part.login: people.add_staff(
            session,
            centre=centres[part.centre] if part.centre else None,
            login=part.login,
            name=part.name,
            number=part.number,
            password=PASSWORD,
            roles=part.roles,
            by=None,
            now=now,
            hashed_by=quick,
        )
        for part in parts
    }
    return Company(centres, staff, parts)
