"""Who may deploy, and for how long a report can be approved: `[approval]`."""

from typing import Literal

from pydantic import Field, model_validator

from pipeline.workspace.section import Section


class ApprovalSettings(Section):
    """Who may deploy, and for how long a report can be approved. A change counts once a person accepted it: `churnops reports trust`."""

    mode: Literal["local", "signed"] = Field(
        "local", description="local: typed at a terminal; signed: with an SSH key of an allowed signer"
    )
    signers: str = Field("allowed_signers", description="Signed mode: who may sign, a file as git uses it, from this file's folder")
    pinned: bool = Field(
        False,
        description="Signed mode: refuse a file of signers that this user could change and that is not as committed; docs/approval.md",
    )
    anchor: str = Field("", description="File outside the workspace that keeps heads of the ledger, checked at every load; empty: none")
    require_second_person: bool = Field(False, description="Refuse the approval of whoever started the case")
    expires_hours: float = Field(72.0, gt=0, le=24 * 366, description="After its report, a challenger can be approved for this long")

    @model_validator(mode="after")
    def _pinned_signers_sign(self) -> "ApprovalSettings":
        if self.pinned and self.mode == "local":
            raise ValueError('`pinned` is of the file of signers, and needs `mode = "signed"`')
        return self
