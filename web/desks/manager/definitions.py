"""Writing definitions: in the editor or as a form, for a new campaign or a new version; and what was written."""

import re
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

from flask import flash, g, redirect, render_template, request
from sqlmodel import select

from outbound.calling_rules import own_rules
from outbound.calling_rules.own_profiles import own_profile
from outbound.calling_rules.profiles import PROFILES
from outbound.campaigns import lookups, verbs
from outbound.campaigns.definition import CampaignKind, Definition, read_definition, schema
from outbound.campaigns.model import Campaign, CampaignVersion
from outbound.clock import local_day
from outbound.documents import DocumentFaulty
from outbound.people import Staff, holders, known
from scripts.language import Kind, library, read_script
from scripts.model import PitchScript
from web.desks.editing import editor_text, sent_text, text_faults, told_by_line
from web.desks.manager.definition_fields import LABELS, stored_fields
from web.desks.manager.definition_form import refuse_fields, written_yaml
from web.desks.manager.desk import bp
from web.forms import Form, FormFaulty, filled_form
from web.guard import allows, mine
from web.language import _, chosen_language

EXAMPLES = ("family-number-trial", "contract-renewal-retention")
UNDER_WAY = timedelta(days=90)
"""How long a campaign that begins with an example goes on."""


def example(name: str, today: date) -> str:
    """The text of a ready-made definition that begins today; empty for a name that is none."""
    if name not in EXAMPLES:
        return ""
    text = files("outbound.campaigns").joinpath("examples", f"{name}.yaml").read_text(encoding="utf-8")
    days = {"starts": today, "ends": today + UNDER_WAY}
    return re.sub(r"^(starts|ends): .*$", lambda line: f"{line[1]}: {days[line[1]]}", text, flags=re.MULTILINE)


def _asked_example(otherwise: str) -> str:
    return example(request.args.get("start", otherwise), local_day(g.now, g.centre.zone))


@bp.get("/campaigns/new")
@allows("manage_campaigns")
def new_definition() -> str:
    """The editor for a new campaign."""
    text = editor_text(_asked_example(EXAMPLES[0]))
    return render_template("manager/definition_editor.html", campaign=None, text=text, faults=text_faults())


@bp.post("/campaigns/new")
@allows("manage_campaigns", again=new_definition)
def create_campaign() -> Any:
    """Make a campaign from its definition."""
    with told_by_line():
        campaign = verbs.create(g.session, g.centre, sent_text(), by=g.staff, now=g.now)
    flash(_("“%(name)s” is made as a draft; what it still lacks stands below.", name=campaign.name))
    return redirect(f"/manager/campaigns/{campaign.id}")


@bp.post("/campaigns/check")
@allows("manage_campaigns", writes=False)
def check_definition() -> str:
    """Every fault of a definition at its line, as a piece of the editor's page."""
    try:
        verbs.check(g.session, g.centre, sent_text())
    except DocumentFaulty as faulty:
        return render_template("manager/faults.html", faults=faulty.list)
    return render_template("manager/faults.html", faults=[], sound=_("No faults: it can be saved."))


@bp.post("/campaigns/live")
@allows("manage_campaigns", writes=False)
def check_while_typing() -> dict[str, str]:
    """The faults of what stands in the editor."""
    return {"told": check_definition.view()}


@bp.get("/campaigns/<int:campaign_id>/definition")
@allows("manage_campaigns")
def edit_definition(campaign_id: int) -> str:
    """The editor for a new version of a campaign's definition."""
    campaign = mine(g.session, Campaign, campaign_id)
    text = editor_text(lookups.in_force(g.session, campaign).source)
    return render_template("manager/definition_editor.html", campaign=campaign, text=text, faults=text_faults())


@bp.post("/campaigns/<int:campaign_id>/definition")
@allows("manage_campaigns", again=edit_definition)
def amend_definition(campaign_id: int) -> Any:
    """Put another definition in force."""
    campaign = mine(g.session, Campaign, campaign_id)
    with told_by_line():
        version = verbs.amend(g.session, campaign, sent_text(), by=g.staff, now=g.now)
    return _amended(campaign, version)


def _amended(campaign: Campaign, version: CampaignVersion | None) -> Any:
    if version:
        flash(_("Version %(number)d of the definition is in force.", number=version.number))
    else:
        flash(_("The definition is as it was; nothing is changed."), "info")
    return redirect(f"/manager/campaigns/{campaign.id}")


@bp.get("/campaigns/new/form")
@allows("manage_campaigns")
def new_form() -> str:
    """The form for a new campaign: empty, or with what an example holds."""
    text = _asked_example("")
    return _form(None, read_definition(text) if text else None)


@bp.get("/campaigns/<int:campaign_id>/form")
@allows("manage_campaigns")
def edit_form(campaign_id: int) -> str:
    """A campaign's definition as a form."""
    campaign = mine(g.session, Campaign, campaign_id)
    return _form(campaign, lookups.definition_of(g.session, campaign))


def _form(campaign: Campaign | None, definition: Definition | None) -> str:
    language = chosen_language()
    return render_template(
        "manager/definition_form.html",
        campaign=campaign,
        stored=stored_fields(definition),
        labels=LABELS,
        kinds=[(kind.value, kind.words(language)) for kind in CampaignKind],
        scripts=_scripts_by_use(),
        workers=_workers(),
        own_rules=_own_rules(definition),
    )


def _scripts_by_use() -> dict[str, list[tuple[str, str]]]:
    """Names of scripts that may be chosen for each use: the centre's own, then those of the library."""
    own = g.session.exec(select(PitchScript).where(PitchScript.centre_id == g.centre.id).order_by(PitchScript.name))
    kinds: dict[str, str] = {script.name: script.kind for script in own}
    labels = {name: name for name in kinds}
    for name, text in library().items():
        if name not in kinds:
            kinds[name], labels[name] = read_script(text).kind, _("%(name)s (library)", name=name)
    uses: dict[str, list[tuple[str, str]]] = {"confirmation": [], "correction": [], "pitch": []}
    for name, kind in kinds.items():
        use = kind if kind in (Kind.CONFIRMATION, Kind.CORRECTION) else "pitch"
        uses[use].append((name, labels[name]))
    return uses


def _own_rules(definition: Definition | None) -> list[tuple[str, str]]:
    """Names and labels of the centre's own calling rules that may be chosen, and of those that the campaign has."""
    kept = own_rules.kept_at(g.session, g.centre.id)
    names = {*own_rules.names_at(g.session, g.centre.id), definition.calling.profile if definition else ""}
    language = chosen_language()
    labels = {name: getattr(own_profile(version.text).label, language) for name, version in kept.items()}
    return [(name, f"{label} ({name})") for name, label in labels.items() if name in names]


def _workers() -> list[Staff]:
    found = {known(each.id): each for role in lookups.WORKING for each in holders(g.session, role, g.centre.id)}
    return sorted(found.values(), key=lambda each: each.login)


def _from_form(form: Form, campaign: Campaign | None = None) -> str:
    """The YAML of the form that was sent; faults of the document are noted at their fields."""
    text = written_yaml(form, over=_changed_by_form(campaign))
    try:
        read_definition(text)
    except DocumentFaulty as faulty:
        refuse_fields(form, faulty.list)
    return text


def _changed_by_form(campaign: Campaign | None) -> str:
    """The definition that a form changes; that of the campaign whose number was sent, where none is given."""
    asked = request.form.get("campaign", "")
    if campaign is None and asked.isdecimal():
        campaign = mine(g.session, Campaign, int(asked))
    return lookups.in_force(g.session, campaign).source if campaign else ""


@bp.post("/campaigns/new/form")
@allows("manage_campaigns", again=new_form)
def create_from_form() -> Any:
    """Make a campaign from the form."""
    with filled_form() as form:
        text = _from_form(form)
    campaign = _kept(lambda: verbs.create(g.session, g.centre, text, by=g.staff, now=g.now))
    flash(_("“%(name)s” is made as a draft; what it still lacks stands below.", name=campaign.name))
    return redirect(f"/manager/campaigns/{campaign.id}")


@bp.post("/campaigns/<int:campaign_id>/form")
@allows("manage_campaigns", again=edit_form)
def amend_from_form(campaign_id: int) -> Any:
    """Put the form's definition in force."""
    campaign = mine(g.session, Campaign, campaign_id)
    with filled_form() as form:
        text = _from_form(form, campaign)
    return _amended(campaign, _kept(lambda: verbs.amend(g.session, campaign, text, by=g.staff, now=g.now)))


def _kept(verb: Any) -> Any:
    """What a verb returns; faults that only it can know, such as strangers among the staff, show at their fields."""
    form = Form()
    try:
        return verb()
    except DocumentFaulty as faulty:
        refuse_fields(form, faulty.list)
    except verbs.NameTaken as taken:
        form.refuse("name", taken)
    raise FormFaulty(form.faults)


@bp.post("/campaigns/form/yaml")
@allows("manage_campaigns", writes=False)
def show_form_as_yaml() -> str:
    """The YAML that the form makes, with its faults, as a piece of the form's page."""
    form = Form()
    text = written_yaml(form, over=_changed_by_form(None))
    faults = []
    try:
        read_definition(text)
    except DocumentFaulty as faulty:
        faults = faulty.list
    return render_template("manager/made_yaml.html", text=text, faults=faults)


@bp.post("/campaigns/form/editor")
@allows("manage_campaigns", writes=False)
def continue_in_editor() -> str:
    """The editor with what the form makes."""
    text, asked = written_yaml(Form(), over=_changed_by_form(None)), request.form.get("campaign", "")
    campaign = mine(g.session, Campaign, int(asked)) if asked.isdecimal() else None
    return render_template("manager/definition_editor.html", campaign=campaign, text=text, faults=[])


@bp.get("/campaigns/schema.json")
@allows("see_campaigns")
def show_schema() -> dict[str, Any]:
    """The JSON Schema of definitions, for editors that complete them; it names the centre's own calling rules."""
    whole = schema()
    if g.centre:
        calling = whole["$defs"]["Calling"]["properties"]
        _shipped, any_name = calling["profile"]["anyOf"]
        names = [*PROFILES, *own_rules.names_at(g.session, g.centre.id)]
        calling["profile"] = {**calling["profile"], "anyOf": [{"enum": names}, any_name]}
    return whole
