"""Files that are checked together are held against each other."""

from pathlib import Path

from outbound.commands.faults import faults_among
from scripts.language import library
from tests.desk import EXAMPLES

DEFINITION, PITCH = Path("campaign.yaml"), Path("pitch.yaml")


def definition() -> str:
    return (EXAMPLES / "family-number-trial.yaml").read_text(encoding="utf-8")


def told(texts: dict[Path, str]) -> list[str]:
    return [fault.sentence("en") for faults in faults_among(texts).values() for fault in faults]


def test_a_definition_and_its_scripts_agree() -> None:
    assert told({DEFINITION: definition(), PITCH: library()["family-number-pitch"]}) == []


def test_a_script_of_another_kind_is_told_at_its_line() -> None:
    text = definition().replace("pitch: family-number-pitch", "pitch: family-number-confirmation")
    [said] = told({DEFINITION: text, PITCH: library()["family-number-confirmation"]})
    line = next(number for number, row in enumerate(text.splitlines(), 1) if "pitch:" in row)
    assert said.startswith(f"Line {line}, column 3: The script “family-number-confirmation” is of kind confirmation;")


def test_a_script_for_a_trial_does_not_fit_an_offer_without_one() -> None:
    text = definition().replace("trial_days: 30", "trial_days: 0")
    assert text != definition()
    [said] = told({DEFINITION: text, PITCH: library()["family-number-pitch"]})
    assert "The offer has no trial" in said


def test_a_selling_script_needs_an_offer() -> None:
    care = "name: 回访\nkind: after_sale_care\nstarts: 2026-11-02\nends: 2027-01-31\n"
    said = told(
        {DEFINITION: f"{care}scripts: {{pitch: family-number-pitch}}\n", PITCH: library()["family-number-pitch"]}
    )
    assert any("asks for consent, and there is no offer" in each for each in said)


def test_without_the_script_beside_it_a_definition_is_checked_by_itself() -> None:
    text = definition().replace("pitch: family-number-pitch", "pitch: family-number-confirmation")
    assert told({DEFINITION: text}) == []
