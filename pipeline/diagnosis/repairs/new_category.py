"""Whether a category that nobody knew may be something new that customers took, and no new name of an old one."""

from pipeline.diagnosis.data_faults.renamed_categories import spelling
from pipeline.diagnosis.data_faults.witnesses import Mask, Witnesses
from pipeline.diagnosis.repairs.repair import Renamed

_GOES_ON = 0.1  # of its share, from which an old category is still in use
_VOCABULARY = 2 / 3  # of the reference's rows, from which new names are another way of writing, not one thing that is new


def may_be_new(seen: Witnesses, repair: Renamed) -> bool:
    """A feed that renames a category does so in every row of some source or time, or renames the others too. A new product takes customers from
    an old one that goes on beside it; such customers fit the old name as well as a renamed one's would, so no other column tells the two apart."""
    unlike = {new: old for new, old in repair.old.items() if spelling(new) != spelling(old)}
    if not unlike or len(unlike) < len(repair.old):
        return False
    was = seen.before[repair.column].value_counts(normalize=True)
    if len(unlike) > 1 and sum(was[old] for old in unlike.values()) >= _VOCABULARY:
        return False
    return all(_goes_on(seen, repair.column, new, old) for new, old in unlike.items())


def _goes_on(seen: Witnesses, column: str, new: str, old: str) -> bool:
    """Whether the old category is still in use where and since the new one is."""
    concerned = (seen.after[column] == new).to_numpy()
    before, after = _beside(seen, column, concerned)
    had = float((seen.before.loc[before, column] == old).mean())
    return float((seen.after.loc[after, column] == old).mean()) > _GOES_ON * had


def _beside(seen: Witnesses, column: str, concerned: Mask) -> tuple[Mask, Mask]:
    """The rows of reference and window among which the `concerned` ones are: those of the same part, from the first of them on."""
    part = seen.part_of(concerned)
    if part is None or (part.segment is not None and part.segment[0] == column):
        before, after = seen.before[column].notna().to_numpy(), seen.after[column].notna().to_numpy()
    else:
        before, after = part.before, part.after
    if seen.times is not None:
        after = after & (seen.times >= seen.times[concerned].min()).to_numpy()
    return before, after
