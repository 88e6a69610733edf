"""The findings of one window, by name and family."""

from collections.abc import Sequence

from pipeline.diagnosis.finding import Cause, Family, Finding, Name

_OPEN: frozenset[Cause] = frozenset({"data_fault", "label_fault", "unsure"})  # ruled so, a change is not called real


class Seen:
    """The findings, in whatever order they were found."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.all = tuple(findings)

    def notable(self, *names: Name) -> tuple[Finding, ...]:
        """The notable ones of these names, the most telling first."""
        found = [finding for finding in self.all if finding.notable and finding.name in names]
        return tuple(sorted(found, key=_weight, reverse=True))

    def family(self, family: Family) -> tuple[Finding, ...]:
        """The notable ones of a family, the most telling first."""
        found = [finding for finding in self.all if finding.notable and finding.family == family]
        return tuple(sorted(found, key=_weight, reverse=True))

    @property
    def wrong_outcomes(self) -> tuple[Finding, ...]:
        """Notable checks that call the outcomes wrong, the most telling first; without redefinitions that a person called real."""
        rulings = [one for one in self.all if one.name == "ruled_before"]
        settled = {one.column for one in rulings if not _OPEN.intersection(one.argues_for)}
        return tuple(one for one in self.family("labels") if one.name != "labels_redefined" or one.column not in settled)

    def measured(self, name: Name) -> Finding | None:
        """The strongest one of this name, notable or not."""
        return max((finding for finding in self.all if finding.name == name), key=_weight, default=None)

    def ranked(self, cause: Cause) -> tuple[Finding, ...]:
        """All of them. What speaks for the cause comes first, then what else is notable, then what was looked for in vain; each by its weight."""
        return tuple(sorted(self.all, key=lambda one: (not one.notable, cause not in one.argues_for, *(-part for part in _weight(one)))))


def _weight(finding: Finding) -> tuple[float, float]:
    return abs(finding.z) if finding.z is not None else finding.share * 100, finding.share
