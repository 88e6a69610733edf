"""What a repair brought back, for those who weigh causes and for people."""

from pipeline.diagnosis.finding import Finding, RepairName
from pipeline.diagnosis.onset import Onset
from pipeline.stored_record import StoredRecord


class TriedRepair(StoredRecord):
    """One repair, tried on the window's rows in memory. `column` is None where rows were left out; `other` is the column it was exchanged
    with. `share`: of the window's rows that it changed, 0-1. `joint_before` and `joint_after`: share of the rows, 0-1, whose value does not
    fit the other columns of the row, as sent and repaired. ROC-AUC: the champion's on labelled rows, None without outcomes. `returned`: the
    relations of the reference are back. `told` is False where no other column could have told. `onset`: since when, None without times."""

    column: str | None
    other: str | None = None
    repair: RepairName
    share: float
    joint_before: float
    joint_after: float
    roc_auc_before: float | None = None
    roc_auc_after: float | None = None
    returned: bool
    told: bool = True
    onset: Onset | None = None
    said: str

    def finding(self, rows: int) -> Finding:
        """The repair as evidence about the cause, measured on `rows` of the window."""
        return Finding(
            family="repairs",
            name="repair_returns" if self.returned else "repair_fails",
            column=self.column,
            strength=self.joint_before - self.joint_after,
            unit="share of the rows that fit again",
            n=rows,
            share=self.share,
            notable=self.told,
            argues_for=("data_fault",) if self.returned else (),
            argues_against=("data_fault",) if self.told and not self.returned else (),
            said=self.said,
        )
