"""What the average customer of a model's training data is worth, for whoever values whole windows."""

from pipeline.measures.customer_terms import typical
from pipeline.models.artifact import Artifact
from pipeline.workspace.value_settings import CustomerValueSettings, ValueSettings


def typical_value(value: CustomerValueSettings, champion: Artifact) -> ValueSettings:
    """One set of terms for all; reads the training rows only where customers differ in value. Errors as `typical`."""
    return value.same_for_all() if value.alike else typical(value, champion.reference())
