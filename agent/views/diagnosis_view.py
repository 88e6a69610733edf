"""A diagnosis on the terminal: what happened, how sure, what to do; then the evidence, and what is not visible here."""

from collections import Counter
from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from agent.views.dates_view import dates_view
from agent.views.theme import DETAIL, LOOK, NAME, colour_of
from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.diagnosis.expected_performance import ExpectedPerformance
from pipeline.diagnosis.finding import Finding
from pipeline.shown_text import plain
from pipeline.windows.stretch import TwoWindows
from pipeline.words import ACTIONS, CAUSES, rows_of_customers
from reports.decision_summary import cause_words

_BAR = 6  # standard errors that fill a bar
_SURE = 10  # cells of a certain cause


def diagnosis_view(found: Diagnosis, rows: int, labelled: int, customers: int | None, windows: TwoWindows | None) -> Group:
    """What a person reads of a diagnosis. `windows` is None where an earlier version made it."""
    colour = LOOK if found.provisional else colour_of(found.cause)
    where = f" in {plain(found.column)}" if found.column else ""
    mode = f" ({found.mode})" if found.mode and found.action == "retrain" else ""
    head = Text.assemble((f"{cause_words(found)}{where}", f"bold {colour}"), f"  confidence {found.confidence:.0%}")
    parts: list[RenderableType] = [
        head,
        *_rows_view(found, rows, labelled, customers, windows),
        Text(found.said),
        Text.assemble("So: ", (f"{ACTIONS[found.action].asks}{mode}", "bold"), "."),
    ]
    if found.owners:
        parts.append(Text.assemble("Call: ", (", ".join(plain(owner, 200) for owner in found.owners), "bold"), "."))
    if found.expected is not None:
        parts += [Text("\nExpected without outcomes", style="bold"), *_expected(found.expected)]
    notable = [finding for finding in found.findings if finding.notable]
    if notable:
        parts += [Text("\nEvidence", style="bold"), _table(notable)]
    quiet = [finding for finding in found.findings if not finding.notable]
    if quiet:
        parts += [Text("\nLooked for, and not found", style="bold"), *_quiet(quiet)]
    if found.blind_spots:
        parts.append(Text("\nBlind spots", style="bold"))
        parts += [Padding(Text(spot, style=LOOK), (0, 0, 0, 2)) for spot in found.blind_spots]
    if found.hypotheses:
        parts += [Text("\nWhat it may be", style="bold"), *_hypotheses(found)]
    elif found.runner_up is not None:
        parts.append(Text(f"\nIf it is not that: {CAUSES[found.runner_up.cause].headline.lower()}. {found.runner_up.tell_apart}"))
    return Group(*parts)


def _hypotheses(found: Diagnosis) -> Iterator[RenderableType]:
    """Each cause with its probability, what speaks for and against it, and what would settle it."""
    for one in found.hypotheses:
        filled = max(1, round(_SURE * one.probability))
        yield Text.assemble(
            "  ", ("█" * filled + "░" * (_SURE - filled), NAME), f" {one.probability:4.0%}  ", (CAUSES[one.cause].headline, "bold")
        )
        yield from (Padding(Text(f"+ {said}", style=DETAIL), (0, 0, 0, 4)) for said in one.speaks_for)
        yield from (Padding(Text(f"- {said}", style=DETAIL), (0, 0, 0, 4)) for said in one.speaks_against)
        yield Padding(Text(f"Settled by: {one.settle[0].lower()}{one.settle[1:]}", style=DETAIL), (0, 0, 0, 4))


def _expected(expected: ExpectedPerformance) -> list[RenderableType]:
    """What the champion is expected to reach, and how far to trust that."""
    table = Table(box=None, pad_edge=True, show_header=False)
    for measure, value, interval in expected.told:
        table.add_row(measure, value, Text(f"{expected.level:.0%} interval {interval}", style=DETAIL))
    said = Padding(Text(expected.said, style=DETAIL), (0, 0, 0, 2))
    return [table, said] if expected.told else [said]


def _rows_view(found: Diagnosis, rows: int, labelled: int, customers: int | None, windows: TwoWindows | None) -> Iterator[Text]:
    """How much there is to go by. Where outcomes are of older rows, too, the dates alone say it."""
    scored = f"scored: {found.population.said}" if found.population else ""
    said = f"{rows_of_customers(rows, customers)} in the window, {labelled:,} with a known outcome"
    apart = windows is not None and windows.reach_back
    told = scored.capitalize() if apart else "; ".join(filter(None, (said, scored)))
    if told:
        yield Text(told, style=DETAIL)
    yield from dates_view(windows)


def _quiet(findings: list[Finding]) -> list[RenderableType]:
    """One sentence for each kind of evidence, the rest of its columns counted."""
    first = {finding.name: finding for finding in reversed(findings)}
    counts = Counter(finding.name for finding in findings)
    more = {name: f" ({count - 1} more like it)" if count > 1 else "" for name, count in counts.items()}
    return [Padding(Text(f"{first[name].said}{more[name]}", style=DETAIL), (0, 0, 0, 2)) for name in counts]


def _table(findings: list[Finding]) -> Table:
    table = Table(box=None, pad_edge=True, show_header=False)
    table.add_column(no_wrap=True, style=NAME)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        filled = _BAR if finding.z is None else max(1, min(_BAR, round(abs(finding.z) / 2)))
        table.add_row(finding.name.replace("_", " "), "█" * filled + "░" * (_BAR - filled), escape(finding.said))
    return table
