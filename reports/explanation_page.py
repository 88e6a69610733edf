"""An explanation as people read it, and its folder: `explanation.json`, `explanation.md` and `explanation.html` with the charts."""

from datetime import datetime
from html import escape
from pathlib import Path

from markdown_it import MarkdownIt
from pydantic import ValidationError

from pipeline.atomic_files import make_folder, write_atomically
from pipeline.explanation.customer import Agreement, CustomerExplanation
from pipeline.explanation.tier_moves import TierMoves
from pipeline.explanation.whole_model import ModelExplanation
from pipeline.shown_text import plain
from pipeline.words import counted
from reports.explanation_charts import beeswarm_svg, dependence_svg, waterfall_svg
from reports.markdown_cells import cell

_DEPENDENCES = 3  # of the strongest features
_MOVES = 8  # features of a table


def file_explanation(found: ModelExplanation, folder: Path, at: datetime) -> Path:
    """Write the explanation into `folder`, in the place of an earlier one; returns its page."""
    charts = [beeswarm_svg(found), *(dependence_svg(one, found.unit) for one in found.features[:_DEPENDENCES])]
    written = model_markdown(found, at)
    make_folder(folder)
    write_atomically(folder / "explanation.json", found.model_dump_json(indent=1).encode())
    write_atomically(folder / "explanation.md", written.encode())
    page = folder / "explanation.html"
    write_atomically(page, _page("What the model goes by", written, charts))
    return page


def filed_explanation(folder: Path) -> ModelExplanation | None:
    """The explanation in `folder`; None where there is none that can be read."""
    try:
        return ModelExplanation.model_validate_json((folder / "explanation.json").read_bytes())
    except (OSError, ValidationError):
        return None


def customer_page(found: CustomerExplanation, customer: str) -> bytes:
    """The page about one customer."""
    return _page("Why this answer", customer_markdown(found, customer), [waterfall_svg(found)])


def model_markdown(found: ModelExplanation, at: datetime) -> str:
    """The explanation of a model: what it is about, the strongest features, agreement, and moves between tiers."""
    lines = [
        "# What the model goes by",
        "",
        f"Version {cell(found.model_version)} ({found.model_digest[:12]}), {cell(found.about)}: {found.rows:,} of {found.of_rows:,} rows, {at:%Y-%m-%d %H:%M} UTC. "
        f"{found.method}, before calibration, in {found.unit}. What a value adds to an answer is no promise of what changing it would do.",
        "",
        *agreements_said(found),
        "",
        f"| feature | mean effect, {found.unit} |",
        "|---|---:|",
        *(f"| {cell(one.feature)} | {one.strength:.4f} |" for one in found.features),
        "",
    ]
    if found.moves is not None:
        lines += ["## Who changed tier, and by which feature", "", cell(moves_said(found.moves)), ""]
        lines += ["| feature | to a higher tier | to a lower tier | by chance |", "|---|---:|---:|---:|"]
        lines += [f"| {cell(one.feature)} | {one.higher} | {one.lower} | {one.by_chance:.0f} |" for one in found.moves.features[:_MOVES]]
        lines += [""]
    return "\n".join(lines)


def agreements_said(found: ModelExplanation) -> tuple[str, ...]:
    """How it agrees with what else is said of the model, a sentence each."""
    return (
        f"Rank correlation with the reasons given at scoring: {_number(found.reasons_agree)} (the median customer).",
        f"Rank correlation with permutation importance: {_number(found.importance_agrees)}.",
    )


def moves_said(moves: TierMoves) -> str:
    """What the moves say, in a sentence or two."""
    strong = [one for one in moves.features if one.moved > max(1.0, 2 * one.by_chance)]
    if not strong:
        return f"Of {moves.rows:,} customers no feature moved more than chance does between two halves of the training data."
    first = strong[0]
    return (
        f"Of {moves.rows:,} customers, {first.higher:,} are in a higher and {first.lower:,} in a lower tier because the effects of {plain(first.feature)} "
        f"shifted since training (by chance about {first.by_chance:.0f}). {counted(len(strong), 'feature')} moved more than twice what chance does."
    )


def customer_markdown(found: CustomerExplanation, customer: str) -> str:
    """The explanation of one customer."""
    lines = [
        "# Why this answer",
        "",
        f"Customer {cell(customer)}: probability {found.probability:.3f}, {found.tier} risk. {found.method}, before calibration, in {found.unit}. "
        "What a value adds to an answer is no promise of what changing it would do.",
        "",
        *map(cell, customer_agreements_said(found)),
        "",
        f"| feature | value | SHAP, {found.unit} | reasons | second opinion |",
        "|---|---|---:|---:|---:|",
        *(
            f"| {cell(one.feature)} | {'missing' if one.value is None else cell(str(one.value))} | {one.effect:+.4f} | {one.reason:+.4f} | {one.second:+.4f} |"
            for one in found.contributions
        ),
        "",
    ]
    return "\n".join(lines)


def customer_agreements_said(found: CustomerExplanation) -> tuple[str, ...]:
    """How the reasons and the second opinion agree with SHAP, a sentence each."""
    return (
        f"Reasons given at scoring: {_agreement(found.reasons_agree)}.",
        f"Second opinion (LIME, which explains {max(found.fit, 0):.0%} of what the model does around this customer): {_agreement(found.second_agrees)}.",
    )


def _agreement(found: Agreement) -> str:
    against = f"; the other way on {', '.join(map(plain, found.opposed))}" if found.opposed else ""
    return f"rank correlation {_number(found.rank_correlation)} with SHAP, {found.shared} of the 3 strongest the same{against}"


def _number(value: float | None) -> str:
    return "cannot be told" if value is None else f"{value:.2f}"


def _page(title: str, written: str, charts: list[str]) -> bytes:
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(written)
    return _PAGE.format(title=escape(title), body=body, charts="".join(f"<figure>{chart}</figure>" for chart in charts)).encode()


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{font:16px/1.5 sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}}table{{border-collapse:collapse}}
td,th{{padding:.25rem .75rem;border-bottom:1px solid #bbb}}figure{{margin:1.5rem 0}}svg{{width:100%;height:auto}}</style></head>
<body>{body}{charts}</body></html>
"""
