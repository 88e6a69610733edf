"""What files and rows of a workspace hold, as types: fields that a newer churnops added are carried along, and said once."""

import warnings

from pydantic import BaseModel, model_validator

from pipeline.errors import NewerRecord


class StoredRecord(BaseModel, frozen=True, extra="allow"):
    """A record that is read again by later, and by earlier, versions than the one that wrote it.

    Unknown fields are kept and not used: a digest over the record, or the record written back, stays what the newer version made of it.
    What comes from people or from outside (settings, requests, arguments), and who may approve, is no such record: an unknown field
    there is refused, because ignoring it could mean the opposite of what was asked.
    """

    @model_validator(mode="after")
    def _say_unknown_fields(self) -> "StoredRecord":
        if self.model_extra:
            warnings.warn(
                f"A newer churnops wrote here: this one does not know `{next(iter(self.model_extra))}` of {type(self).__name__}, and carries "
                "along what it does not know. Upgrade churnops to see all of it.",
                NewerRecord,
                stacklevel=2,
            )
        return self
