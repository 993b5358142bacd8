"""All tables of the house, so that the database can be made and compared whole."""

from importlib import import_module

ROOMS = (
    "outbound.people",
    "outbound.sign_ins",
    "outbound.journal",
    "outbound.anchors.model",
    "outbound.calling_rules.calendar",
    "outbound.calling_rules.own_rules",
    "scripts.model",
    "outbound.phones.model",
    "outbound.phones.zones",
    "outbound.opt_outs.model",
    "outbound.opt_outs.lists.model",
    "outbound.call_lists.model",
    "outbound.resealing",
    "outbound.campaigns.model",
    "outbound.campaigns.stops",
    "outbound.dialing.model",
    "outbound.calls.model",
    "outbound.calls.broken",
    "outbound.calls.speaking",
    "outbound.attendance",
    "outbound.briefings",
    "outbound.recordings.model",
    "outbound.recordings.rules",
    "outbound.recordings.recorders",
    "outbound.recordings.holds",
    "outbound.recordings.deleting",
    "outbound.recordings.reconciling",
    "outbound.subscriptions.model",
    "outbound.confirmations.model",
    "outbound.billing.model",
    "outbound.billing.guards",
    "outbound.notices.model",
    "qa.sampling.model",
    "qa.review.model",
    "qa.patrol",
    "qa.calibration.model",
    "qa.disputes.model",
    "outbound.complaints",
    "outbound.support",
    "outbound.timetable.ledger",
)


def import_rooms() -> None:
    """Import every room that has tables, so that the metadata knows them."""
    for room in ROOMS:
        import_module(room)
