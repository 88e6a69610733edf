"""A year in the life of a company that acts on its scores, once with every strategy that keeps its model.

    python bench/life.py                        seeds 1 to 10, one after the other
    python bench/life.py --seeds 1-4 --jobs 2   some seeds, two at a time
    python bench/life.py --seeds 3 --log        and what the product said each month beside what was true
    python bench/life.py --company hard         half as large, outcomes 60 days late, twelve weeks of log a triage, more that happens

The company is generated (`company`, `company_year`): it scores its whole base each month, contacts the riskiest 12% but for 5% of these, and an offer
keeps three in ten who would leave. There are seasons; prices rise once; a competitor lures customers whose contract ends; two columns are sent wrong for
some weeks; outcomes, which come 45 days late, stop for three weeks and are filled in later; from some day on disconnections for non-payment are
written down as leaving. When each happens, and whom it concerns, is drawn per seed. Profit is counted by the true chances of leaving. Results, of
runs of ten seeds or more: bench/results/life.json and life.svg, and the table at the head of docs/benchmark-year.md; of the hard company
(`company_kinds`) life_hard.json and life_hard.svg.
"""

import argparse
import json
import logging
import os
import sys
import tempfile
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

from company import MONTHS, Company  # noqa: E402
from company_kinds import KINDS  # noqa: E402
from document import put_into_document  # noqa: E402
from life_chart import chart  # noqa: E402
from life_figures import PRODUCT, LivedYear, StrategyYear, figures, log_lines, table_lines, year_of  # noqa: E402
from product_year import ProductYear  # noqa: E402
from retraining import BASELINES, Strategy  # noqa: E402

RESULTS = ROOT / "bench" / "results"
ENOUGH = 10  # seeds for a figure that the document shows


def lived(seed: int, kind: str) -> LivedYear:
    """The year of one seed, with every strategy, of a company of this kind."""
    # It warns at every save that pickles are code; these are ours, and gone when the year ends.
    logging.getLogger("mlflow.sklearn").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    began, company = time.process_time(), Company(seed, KINDS[kind])
    with tempfile.TemporaryDirectory(prefix="life-bench-") as folder:
        product = ProductYear(company, Path(folder))
        champion = product.champion
        lives: dict[str, ProductYear | Strategy] = {
            PRODUCT: product,
            **{name: strategy(company, champion) for name, strategy in BASELINES.items()},
        }
        deployed: dict[str, list[int]] = {name: [] for name in lives}
        for month in range(MONTHS):
            for name, life in lives.items():
                if life.live(month):
                    deployed[name].append(month)
            print(f"seed {seed}: month {month + 1} of {MONTHS}", file=sys.stderr, flush=True)
    years = {name: StrategyYear.of(life.base.months, deployed[name]) for name, life in lives.items()}
    return year_of(company, years, product.said, time.process_time() - began)


def main() -> None:
    """Live the years, print, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default=f"1-{ENOUGH}", help="like 1-10 or 3")
    parser.add_argument("--company", choices=KINDS, default="usual")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--log", action="store_true", help="what the product said each month, and what was true")
    asked = parser.parse_args()
    first, _, last = asked.seeds.partition("-")
    with ProcessPoolExecutor(asked.jobs) as pool:
        years = list(pool.map(partial(lived, kind=asked.company), range(int(first), int(last or first) + 1)))
    if asked.log:
        print("\n".join(line for year in years for line in log_lines(year)))
    found = figures(years)
    lines = list(table_lines(found, years))
    print("\n".join(lines))
    if len(years) >= ENOUGH:
        told = {"figures": asdict(found), "years": [asdict(year) for year in years]}
        name = "life" if asked.company == "usual" else f"life_{asked.company}"
        (RESULTS / f"{name}.json").write_text(json.dumps(told, indent=1, default=str) + "\n", encoding="utf-8")
        (RESULTS / f"{name}.svg").write_text(chart(years), encoding="utf-8")
        if asked.company == "usual":
            put_into_document("life", lines, "benchmark-year.md")


if __name__ == "__main__":
    main()
