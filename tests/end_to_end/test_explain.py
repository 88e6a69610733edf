"""`churnops explain` from the command line: the model, one customer, a case."""

from functools import partial
from pathlib import Path

import anyio
import pytest
from sqlalchemy import select

from pipeline.intake.windows import logged_window
from pipeline.record.opened_workspace import Opened
from pipeline.state.database import predictions
from pipeline.tables.typed_parquet import read_spread
from pipeline.worlds.simulation import simulate
from reports.explanation_page import filed_explanation
from tests.end_to_end.command_line import CommandLine
from tests.reports.web.review_page.browser import Browser
from tests.tools.desk import desk


def test_without_shap_it_says_what_to_install(churnops: CommandLine, trained: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.explanation.explainer.find_spec", lambda _name: None)
    said = churnops("explain", "-w", str(trained.workspace.root))
    assert said.code == 1
    assert "pip install 'churnops[explain]'" in said.err
    assert not trained.workspace.explanations.exists()


def test_what_does_not_go_together_is_wrong_usage(churnops: CommandLine, trained: Opened) -> None:
    root = str(trained.workspace.root)
    assert churnops("explain", "--id", "a", "--case", "b", "-w", root).code == 2
    assert churnops("explain", "--html", "x.html", "-w", root).code == 2
    assert churnops("explain", "--window", "3d", "-w", root).code == 2


@pytest.mark.slow
def test_a_case_and_its_customers_are_explained(churnops: CommandLine, trained: Opened, tmp_path: Path) -> None:
    pytest.importorskip("shap", reason="the extra explain is not installed")
    simulate(trained, "important_tilt", 600, labelled_share=0.0, seed=3)

    async def opened_case() -> str:
        async with desk(trained, partial(logged_window, trained)) as client:
            return str((await client.ok("get_drift_summary"))["case_id"])

    case_id, root = anyio.run(opened_case), str(trained.workspace.root)
    said = churnops("explain", "--case", case_id, "--json", "-w", root)
    assert said.code == 0, said.err
    found = filed_explanation(trained.workspace.explanations / case_id)
    assert found is not None and found.moves is not None
    assert said.json["moves"]["rows"] == found.moves.rows == 200
    assert {one.feature for one in found.moves.features} == set(trained.settings.data.columns.features)
    assert found.reasons_agree is not None and found.reasons_agree > 0.8
    shown = Browser(trained).sign_in().get(f"/review/cases/{case_id}").text
    assert shown.count('<figure class="drawn"><svg') == 3

    with trained.state.read() as connection:
        id_ = str(connection.execute(select(predictions.c.id)).first()[0])  # type: ignore[index]
    page = tmp_path / "why.html"
    said = churnops("explain", "--id", id_, "--html", str(page), "--json", "-w", root)
    assert said.code == 0, said.err
    assert said.json["base"] + sum(one["effect"] for one in said.json["contributions"]) == pytest.approx(said.json["response"], abs=1e-9)
    assert "<svg" in page.read_text()
    missing = churnops("explain", "--id", "nobody", "-w", root)
    assert missing.code == 1
    assert "is not in prediction log's recent window" in missing.err


@pytest.mark.slow
def test_the_one_customer_of_a_file_is_explained_and_a_try_is_drawn(churnops: CommandLine, trained: Opened, tmp_path: Path) -> None:
    pytest.importorskip("shap", reason="the extra explain is not installed")
    columns, root = trained.settings.data.columns, str(trained.workspace.root)
    (model,) = trained.workspace.models.iterdir()
    rows = read_spread(model / "reference.parquet", columns, 2)[list(columns.features)]
    rows.head(1).to_csv(tmp_path / "one.csv", index=False)
    rows.to_csv(tmp_path / "two.csv", index=False)
    said = churnops("explain", "--row", str(tmp_path / "one.csv"), "--json", "-w", root)
    assert said.code == 0, said.err
    assert said.json["tier"] in ("low", "medium", "high")
    assert "has 2 rows" in churnops("explain", "--row", str(tmp_path / "two.csv"), "-w", root).err
    visitor = Browser(trained).sign_in()
    form = visitor.form("/review/try", "/review/try")
    assert "<figure" in visitor.send(form, explain="yes").text
