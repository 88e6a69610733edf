"""The few ways churnops fails on purpose, each with the next step a person can take."""


class ChurnopsError(Exception):
    """Something a person can fix. `problem` is one sentence; `next_step` says what to do about it."""

    def __init__(self, problem: str, next_step: str = "") -> None:
        super().__init__(f"{problem} {next_step}".strip())
        self.problem = problem
        self.next_step = next_step


class Notice(UserWarning):
    """Something a person should know and that stops nothing; the command line says each once."""


class NewerRecord(Notice):
    """A stored record has fields of a newer version; said once, however many there are."""


class RetiredName(Notice):
    """A rule or a setting is set that no longer exists; it is ignored."""


class WorkspaceError(ChurnopsError):
    """No workspace here, a broken one, or one that cannot be written."""


class SettingsError(ChurnopsError):
    """`churnops.toml` or a `CHURNOPS_...` variable does not say something usable."""


class DataError(ChurnopsError):
    """A table that cannot be read, or does not hold what the workspace's schema asks for."""


class TrainingError(ChurnopsError):
    """Training did not finish: time limit, cancelled, or the child process failed."""


class IntegrityError(ChurnopsError):
    """Bytes, ledger and pointer disagree; nothing is loaded or deployed until a person looks."""


class ListHeld(ChurnopsError):
    """No list of customers is sent: broken data concern its scores, or a person holds lists back. `cases` are the ids of the cases that say so."""

    def __init__(self, problem: str, next_step: str, cases: tuple[str, ...]) -> None:
        super().__init__(problem, next_step)
        self.cases = cases


class OutdatedCase(ChurnopsError):
    """What a case was opened on has changed: it can only be closed, and the work goes on in another case."""


class Refusal(ChurnopsError):
    """A bound of the policy was hit. `rule` is its name in `policy.toml`; `allowed` says what is permitted; `instead` is the action that the
    case can be closed with, where it is one."""

    def __init__(self, problem: str, rule: str, allowed: str, instead: str | None = None) -> None:
        super().__init__(problem, f"Rule `{rule}` in policy.toml: {allowed}")
        self.rule = rule
        self.allowed = allowed
        self.instead = instead


class ExtraMissing(ChurnopsError):
    """What was asked for needs a package that comes with an extra, and it is not installed."""
