"""The section [fairness]: by which columns a model's treatment of groups of customers is told, and how far two groups may differ."""

from pydantic import Field

from pipeline.workspace.section import Section


class FairnessSettings(Section):
    """Groups of customers whose treatment is looked at whenever a model is judged."""

    columns: tuple[str, ...] = Field(
        (), max_length=8, description='Categorical features that make the groups, like ["gender"]; empty: none'
    )
    max_gap: float = Field(
        0.2,
        gt=0,
        le=1,
        description="By how much two groups may differ, beyond chance, in the share selected, churners missed or false alarms: a fifth is the "
        'usual alarm ("four-fifths rule")',
    )
    block: bool = Field(False, description="Whether a wider gap fails the gate; else it is a warning")
