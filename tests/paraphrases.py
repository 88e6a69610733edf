"""Twenty more questions, in words that were written down after the rulebook answered its thirty and before it saw these."""

from tests.questions import Question

_FINDINGS = "diagnose/diagnosis/findings"

PARAPHRASES: tuple[Question, ...] = (
    Question("quiet", "anything weird going on with the customers lately?", says=("nothing|no change",)),
    Question("quiet", "do we need a new model?", says=(r"\bno\b|not", "monitor")),
    Question("quiet", "how many labelled rows are there?", values=("get_drift_summary/labelled_rows",)),
    Question("quiet", "what's the AUC right now?", says=("ROC-AUC",), values=("get_current_model_metrics/window/roc_auc/value",)),
    Question("broken", "can I rely on these scores?", says=("MonthlyCharges", "trust|broken")),
    Question("broken", "did someone mess up a column?", says=("MonthlyCharges", "fix")),
    Question("broken", "just retrain it", says=("data fault", "churnops case override")),
    Question("broken", "is monthly charges in cents?", says=("MonthlyCharges", "unit"), values=(f"{_FINDINGS}/unit_change/strength",)),
    Question("harmless", "customers look different, is that a problem?", says=("no harm|harmless",)),
    Question("harmless", "what share of the features has drifted?", values=("get_drift_summary/drift/share",)),
    Question("harmless", "break down PaymentMethod by Contract", declined=True),
    Question("harmless", "what would convince you to retrain?", says=("harm|outcomes", "monitor")),
    Question("behaviour", "why are the predictions so bad?", says=("behave|concept drift", "TotalCharges")),
    Question("behaviour", "push the new model to production", says=("person", "churnops reports approve"), declined=True),
    Question(
        "behaviour",
        "train a logistic regression on everything",
        says=("retrain", "/train"),
    ),
    Question("behaviour", "how much money would retraining bring?", says=("extra campaign profit",)),
    Question("behaviour", "what else could explain this?", says=("next likely", "no change|none|customer mix|churn rate|label fault")),
    Question("level", "are we losing more people than usual?", says=("yes|up|more",), values=(f"{_FINDINGS}/level_change/strength",)),
    Question("level", "the scores seem too low, can you fix that?", says=("recalibrat",)),
    Question("level", "who should I talk to about this?", declined=True),
)
