"""The contact in hand: taken, dialled, held on to, put back."""

from flask import g

from outbound import journal, prompter
from outbound.calls import lookups, placing
from outbound.dialing import handout
from outbound.dialing.model import Claim
from outbound.errors import Language, NotAllowed, NotFound
from outbound.phones.model import Phone
from scripts.rendering import Rendered
from web.api import describing, shapes
from web.api.blueprint import bp, vault
from web.guard import allows, mine
from web.language import chosen_language


@bp.get("/desk")
@allows("make_calls")
@bp.input(shapes.DeskChosen, location="query")
@bp.output(shapes.DeskShown)
def show_desk(query_data: shapes.DeskChosen) -> shapes.DeskShown:
    """The contact in hand, today's figures, calls left open."""
    return describing.desk(
        g.session, query_data.desk, now=g.now, claim=handout.held_by(g.session, g.staff), asked=False
    )


@bp.post("/claims")
@allows("make_calls")
@bp.input(shapes.DeskChosen)
@bp.output(shapes.DeskShown)
def take(json_data: shapes.DeskChosen) -> shapes.DeskShown:
    """Take the next contact; where nobody is due, `nobody` says why and until when."""
    return take_next(json_data.desk)


def take_next(desk: shapes.DeskName) -> shapes.DeskShown:
    """Hand out the next contact of a desk. Raises NotAllowed where one does not work there."""
    roles = describing.roles_at(desk)
    if not roles:
        raise NotAllowed
    claim = handout.claim_next(g.session, g.staff, roles=roles, now=g.now)
    return describing.desk(g.session, desk, now=g.now, claim=claim, asked=True)


def my_claim(claim_id: int) -> Claim:
    """A claim of who asks; raises NotFound for anybody else's."""
    claim = mine(g.session, Claim, claim_id)
    if claim.agent_id != g.staff.id:
        raise NotFound
    return claim


@bp.post("/claims/<int:claim_id>/dial")
@allows("make_calls")
@bp.output(shapes.Dialled)
def dial(claim_id: int) -> shapes.Dialled:
    """Begin the call and show the number, once: asked again, the same call is told."""
    claim = my_claim(claim_id)
    if lookups.open_call_of(g.session, claim) is None:
        # An unreadable script, or number, refuses here and not in the middle of the call.
        prompter.script_for(g.session, vault(), claim, g.staff, _language(claim), g.now)
        token = handout.issue_token(g.session, claim, by=g.staff, now=g.now)
        call = placing.begin(g.session, token, by=g.staff, now=g.now)
        phone = g.session.get_one(Phone, claim.phone_id)
        journal.record(
            g.session, "phone.revealed", phone, by=g.staff, now=g.now, centre_id=claim.centre_id, call=call.id
        )
    return shapes.Dialled(claim=describing.claim_shown(g.session, claim, now=g.now))


@bp.post("/claims/<int:claim_id>/renew")
@allows("make_calls")
@bp.output(shapes.Renewed)
def renew(claim_id: int) -> shapes.Renewed:
    """Hold the contact for another lease."""
    claim = my_claim(claim_id)
    handout.renew(g.session, claim, by=g.staff, now=g.now)
    return shapes.Renewed(lease_until=claim.lease_until)


@bp.post("/claims/<int:claim_id>/put-back")
@allows("make_calls")
@bp.output(shapes.Put)
def put_back(claim_id: int) -> shapes.Put:
    """Give back a contact that was not rung."""
    handout.put_back(g.session, my_claim(claim_id), by=g.staff, now=g.now)
    return shapes.Put(put_back=True)


@bp.get("/claims/<int:claim_id>/script")
@allows("make_calls")
@bp.input(shapes.ScriptAsked, location="query")
@bp.output(Rendered)
def show_script(claim_id: int, query_data: shapes.ScriptAsked) -> Rendered:
    """What is read to this customer, with every fact filled in."""
    claim = my_claim(claim_id)
    language = query_data.language or _language(claim)
    return prompter.script_for(g.session, vault(), claim, g.staff, language, g.now)


def _language(claim: Claim) -> Language:
    return prompter.language_for(g.session, claim, chosen_language())
