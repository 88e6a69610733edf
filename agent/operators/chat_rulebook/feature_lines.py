"""One feature from near, as lines that each name the feature and carry their numbers: they fit a narrow terminal, which a table does not."""

from agent.operators.chat_rulebook.wording import named, source
from pipeline.diagnosis.feature_inspection import FeatureView, Slice
from reports.markdown_cells import cell
from tools.results import FeatureResult


def closely(seen: FeatureResult, *, days: bool) -> list[str]:
    """Missing values, and the feature by day, or by value and by the customers it moved most unlike."""
    view, cite = seen.view, source(seen)
    feature = named(view.feature)
    missing = f"Missing in {feature}: {view.missing_window:.2%} now, {view.missing_reference:.2%} before"
    if not view.missing_window and not view.missing_reference:
        missing = "No value is missing"
    lines = [f"{missing}, in {view.sampled} sampled rows of {feature}{cite}."]
    if days and not view.by_day:
        return [*lines, "Days are unavailable: the rows have no time."]
    if days:
        return [*lines, "", f"{_level_of(view)} by day{cite}:", *(_day(view, one) for one in view.by_day)]
    if view.kind == "categorical" and view.bins:
        lines += ["", f"From the reference to the window, by value{cite}:"]
        lines += [f"- {feature} “{cell(one.label)}” from {one.reference:.1%} to {one.window:.1%}" for one in view.bins]
    return [*lines, "", *by_segment(seen)]


def by_segment(seen: FeatureResult) -> list[str]:
    """The feature in the parts of the base; nothing where it was not cut."""
    view = seen.view
    if view.by is None:
        return []
    return [
        f"{_level_of(view)} from the reference to the window, by {named(view.by)}{source(seen)}:",
        *(
            f"- {named(view.feature)} for {named(view.by)} “{cell(one.label)}” from {_level(one.level_reference, view)} to {_level(one.level, view)}"
            for one in view.by_segment
        ),
    ]


def _day(view: FeatureView, one: Slice) -> str:
    # The share stands beside its day: that is how it is told from the whole window's.
    missing = f"{one.missing:.2%} missing, " if one.missing else ""
    return f"- {one.label}: {missing}{named(view.feature)} {_level(one.level, view)}"


def _level_of(view: FeatureView) -> str:
    return "Mean" if view.level == "mean" else f"Share of “{cell(view.level_of or '')}”"


def _level(level: float | None, view: FeatureView) -> str:
    if level is None:
        return "unavailable"
    return f"{level:.1%}" if view.level == "share" else f"mean {level:.4g}"
