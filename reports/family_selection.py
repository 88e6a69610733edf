"""A comparison of families as people read it, and its folder: `selection.json`, `comparison.md` and `comparison.html` with the curves."""

from datetime import datetime
from pathlib import Path

from markdown_it import MarkdownIt

from pipeline.atomic_files import make_folder, write_atomically
from pipeline.families import family_named
from pipeline.measures.customer_terms import Terms
from pipeline.training.family_comparison import Compared, ComparedFamilies, Selection
from reports.family_curves import curves_svg


def file_comparison(found: ComparedFamilies, value: Terms, folder: Path, at: datetime) -> Path:
    """Write the comparison below `folder`, under its time; returns where."""
    place, curves = folder / f"{at:%Y-%m-%dT%H%M%SZ}", curves_svg(found, value)
    make_folder(place)
    written = selection_markdown(found.selection)
    page = MarkdownIt("commonmark", {"html": False}).enable("table").render(written.replace("![Curves](curves.svg)\n", ""))
    write_atomically(place / "selection.json", found.selection.model_dump_json(indent=2).encode())
    write_atomically(place / "curves.svg", curves.encode())
    write_atomically(place / "comparison.md", written.encode())
    write_atomically(place / "comparison.html", _PAGE.format(title="Families compared", body=page, curves=curves).encode())
    return place


def selection_markdown(selection: Selection) -> str:
    """The comparison as Markdown: what was chosen and why, the table, the hyperparameters."""
    lines = [
        "# Families compared",
        "",
        why_chosen(selection),
        "",
        f"On {selection.rows:,} training rows ({selection.churners:,} churned), each by models that had not seen it; the test set was not "
        f"looked at. At most {selection.budget} fits a family, seed {selection.seed}.",
        "",
        "| family | log loss ↓ | more than the best | ROC-AUC | PR-AUC | calibration error ↓ | profit, % of the most | profit per 1,000 customers | fits | seconds |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
        *(f"| {' | '.join(figures(line, selection))} |" for line in selection.compared),
        "",
        "![Curves](curves.svg)",
        "",
        "## Hyperparameters",
        "",
        *(f"- {line.family}: {named(line)}" for line in selection.compared),
        "",
    ]
    return "\n".join(lines)


def figures(line: Compared, selection: Selection) -> tuple[str, ...]:
    """The cells of a family's row."""
    behind = "" if line.family == selection.best else f"{line.behind:+.4f} ± {line.behind_error:.4f}"
    return (
        line.family,
        f"{line.log_loss:.4f}{f' ({line.calibration.method})' if line.calibration.kept else ''}",
        behind,
        f"{line.roc_auc:.4f}",
        f"{line.average_precision:.4f}",
        f"{line.calibration_error:.4f}",
        f"{line.worth:.1f} ± {line.worth_error:.1f}",
        "" if line.profit is None else f"{line.profit:,.0f} ± {line.profit_error or 0.0:,.0f}",
        f"{line.fits}",
        f"{line.seconds:.1f}",
    )


def named(line: Compared) -> str:
    """Its hyperparameters, `name = value`."""
    return ", ".join(f"{name} = {value:g}" for name, value in line.hyperparameters.items())


def why_chosen(selection: Selection) -> str:
    """The choice and its reason, in a sentence or two."""
    chosen, best = selection.of(selection.chosen), selection.best
    if len(selection.compared) == 1:
        return f"{chosen.family} was the only one compared."
    if chosen.family == best:
        simpler = [one for one in selection.compared if family_named(one.family).complexity < family_named(best).complexity]
        if not simpler:
            return f"{best} is chosen: no other has a smaller log loss, and none that is as good is simpler."
        return f"{best} is chosen: it has the smallest log loss, and every simpler one is behind by more than one standard error."
    return (
        f"{chosen.family} is chosen: {best} has the smallest log loss, but {chosen.family} is simpler and behind by no more than one standard "
        f"error ({chosen.behind:.4f} ± {chosen.behind_error:.4f} a row)."
    )


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{font:16px/1.5 sans-serif;max-width:80rem;margin:2rem auto;padding:0 1rem}}table{{border-collapse:collapse}}
td,th{{padding:.25rem .75rem;border-bottom:1px solid #bbb;text-align:right}}td:first-child,th:first-child{{text-align:left}}
svg{{width:100%;height:auto}}</style></head>
<body>{body}{curves}</body></html>
"""
