"""Categories under new names, and categories that are gone."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pandas as pd

from pipeline.diagnosis.data_faults.fault import fault, where
from pipeline.diagnosis.data_faults.witnesses import Witnesses, surprise
from pipeline.diagnosis.finding import Finding
from pipeline.shown_text import plain, quoted
from pipeline.workspace.evidence_policy import DataRules

_GONE = 0.05  # of a category's share that may be left when it counts as replaced
_SAME = 0.25  # of a share, by which a new category may miss the share of the one it replaced
_ERRORS = 3.0  # or by this many standard errors
_SHOWN = 3
_TOKENS = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+|[-+<>=%$€£#*&]")


@dataclass(frozen=True)
class _Counts:
    before: dict[str, int]
    after: dict[str, int]
    rows_before: int
    rows: int

    def risen(self, value: str) -> float:
        return surprise(self.before.get(value, 0), self.rows_before, self.after.get(value, 0), self.rows)

    def fallen(self, value: str) -> float:
        return surprise(self.after.get(value, 0), self.rows, self.before.get(value, 0), self.rows_before)


def find_recoded(seen: Witnesses, name: str, rules: DataRules) -> tuple[Finding, ...]:
    """A categorical column's renamed categories, together, and each category that is gone without one in its place."""
    counts = _Counts(_counted(seen.before[name]), _counted(seen.after[name]), len(seen.before), len(seen.after))
    new = [value for value in counts.after if value not in counts.before]
    new = [value for value in new if counts.after[value] >= rules.renamed_share * counts.rows and counts.risen(value) >= rules.missing_z]
    alike = dict(_spelt_alike(counts, new))
    replaced = _replaced(counts, [value for value in new if value not in alike], set(alike.values()), rules)
    found = [_renamed(seen, name, counts, alike, replaced)] if alike or replaced else []
    named = {*alike.values(), *replaced.values()}
    return (*found, *(_vanished(name, counts, value) for value in _gone(counts, rules) if value not in named))


def spelling(value: str) -> str:
    """A category's name without what changes when somebody types or exports it anew: case, accents, spaces, punctuation."""
    letters = "".join(letter for letter in unicodedata.normalize("NFKD", value) if not unicodedata.combining(letter))
    tokens = _TOKENS.findall(letters.casefold())
    # Between words a dash is a space; before a number or after a grade it means something.
    return "".join(token for place, token in enumerate(tokens) if token != "-" or place in (0, len(tokens) - 1))


def _counted(values: pd.Series) -> dict[str, int]:
    return {str(value): int(count) for value, count in values.value_counts().items()}


def _spelt_alike(counts: _Counts, new: list[str]) -> Iterator[tuple[str, str]]:
    known = {spelling(value): value for value in sorted(counts.before)}
    for value in new:
        spelt = spelling(value)
        if spelt and spelt in known:
            yield value, known[spelt]


def _replaced(counts: _Counts, new: list[str], taken: set[str], rules: DataRules) -> dict[str, str]:
    """Each new category that came with the share of one that went."""
    pairs: dict[str, str] = {}
    for value in new:
        share = counts.after[value] / counts.rows
        apart = {}
        for gone, count in counts.before.items():
            was = count / counts.rows_before
            if gone in taken or counts.after.get(gone, 0) / counts.rows > _GONE * was or counts.fallen(gone) < rules.missing_z:
                continue
            error = (was * (1 - was) * (1 / counts.rows_before + 1 / counts.rows)) ** 0.5
            if abs(share - was) <= max(_SAME * was, _ERRORS * error):
                apart[gone] = abs(share - was)
        if apart:
            pairs[value] = min(apart, key=lambda gone: apart[gone])
            taken.add(pairs[value])
    return pairs


def _gone(counts: _Counts, rules: DataRules) -> list[str]:
    common = [value for value, count in counts.before.items() if count >= rules.vanished_share * counts.rows_before]
    return [value for value in common if not counts.after.get(value) and counts.fallen(value) >= rules.missing_z]


def _renamed(seen: Witnesses, name: str, counts: _Counts, alike: dict[str, str], replaced: dict[str, str]) -> Finding:
    new = [*alike, *replaced]
    concerned = seen.after[name].isin(new).to_numpy()
    share = float(concerned.mean())
    part = seen.part_of(concerned)
    said = [f"{quoted(old)} is now {quoted(value)}" for value, old in list(alike.items())[:_SHOWN]]
    if replaced:
        # Which one stands for which, shares alone cannot tell for sure.
        said.append(f"{_listed(replaced.values())} went, and {_listed(replaced)} came with as many customers")
    told = (
        f"`{plain(name)}` has new names for old categories in {share:.1%} of the rows{where(part)}: {'; '.join(said)}. The champion does not "
        "know them."
    )
    return fault("renamed_category", told, share, counts.rows, z=max(counts.risen(value) for value in new), column=name, part=part)


def _listed(values: Iterable[str]) -> str:
    shown = [quoted(value) for value in values]
    return ", ".join(shown[:_SHOWN]) + (f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else "")


def _vanished(name: str, counts: _Counts, value: str) -> Finding:
    was = counts.before[value] / counts.rows_before
    said = f"{quoted(value)} is gone from `{plain(name)}`: {was:.1%} of the reference's rows have it, none of the window's."
    return fault("vanished_category", said, was, counts.rows, z=counts.fallen(value), column=name, unit="share of the reference's rows")
