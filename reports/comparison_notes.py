"""What a comparison of two models says beyond its table, a sentence each: money, what was forgotten, what the rows could have shown."""

from collections.abc import Iterator

from pipeline.measures.measure import Measure, Profit
from pipeline.measures.power import smallest_visible
from pipeline.record.cases import TrainingResult


def profit_label(profit: Profit) -> str:
    """What the amounts are."""
    return f"profit per 1,000 customers{f', {profit.currency}' if profit.currency else ''}"


def profit_figure(found: Measure | None) -> str:
    """An amount with its interval.

    >>> profit_figure(Measure(value=1234.5, n=900, low=-99.6, high=2000.0))
    '1,234 (-100 to 2,000)'
    """
    if found is None:
        return "–"
    interval = "" if found.low is None or found.high is None else f" ({found.low:,.0f} to {found.high:,.0f})"
    return f"{found.value:,.0f}{interval}"


def rate_figure(found: Measure | None) -> str:
    """A share in percent with its interval.

    >>> rate_figure(Measure(value=0.25, n=400, low=0.21, high=0.29)), rate_figure(None)
    ('25 (21 to 29)', '–')
    """
    return "–" if found is None else f"{100 * found.value:.0f} ({100 * (found.low or 0.0):.0f} to {100 * (found.high or 0.0):.0f})"


def notes(result: TrainingResult, confidence: float) -> Iterator[str]:
    """The sentences, plain text; `confidence` is that of the comparison's interval."""
    ranks, reference = result.comparison, result.on_reference
    if ranks is not None and ranks.high > ranks.low:
        yield (
            f"With these {ranks.n:,} rows the smallest ROC-AUC difference we could see, four times of five, is {smallest_visible(ranks, confidence):.3f}."
        )
    if reference is not None:
        forgot = reference.high < 0
        yield (
            f"{'Warning, it forgot: on' if forgot else 'On'} the {reference.n:,} customers of the reference's test set its ROC-AUC differs from the "
            f"champion's by {reference.difference:+.3f} ({reference.low:+.3f} to {reference.high:+.3f})"
            f"{'; after a real change they are the past, else it lost what still holds' if forgot else ''}."
        )
