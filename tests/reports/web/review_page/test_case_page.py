"""What the page of a case tells, in how many words, and that nothing in it is more than text."""

import uuid

import pytest

from pipeline.diagnosis.diagnosis import Diagnosis, RunnerUp
from pipeline.diagnosis.finding import Finding
from pipeline.drift.summary import DriftSummary
from pipeline.measures.measure import Comparison, Margins
from pipeline.measures.metrics import reliability
from pipeline.measures.risk_tiers import tier_flow
from pipeline.record.cases import Case, Challenger, Decision, ModelRef, ReportRef
from pipeline.record.champion import open_champion
from pipeline.record.opened_workspace import Opened
from reports.filing import page_of, report_path
from tests.conftest import NOON
from tests.reports.record import a_case
from tests.reports.test_audit_hostile import HOSTILE, drift, feature
from tests.reports.waiting import Waiting
from tests.reports.web.review_page.browser import Browser, Shown
from tests.tools.desk import train_on_record, training_result

MOST_WORDS = 500  # two minutes of reading
ALLOWED_TAGS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "link",
        "body",
        "header",
        "nav",
        "main",
        "section",
        "article",
        "form",
        "input",
        "button",
        "a",
        "p",
        "br",
        "h1",
    ),
    *(
        "h2",
        "h3",
        "strong",
        "span",
        "code",
        "ul",
        "li",
        "details",
        "summary",
        "div",
        "figure",
        "figcaption",
        "dl",
        "dt",
        "dd",
        "label",
        "small",
    ),
    *("textarea", "table", "thead", "tbody", "tr", "th", "td", "svg", "text", "rect", "path", "polyline", "circle"),
    *("blockquote", "ol", "em", "hr", "pre", "h4", "h5", "h6"),
}


def diagnosis(said: str, column: str) -> Diagnosis:
    finding = Finding(family="performance", name="conditional_change", column=column, strength=0.2, unit="share", n=900, said=said)
    return Diagnosis(
        cause="concept_drift",
        confidence=0.95,
        column=column,
        action="retrain",
        mode="recent",
        rule="changed_behaviour",
        said=said,
        findings=(finding,) * 6,
        blind_spots=(said,),
        runner_up=RunnerUp(cause="covariate_harmful", tell_apart=said),
    )


def recorded(opened: Opened, found: DriftSummary, words: str, column: str, **changes: object) -> Case:
    """A closed case on record, with a training and a report that repeat `words`."""
    result = training_result(passed=True, digest="d" * 64, version="4")
    margin = Comparison(difference=0.1, low=0.05, high=0.15, n=300)
    result = result.model_copy(
        update={
            "margins": Margins(
                log_loss=margin, brier=margin, profit=margin.model_copy(update={"difference": 12.0, "low": 9.0, "high": 15.0})
            ),
            "tier_flow": tier_flow([0.1, 0.5, 0.9, 0.5], [0.1, 0.9, 0.9, 0.2]),
            "reliability": reliability([0, 1] * 100, [place / 200 for place in range(200)]),
            "champion_reliability": reliability([0, 1] * 100, [0.25, 0.75] * 100),
        }
    )
    case = opened.cases.open(
        a_case(key=uuid.uuid4().hex, drift=found, diagnosis=diagnosis(words, column), operator="rulebook", person=words)
    )
    number = opened.cases.begin_training(case.case_id, opened.clock(), {})
    with opened.state.write() as connection:
        opened.cases.finish_training(connection, case.case_id, number, result)
    challenger = Challenger(version="4", digest="d" * 64, gate=result.gate, metrics=result.metrics)
    path = report_path(opened.workspace, case.case_id)
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"---\ncase: x\n---\n\n# A report\n\n{words}\n\n| a | b |\n|---|---:|\n| {words} | 1 |\n", encoding="utf-8")
    facts = {"status": "pending_approval", "action": "retrain", "report": ReportRef(path="x", sha256="0" * 64), "challenger": challenger}
    return opened.cases.move(case.case_id, ("open",), **{**facts, **changes})


def harmless(shown: Shown) -> None:
    """Only tags and addresses of ours, no handler, no inline style, no character that steers."""
    for tag, attributes in shown.tags:
        assert tag in ALLOWED_TAGS, tag
        assert not [name for name in attributes if name.startswith("on") or name == "style"], attributes
        for name in ("href", "action", "formaction", "src"):
            if name in attributes:
                assert str(attributes[name]).startswith(("/review", "#next")), attributes
    assert [character for character in shown.everything if not character.isprintable()] == []


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_hostile_values_are_text_on_every_page(reader: Browser, hostile: str) -> None:
    found = drift(feature(hostile, hostile), feature("x", f"“{hostile}” 12% → 40%"))
    case = recorded(
        reader.opened, found, hostile, hostile[:200], decision=Decision(reviewer=hostile, reason=hostile, at=NOON), status="rejected"
    )
    for path in (f"/review/cases/{case.case_id}", "/review"):
        shown = reader.shown(path)
        harmless(shown)
        assert len(shown.forms) == (2 if path == "/review" else 1)


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_hostile_markdown_of_a_report_leads_nowhere(reader: Browser, hostile: str) -> None:
    case = recorded(reader.opened, drift(), hostile, "x", status="rejected")
    shown = reader.shown(f"/review/cases/{case.case_id}/report")
    assert not [tag for tag, _ in shown.tags if tag in {"img", "script", "style", "iframe"}]
    harmless(shown)


def test_a_person_reads_what_happened_where_how_sure_and_what_follows(visitor: Browser) -> None:
    features = [feature(f"feature number {number}", "mean 33.14 → 55.95, median 30 → 63") for number in range(19)]
    long = (
        "Customers with TechSupport No churn at 62.6% where 45.3% are expected of them at today's level, p 4.7e-20 among 92 segments. " * 2
    )
    spot = "Outcomes lag 30 days; what changed since 22 Oct 2026 is not visible yet."
    other = RunnerUp(
        cause="covariate_harmful", tell_apart="Outcomes of a small random sample of all customers, scored and then left alone."
    )
    found = diagnosis(long, "TechSupport").model_copy(update={"blind_spots": (spot,), "runner_up": other})
    serving = open_champion(visitor.opened)[0]
    ours = ModelRef(version=serving.version, digest=serving.digest)
    case = recorded(
        visitor.opened, drift(*features), long, "TechSupport", champion=ours, own_words="TechSupport was withdrawn in May.", diagnosis=found
    )
    shown = visitor.shown(f"/review/cases/{case.case_id}")
    page = page_of(visitor.opened, case)
    for told in (page.headline, page.advice, page.happened, page.confidence, page.urgency, *page.unknown):
        assert " ".join(told.replace("`", "").split()) in shown.seen, told
    assert page.happened == "TechSupport was withdrawn in May."
    commands = [command for step in page.steps for command in step.commands]
    assert len(commands) == 3
    assert not any(command in shown.seen for command in commands), "the form on the page takes their place"
    assert any(form.action.endswith(("/approve", "/reject")) for form in shown.forms)
    assert len(shown.seen.split()) <= MOST_WORDS, len(shown.seen.split())
    for answer in (
        "8 of 19 features drifted",
        "0.712 0.672–0.752",
        "+0.012 (-0.010 to +0.034), no clear difference",
        "+12.0 (+9.0 to +15.0), better",
        "If you approve If you reject",
        "Campaign profit, of 100 that could be earned +12 (+9 to +15) 0",
        "nothing changed; a new model may be trained after 24 hours",
    ):
        assert answer in shown.seen, answer
    assert "gate.min_roc_auc" in shown.everything
    assert "Of 4 customers, these change their risk tier: 1 from medium to low, 1 from medium to high." in shown.everything


def test_the_calibration_of_both_models_is_drawn_and_told_in_figures(visitor: Browser) -> None:
    case = recorded(visitor.opened, drift(), "words", "tenure")
    shown = visitor.shown(f"/review/cases/{case.case_id}")
    (plot,) = [attributes for tag, attributes in shown.tags if tag == "svg" and attributes.get("class") == "reliability"]
    assert plot["role"] == "img"
    assert "its figures are in a table below" in (plot["aria-label"] or "")
    drawn = [str(attributes.get("class")) for tag, attributes in shown.tags if tag == "path"]
    assert (drawn.count("champion curve"), drawn.count("challenger curve")) == (1, 1)
    assert "Intervals (95%) that reach it: champion 0 of 2 challenger 4 of 10" in shown.everything
    assert "champion 25.0% 0.0% 0.0–3.7% 100" in shown.everything
    assert "was not recorded" not in shown.everything


def test_a_training_recorded_without_its_calibration_says_so(visitor: Browser) -> None:
    case = visitor.opened.cases.open(a_case())
    train_on_record(visitor.opened, case)
    shown = visitor.shown(f"/review/cases/{case.case_id}")
    assert "The calibration plot was not recorded for this training." in shown.everything
    assert "svg reliability" not in {f"{tag} {attributes.get('class')}" for tag, attributes in shown.tags}


def test_a_case_that_waits_for_nothing_offers_nothing(visitor: Browser) -> None:
    fault = diagnosis("Half the values are missing.", "tenure").model_copy(update={"cause": "data_fault", "action": "fix_data"})
    case = visitor.opened.cases.open(a_case(diagnosis=fault, action="fix_data", status="needs_people"))
    shown = visitor.shown(f"/review/cases/{case.case_id}")
    assert "The data are broken: tenure" in shown.seen
    assert "Ask the owner of the feed to fix the data" in shown.seen
    assert [form.action for form in shown.forms] == ["/review/sign-out"]
    assert "The distributions cannot be shown" in shown.seen  # that champion's folder is not there


def test_a_case_by_hand_without_window_or_diagnosis_is_shown(waiting: Waiting, reviewer: Browser) -> None:
    shown = reviewer.shown(f"/review/cases/{waiting.ours}")
    assert "No diagnosis is on record." in shown.seen
    assert "2 challengers waiting for you" in reviewer.shown("/review").seen


def test_evidentlys_own_page_runs_in_a_sandbox(visitor: Browser) -> None:
    case = visitor.opened.cases.open(a_case())
    path = report_path(visitor.opened.workspace, case.case_id).with_suffix(".html")
    assert visitor.get(f"/review/cases/{case.case_id}/evidently").status_code == 404
    path.parent.mkdir(exist_ok=True)
    path.write_text("<html><script>1</script></html>")
    assert "Evidently's own report" in visitor.shown(f"/review/cases/{case.case_id}").seen
    answer = visitor.get(f"/review/cases/{case.case_id}/evidently")
    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert policy[:2] == ["sandbox allow-scripts", "default-src 'none'"]
    assert {"connect-src 'none'", "form-action 'none'"} <= set(policy)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("case_id", ["none", "..%2f..%2fstate.db", "%00", "'; DROP TABLE cases; --", "x" * 5000])
def test_an_unknown_case_is_not_found(reader: Browser, case_id: str) -> None:
    assert reader.get(f"/review/cases/{case_id}").status_code == 404
    assert reader.get(f"/review/cases/{case_id}/report").status_code == 404
