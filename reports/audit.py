"""The audit report: Markdown made from the case record. Facts come from the record; the operator's words are quoted, checked and kept apart."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from pipeline.churnops_version import churnops_version
from pipeline.diagnosis.finding import Finding
from pipeline.measures.measure import Metrics
from pipeline.record.cases import Call, Case, Training
from pipeline.words import DRIFT_LEVELS, action_name, cause_name, counted
from pipeline.workspace.policy import Policy
from reports.comparison_notes import notes, profit_figure, profit_label, rate_figure
from reports.decision_summary import training_of
from reports.first_page.page import Setting, first_page
from reports.grounding.grounding import evidence_of, ground
from reports.harm import Harm
from reports.markdown_cells import ARROWS, MEASURES, bar, cell, cell_code, escaped, figure, one_line, score, strength
from reports.number_sources import appendix, appendix_name, linked
from reports.report_sections import TITLES, SectionName
from reports.requested_decision import decision
from reports.second_opinion import choice
from reports.verdict import Narrative, Verdict

if TYPE_CHECKING:
    from jinja2 import Environment

_RULE = re.compile(r"(`[\w.]+`)")


@dataclass(frozen=True)
class AuditReport:
    """A report as Markdown, the appendix that the numbers of its narrative link to, and those that have no source; `own_words`: what its
    first page says in the operator's words, empty where it speaks in the template's."""

    text: str
    appendix: str
    unsourced: tuple[str, ...]
    own_words: str


def render_audit(
    case: Case,
    verdict: Verdict,
    narrative: Narrative,
    *,
    harm: Harm | None,
    calls: Sequence[Call],
    trainings: Sequence[Training],
    setting: Setting,
    reference_sha256: str,
    written_at: datetime,
    beside: str = "",
    from_environment: Sequence[str] = (),
) -> AuditReport:
    """The report of one case as Markdown with YAML front matter. `setting`: what of the workspace its first page needs. `from_environment`: the variables that stand in for keys of churnops.toml."""
    policy = setting.policy
    checked = (f"Checked for {cause_name(one.cause)}: {one.checked.strip()}" for one in narrative.hypotheses if one.checked.strip())
    said = "\n\n".join(part.strip() for part in (narrative.summary, narrative.reasoning, *checked) if part.strip()) or "Nothing was said."
    evidence = evidence_of(case, calls, trainings, policy)
    grounded = ground(said, evidence)
    sources = appendix(grounded, case.case_id, _digests(case, reference_sha256))
    columns, rows, note = _models(trainings)
    own = "" if verdict.operator == "rulebook" or ground(narrative.summary, evidence).marked else one_line(narrative.summary)
    named: list[SectionName] = []
    facts: dict[str, Any] = {
        "case": case,
        **vars(verdict),
        "challenger": case.challenger,
        "policy": policy,
        "reference_sha256": reference_sha256,
        "written_at": written_at,
        "version": churnops_version(),
        "page": first_page(case, verdict, training_of(case, trainings), harm, setting, own),
        "decision": decision(case, verdict.status, verdict.action, harm, partial=bool(verdict.partial), disagreed=verdict.disagreed),
        "beside": beside,
        "evidence": _strongest_first(case),
        "harm": harm,
        "features": sorted(case.drift.features, key=strength, reverse=True) if case.drift else (),
        "methods": ", ".join(sorted({feature.method for feature in case.drift.features})) if case.drift else "",
        "columns": columns,
        "rows": rows,
        "models_note": note,
        "trainings": trainings,
        "rules": [*_rules(case, trainings, policy), *_outside(from_environment)],
        "calls": calls,
        "grounded": grounded,
        "narrative": _quote(linked(said, grounded, case.case_id, _safe)),
        "appendix": appendix_name(case.case_id),
        "sources_sha256": hashlib.sha256(sources.encode()).hexdigest(),
        "disagreed": verdict.disagreed,
        "stated": _beside_weighed(case, narrative),
    }
    environment = _environment()
    text = environment.get_template("audit.md.j2").render(facts, section=partial(_section, named))
    front = environment.get_template("audit_front_matter.j2").render(facts, sections=named)
    return AuditReport(re.sub(r"\n{3,}", "\n\n", front + text), sources, grounded.unsourced, own)


@cache
def _environment() -> "Environment":
    """Made once in a process: to compile the templates takes longer than all else about a report."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("reports", "."), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters.update(
        score=score,
        counted=counted,
        level=DRIFT_LEVELS.get,
        cell=cell,
        code=cell_code,
        sentence=_sentence,
        yaml=_yaml,
        bar=bar,
        arrow=ARROWS.get,
        oneline=one_line,
        settings=_settings,
        arguments=_arguments,
        outcome=_outcome,
        figure=figure,
        choice=choice,
        cause=cause_name,
        act=action_name,
        notes=notes,
        rate=rate_figure,
    )
    return environment


def _digests(case: Case, reference_sha256: str) -> dict[str, str]:
    """What the report's head names by digest, for people. The head keeps them: it is part of the bytes that an approval seals."""
    models = {f"champion version {case.champion.version}": case.champion.digest}
    if case.challenger is not None:
        models[f"challenger version {case.challenger.version}"] = case.challenger.digest
    window = {"what was counted of the window": case.window.fingerprint} if case.window else {}
    return {**models, "reference table": reference_sha256, **window}


def _section(named: list[SectionName], name: SectionName) -> str:
    named.append(name)
    return f"## {TITLES[name]}"


def _sentence(text: str) -> str:
    """A sentence of ours that may carry what a failure said: the rules' names in it stay code, all else is plain text."""
    return "".join(part if _RULE.fullmatch(part) else escaped(part) for part in _RULE.split(one_line(text)))


def _yaml(value: object) -> str:
    """A value of the front matter: null, a plain word, or a quoted string that no YAML reader takes for anything else."""
    if value is None:
        return "null"
    line = one_line(str(value))
    plain = re.fullmatch(r"[A-Za-z][A-Za-z_+]+", line) and line.lower() not in {"null", "true", "false", "yes", "no", "on", "off"}
    return line if plain else json.dumps(line, ensure_ascii=False)


def _safe(text: str) -> str:
    """An operator's Markdown without HTML, links or images.

    An image would tell a foreign server, in its address, whatever the operator was talked into telling it.
    """
    text = "".join(character if character.isprintable() or character in "\r\n" else " " for character in text)
    return re.sub(r"\](?=[(\[:])", r"]\\", text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def _quote(text: str) -> str:
    """Markdown as a block quote: it cannot pass for a part of the report."""
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _strongest_first(case: Case) -> list[Finding]:
    """What was found, those with the most standard errors first; what has none is certain, and goes before."""
    notable = [finding for finding in case.diagnosis.findings if finding.notable] if case.diagnosis else []
    return sorted(notable, key=lambda finding: -abs(finding.z) if finding.z is not None else float("-inf"))


def _beside_weighed(case: Case, narrative: Narrative) -> list[tuple[str, str]]:
    """The operator's hypotheses, each with its probability by the weighed diagnosis, as words."""
    weighed = {one.cause: f"{one.probability:.0%}" for one in case.diagnosis.hypotheses} if case.diagnosis else {}
    return [(cause_name(one.cause), weighed.get(one.cause, "not among its hypotheses")) for one in narrative.hypotheses]


def _models(trainings: Sequence[Training]) -> tuple[list[str], list[list[str]], str]:
    """Columns, rows and footnote of the table that sets champion and candidates side by side on the same held-out rows."""
    done = [(training.number, training.result) for training in trainings if training.result]
    if not done:
        return [], [], ""
    shown: list[tuple[str, Metrics]] = [(f"candidate {number}", result.metrics) for number, result in done]
    champion = done[-1][1].champion_metrics
    if champion is not None:
        shown.insert(0, ("champion", champion))
    rows = [[label, *(figure(getattr(metrics, name)) for _, metrics in shown)] for name, label in MEASURES]
    profits = [result.profit for _, result in done if result.profit is not None]
    if len(profits) == len(done):
        of_champion = [] if champion is None else [profit_figure(profits[-1].champion)]
        rows.append([profit_label(profits[-1]), *of_champion, *(profit_figure(profit.candidate) for profit in profits)])
    comparison = done[-1][1].comparison
    note = f"All on the same {shown[0][1].n} held-out rows ({shown[0][1].churners} churned), threshold {shown[0][1].threshold:g}."
    if comparison is not None:
        note += (
            f" ROC-AUC, candidate {done[-1][0]} minus champion: {comparison.difference:+.3f} "
            f"(interval {comparison.low:+.3f} to {comparison.high:+.3f})."
        )
    if (drawn := done[-1][1].reweighting) is not None:
        note += f" {drawn.said}"
    before = done[-1][1].drift_reference
    if before is not None and done[-1][1].gate.passed:
        note += f" {before.said}"
    return [column for column, _ in shown], rows, note


def _rules(case: Case, trainings: Sequence[Training], policy: Policy) -> list[str]:
    rules = []
    if case.diagnosis:
        rules.append(
            f"`diagnosis`: the most probable cause ({case.diagnosis.confidence:.0%}), told by `{case.diagnosis.rule}`; the drift level below is "
            "shown for comparison."
        )
    if case.drift and case.drift.share is not None:
        bands = policy.bands
        rules.append(
            f"`bands`: share {case.drift.share:.3f} is low below {bands.monitor_below:g}, high above {bands.retrain_above:g}. "
            f"Drift level: {DRIFT_LEVELS[case.drift.band]}."
        )
    elif case.drift:
        rules.append(f"`drift.min_rows` = {policy.drift.min_rows}: {case.drift.current_rows} rows are too few for a verdict.")
    if case.window:
        rules.append(
            f"`training.min_labelled_rows` = {policy.training.min_labelled_rows} and `training.min_labelled_churners` = "
            f"{policy.training.min_labelled_churners}: {case.window.labelled_rows} and {case.window.labelled_churners} there."
        )
    rules.append(f"`training.retries` = {policy.training.retries}: {len(trainings)} of {1 + policy.training.retries} trainings used.")
    rules.append(f"`gate.min_roc_auc` = {policy.gate.min_roc_auc:g}, `gate.max_auc_drop` = {policy.gate.max_auc_drop:g}.")
    rules += [f"Overridden in this workspace: `{item.name}` = {item.value} (shipped: {item.default})." for item in policy.overrides]
    return rules


def _outside(variables: Sequence[str]) -> list[str]:
    """What stands in no file that a reviewer could read."""
    if not variables:
        return []
    return [f"Set in the environment, instead of in churnops.toml: {', '.join(f'`{cell_code(name)}`' for name in variables)}."]


def _settings(values: dict[str, float]) -> str:
    return ", ".join(f"{name} = {value:g}" for name, value in values.items()) or "the estimator's defaults"


def _arguments(values: dict[str, Any]) -> str:
    shown = {name: value for name, value in values.items() if name not in {"case_id", "summary", "reasoning"}}
    return f"`{cell_code(json.dumps(shown))}`" if shown else ""


def _outcome(call: Call) -> str:
    if call.outcome == "ok":
        return f"ok, {call.seconds:.1f} s"
    return f"{call.outcome}: {cell(call.failure.said if call.failure else '')}"
