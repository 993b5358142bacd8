"""How customers answer, in shares: lively for the demo, cold for a simulation."""

from collections.abc import Mapping

from outbound.call_lists.model import Duty

Chances = Mapping[Duty, Mapping[str, int]]
"""How often a call of each duty ends how, in shares; a survey is answered where a pitch would sell."""

LIVELY = {
    "no_answer": 30,
    "refused": 20,
    "sold": 14,
    "busy": 7,
    "switched_off": 6,
    "hung_up": 6,
    "unreachable": 3,
    "callback": 5,
    "do_not_call": 3,
    "not_decision_maker": 3,
    "wrong_number": 2,
    "voicemail": 1,
    "line_suspended": 1,
    "recall": 2,
}
"""Customers of whom a demonstration shows something of everything."""
COLD = {
    "no_answer": 36,
    "refused": 29,
    "sold": 3,
    "busy": 8,
    "switched_off": 6,
    "hung_up": 7,
    "unreachable": 3,
    "callback": 2,
    "do_not_call": 1,
    "not_decision_maker": 2,
    "wrong_number": 1,
    "voicemail": 1,
    "line_suspended": 1,
}
"""Customers as a manager should expect them: of a hundred dials 55 reach nobody and three sell (ours)."""
CHANCES: Chances = {
    Duty.PITCH: LIVELY,
    Duty.CONFIRMATION: {
        "confirmed": 52,
        "no_answer": 22,
        "declined": 9,
        "considering": 8,
        "busy": 5,
        "line_suspended": 4,
    },
    Duty.CORRECTION: {"corrected": 45, "no_answer": 30, "declined": 15, "busy": 10},
    Duty.RECALL: {"sold": 50, "no_answer": 25, "declined": 10, "busy": 15},
}
