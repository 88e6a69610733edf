"""What a model is told of a diagnosis fits two kilobytes whatever was found, and says what was left out."""

import pytest

from pipeline.diagnosis.conclusion import conclude
from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.setting import Setting
from pipeline.workspace.policy import load_policy
from prompts import policy_text
from tools.evidence_pack import PACK_BYTES, pack

POLICY = load_policy(policy_text(), {})


def broken(number: int, said: str = "A third of the values is missing.", name: str = "column") -> Finding:
    return Finding(
        family="data", name="more_missing", column=f"{name} {number}", strength=0.3, unit="of rows", n=5000, z=50.0 - number, said=said
    )


@pytest.mark.parametrize("count", [0, 1, 5, 40])
@pytest.mark.parametrize("said", ["Short.", "A very long sentence. " * 100])
def test_it_never_exceeds_its_budget(count: int, said: str) -> None:
    packed = pack(conclude([broken(number, said, "x" * 300) for number in range(count)], Setting(5000, 0, 0), POLICY))
    assert len(packed.model_dump_json()) <= PACK_BYTES
    assert len(packed.findings) + packed.elided == count


def test_sentences_stay_whole() -> None:
    packed = pack(conclude([broken(1, "Half of it is gone. " * 40)], Setting(5000, 0, 0), POLICY))
    assert packed.said.endswith("gone.")
    assert (packed.findings[0].said or "").endswith("gone.")


def test_the_strongest_evidence_stays() -> None:
    packed = pack(conclude([broken(number) for number in reversed(range(40))], Setting(5000, 0, 0), POLICY))
    assert [one.column for one in packed.findings] == [f"column {number}" for number in range(len(packed.findings))]
    assert (packed.cause, packed.action, packed.column) == ("data_fault", "fix_data", "column 0")


def test_what_was_looked_for_in_vain_is_named_once() -> None:
    quiet = broken(1).model_copy(update={"notable": False})
    assert [one.name for one in pack(conclude([quiet, quiet], Setting(5000, 0, 0), POLICY)).ruled_out] == ["more_missing"]


def test_the_nearest_miss_comes_first_with_its_strength_and_threshold() -> None:
    far, near = (
        Finding(family="support", name=name, strength=strength, unit="", n=5000, notable=False, said="")  # type: ignore[arg-type]
        for name, strength in (("unsupported_rows", 0.03), ("score_shift", 0.0951))
    )
    told = pack(conclude([far, near], Setting(5000, 0, 0), POLICY)).ruled_out
    assert [(one.name, one.strength, one.threshold) for one in told] == [("score_shift", 0.095, 0.1), ("unsupported_rows", 0.03, 0.15)]
