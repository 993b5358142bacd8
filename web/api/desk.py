"""The contact in hand: taken, dialled, held on to, put back.

Only what must be written is written in a transaction; who it is and what is read to them is put together outside it.
"""

from collections.abc import Collection

from flask import Response, g
from sqlmodel import Session

from outbound import attendance, journal, prompter
from outbound.attendance import Stance
from outbound.calls import lookups, placing
from outbound.dialing import handout
from outbound.dialing.model import Claim
from outbound.dialing.queue import queue_of
from outbound.dialing.statements import Book, Statement
from outbound.errors import NotAllowed, NotFound
from outbound.people import Role, known
from outbound.phones.model import Phone
from outbound.prompter import InHand
from scripts.rendering import Rendered
from web.api import describing, requests, shapes, shifting
from web.api.blueprint import bp, told, vault
from web.guard import allows, engine, look_anew, mine, writing
from web.turnstile import outside


@bp.get("/desk")
@allows("make_calls")
@bp.input(requests.DeskChosen, location="query")
@bp.output(shapes.DeskShown)
def show_desk(query_data: requests.DeskChosen) -> Response:
    """The contact in hand, today's figures, calls left open, what to read first, what one is doing, and help."""
    return told(shown_desk(query_data.desk))


def shown_desk(desk: requests.DeskName) -> shapes.DeskShown:
    """The desk as it stands, with everything that only a first look needs."""
    held = handout.held_by(g.session, g.staff)
    shown = describing.desk(g.session, desk, now=g.now, claim=held.id if held else None, asked=False)
    first = {
        "briefings": shifting.briefings_shown(g.session, describing.roles_at(desk), now=g.now),
        "standing": shifting.standing_shown(g.session, g.staff, now=g.now),
        "help": shifting.help_shown(g.session, g.staff, now=g.now),
        "reasons": shifting.reasons(),
    }
    return shown.model_copy(update=first)


@bp.post("/claims")
@allows("make_calls", writes=False)
@bp.input(requests.NextAsked)
@bp.output(shapes.DeskShown)
def take(json_data: requests.NextAsked) -> Response:
    """Take the next contact; where nobody is due, `nobody` says why and until when."""
    return told(take_next(json_data.desk, instead_of=json_data.instead_of))


def take_next(desk: requests.DeskName, *, instead_of: int | None = None) -> shapes.DeskShown:
    """Hand out the next contact of a desk. Raises NotAllowed where one does not work there."""
    roles = refuse_strangers(desk)
    claim = _handed_out(roles, instead_of)
    if attendance.stands(g.session, g.staff) in (Stance.AWAY, Stance.BREAK):
        with writing() as session:
            attendance.enter(session, g.staff, Stance.READY, now=g.now)
    return describing.desk(g.session, desk, now=g.now, claim=claim, asked=True)


def refuse_strangers(desk: requests.DeskName) -> list[Role]:
    """The roles in which who asks works at a desk; raises NotAllowed where there is none."""
    if not (roles := describing.roles_at(desk)):
        raise NotAllowed
    return roles


def _handed_out(roles: Collection[Role], instead_of: int | None) -> int | None:
    if instead_of is not None:
        _refuse_to_put_back(instead_of)
    look_anew()
    with outside():
        return queue_of(engine()).claim(known(g.staff.id), roles, now=g.now, puts_back=instead_of)


_MINE_AND_RINGING = Statement(
    """SELECT EXISTS (SELECT 1 FROM call c WHERE c.claim_id = h.id AND c.wrapped_up_at IS NULL)
    FROM claim h WHERE h.id = :claim AND h.agent_id = :agent"""
)


def _refuse_to_put_back(claim_id: int) -> None:
    """Raise NotFound for somebody else's claim, CallUnderWay where the customer has been dialled."""
    found = Book.of(g.session).ask(_MINE_AND_RINGING, claim=claim_id, agent=g.staff.id)
    if not found:
        raise NotFound
    if found[0][0]:
        raise handout.CallUnderWay


def my_claim(claim_id: int) -> Claim:
    """A claim of who asks; raises NotFound for anybody else's."""
    claim = mine(g.session, Claim, claim_id)
    if claim.agent_id != g.staff.id:
        raise NotFound
    return claim


def my_hand(claim_id: int) -> InHand:
    """A claim of who asks with everything about it; raises NotFound for anybody else's."""
    hand = prompter.in_hand(g.session, claim_id)
    if hand.claim.agent_id != g.staff.id or (g.centre and hand.claim.centre_id != g.centre.id):
        raise NotFound
    return hand


@bp.post("/claims/<int:claim_id>/dial")
@allows("make_calls", writes=False)
@bp.output(shapes.Dialled)
def dial(claim_id: int) -> Response:
    """Begin the call and show the number, once: asked again, the same call is told."""
    hand = my_hand(claim_id)
    if hand.call is None:
        # An unreadable script, or number, refuses here and not in the middle of the call.
        script = prompter.script_version(g.session, hand)
        prompter.read_to(g.session, vault(), hand, script, g.staff, describing.spoken(hand), g.now)
        with writing() as session:
            _begin(session, my_claim(claim_id))
        hand = my_hand(claim_id)
    return told(shapes.Dialled(claim=describing.claim_shown(g.session, hand, now=g.now)))


def _begin(session: Session, claim: Claim) -> None:
    if lookups.open_call_of(session, claim):
        return
    token = handout.issue_token(session, claim, by=g.staff, now=g.now)
    call = placing.begin(session, token, by=g.staff, now=g.now)
    phone = session.get_one(Phone, claim.phone_id)
    journal.record(session, "phone.revealed", phone, by=g.staff, now=g.now, centre_id=claim.centre_id, call=call.id)


@bp.post("/claims/<int:claim_id>/renew")
@allows("make_calls")
@bp.output(shapes.Renewed)
def renew(claim_id: int) -> Response:
    """Hold the contact for another lease."""
    claim = my_claim(claim_id)
    handout.renew(g.session, claim, by=g.staff, now=g.now)
    return told(shapes.Renewed(lease_until=claim.lease_until))


@bp.post("/claims/<int:claim_id>/put-back")
@allows("make_calls")
@bp.output(shapes.Put)
def put_back(claim_id: int) -> Response:
    """Give back a contact that was not rung."""
    handout.put_back(g.session, my_claim(claim_id), by=g.staff, now=g.now)
    return told(shapes.Put(put_back=True))


@bp.get("/claims/<int:claim_id>/script")
@allows("make_calls")
@bp.input(requests.ScriptAsked, location="query")
@bp.output(Rendered)
def show_script(claim_id: int, query_data: requests.ScriptAsked) -> Response:
    """What is read to this customer, with every fact filled in."""
    hand = my_hand(claim_id)
    language = query_data.language or describing.spoken(hand)
    script = prompter.script_version(g.session, hand)
    return told(prompter.read_to(g.session, vault(), hand, script, g.staff, language, g.now))
