"""What is not visible in a window, whoever looks: said beside every diagnosis, so that silence is no all-clear."""

from pipeline.diagnosis.seen import Seen
from pipeline.diagnosis.setting import Setting
from pipeline.shown_text import plain
from pipeline.words import rows_of_customers, set_aside_words
from pipeline.workspace.policy import Policy

_TRAINING_SHARE = 0.2  # of the labelled rows in the training data from which it is worth a word


def blind_spots(seen: Seen, setting: Setting, policy: Policy) -> tuple[str, ...]:
    """Sentences for people, the one that hides most first."""
    found = []
    if not setting.labels_usable(policy):
        found.append(
            f"{setting.labelled} outcomes are known ({setting.churners} churned): whether customers of the same kind behave differently "
            "cannot be seen without them. `churnops outcomes ask` chooses a few whose outcomes would show it."
        )
    elif not setting.trainable(policy):
        found.append(
            f"{setting.labelled} outcomes show large changes only, and {_too_few(setting, policy)}. "
            "`churnops outcomes ask` chooses whose to add."
        )
    if setting.training_rows > _TRAINING_SHARE * setting.labelled:
        found.append(
            f"{setting.training_rows:,} of the {setting.labelled:,} customers with a known outcome equal rows of the reference: where the champion was "
            "trained on them, figures on them flatter it. Look at rows scored since it was deployed (`--since-deploy`)."
        )
    if setting.everyone < policy.drift.min_rows:
        found.append(f"{rows_of_customers(setting.rows, setting.customers)} show only very large changes.")
    if setting.set_aside:
        found.append(set_aside_words(setting.set_aside))
    broken = [
        one for one in seen.all if one.notable and one.family in ("data", "dependency", "moved_alone") and "data_fault" in one.argues_for
    ]
    if broken and setting.labels_usable(policy):
        found.append(
            "Whether customers changed in this same column, too, does not show until it is fixed: outcomes are judged here without it."
        )
    elif broken:
        found.append("Another change behind the fault is not visible here: look again once it is fixed.")
    alone = [finding.column for finding in seen.all if finding.name == "moved_alone" and not finding.n and finding.column]
    if alone:
        names = ", ".join(f"`{plain(name)}`" for name in alone[:5])
        found.append(f"No other column says what {names} should be: a fault there would look like customers who changed.")
    return tuple(found)


def _too_few(setting: Setting, policy: Policy) -> str:
    """Which rule of `training` these outcomes fail."""
    rules = policy.training
    if setting.labelled < rules.min_labelled_rows:
        return f"are too few to train another model: {rules.min_labelled_rows} are needed"
    smaller, what = min((setting.churners, "churned"), (setting.labelled - setting.churners, "stayed"))
    return f"the {smaller} of them who {what} are too few to train another model: {rules.min_labelled_churners} are needed"
