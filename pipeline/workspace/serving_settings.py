"""The section [serving]: how answers about customers are worded, and who may ask."""

from typing import Literal

from pydantic import Field, model_validator

from pipeline.workspace.section import Section


class ServingSettings(Section):
    """How `churnops serve` words its answers, and whom it asks for a key."""

    churned: str = Field("Churned", min_length=1, description="Label of a customer predicted to churn")
    retained: str = Field("Retained", min_length=1, description="Label of any other")
    unknown_fields: Literal["refuse", "ignore"] = Field(
        "refuse", description="What becomes of a field that no model of the workspace takes: the request is refused, or it is passed over"
    )
    api_key_variable: str = Field("", description="Environment variable with the key that the prediction API asks for; empty: no key")
    api_key_file: str = Field("", description="Or a file with such keys, one on each line, from this file's folder")

    @model_validator(mode="after")
    def _one_of_each(self) -> "ServingSettings":
        if self.churned == self.retained:
            raise ValueError("`churned` and `retained` are the same word")
        if self.api_key_variable and self.api_key_file:
            raise ValueError("`api_key_variable` and `api_key_file` both name keys; keep one of them")
        return self
