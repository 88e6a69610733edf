"""Settings come from churnops.toml, overridden by CHURNOPS_ variables, and what is wrong with them is said in one sentence."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from pipeline.errors import RetiredName, SettingsError
from pipeline.sources.source import DatabaseTable
from pipeline.tables.file_format import FileFormat
from pipeline.workspace import retired_names
from pipeline.workspace.data_settings import DataSettings
from pipeline.workspace.policy import load_policy
from pipeline.workspace.retired_names import Retired
from pipeline.workspace.settings import Settings, read_settings, set_from_environment
from prompts import policy_text

MINIMAL = """
[data]
file = "customers.csv"
sha256 = "00"
target = "Churn"
positive = "Yes"
numerical = ["tenure"]
"""


def read(folder: Path, more: str = "") -> Settings:
    file = folder / "churnops.toml"
    file.write_text(MINIMAL + more, encoding="utf-8")
    return read_settings(file)


def problem(folder: Path, more: str = "") -> str:
    with pytest.raises(SettingsError) as refused:
        read(folder, more)
    assert "\n" not in str(refused.value)
    assert refused.value.next_step
    return refused.value.problem


def leaves(model: type[BaseModel], prefix: str = "") -> list[tuple[str, Any]]:
    found = []
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found += leaves(field.annotation, f"{prefix}{name}.")
        else:
            found.append((f"{prefix}{name}", field))
    return found


def test_every_key_says_what_it_means() -> None:
    silent = [name for name, field in leaves(Settings) if name != "policy" and not field.description]
    assert silent == []
    assert "\n" not in "".join(field.description or "" for _, field in leaves(Settings))


def test_what_is_left_out_has_a_default(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert settings.training.estimator == "random_forest"
    assert (settings.operator.claude, settings.predictions.file, settings.policy) == (None, "", {})


def test_the_columns_of_the_pipeline_follow_from_data(tmp_path: Path) -> None:
    columns = read(tmp_path, 'id = "customerID"\ncategorical = ["Contract"]').data.columns
    assert (columns.id, columns.time, columns.features) == ("customerID", None, ("tenure", "Contract"))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("[training]\nseeed = 8", "`training.seeed`: Extra inputs are not permitted."),
        ("[colours]\nred = 1", "`colours`: Extra inputs are not permitted."),
        ("[training]\nseed = -1", "`training.seed`: Input should be greater than or equal to 0."),
        ("[value]\nmargin = inf", "`value.margin`: Input should be a finite number."),
        ("[value]\nmargin = 0", "`value.margin`: Input should be greater than 0."),
        (
            '[value]\nmargin = "tenure ** 2"',
            "`value.margin`: `tenure ** 2` is no arithmetic over columns with + - * / and brackets, like MonthlyCharges * 12 * 0.3.",
        ),
        (
            '[value]\nmargin = "tenur * 2"',
            "`value.margin` names `tenur`, which is no numerical feature of [data]; perhaps `tenure` is meant.",
        ),
        ("[value.acceptance_by.Plan]\nA = 0.2", "`value.acceptance_by` names `Plan`, which is no categorical feature of [data]."),
        ('[fairness]\ncolumns = ["tenure"]', "`fairness.columns` names `tenure`, which is no categorical feature of [data]."),
        ('[training]\nseed = "eight"', "`training.seed`: Input should be a valid integer, unable to parse string as an integer."),
        (
            '[training]\nestimator = "perceptron"',
            "`training.estimator`: there is no estimator 'perceptron'; choose random_forest or gradient_boosting or hist_gradient_boosting or lightgbm or logistic_regression or xgboost.",
        ),
        ("[training]\nthreshold = 1.0", "`training.threshold`: Input should be less than 1."),
        ('[operator]\nprovider = "mine"', "`operator.provider`: Input should be 'anthropic', 'bedrock' or 'vertex'."),
        ('format.timezone = "Mars/Olympus"', "`data.format.timezone`: 'Mars/Olympus' is no time zone; names look like Europe/Berlin."),
        ('format.timezone = ""', "`data.format.timezone`: '' is no time zone; names look like Europe/Berlin."),
        ('format.delimiter = "::"', "`data.format.delimiter`: String should have at most 1 character."),
        (
            '[predictions.columns]\nmonths = "tenure"\nage = "tenure"',
            "`predictions`: `columns` maps `months` and `age` to the one feature `tenure`; keep one of them.",
        ),
        ('categorical = ["tenure"]', "`data`: tenure has more than one role."),
        ('id = "Churn"', "`data`: Churn has more than one role."),
    ],
)
def test_a_key_or_value_that_cannot_be_is_named(tmp_path: Path, more: str, said: str) -> None:
    assert problem(tmp_path, more) == f"{tmp_path / 'churnops.toml'}: {said}"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            '[predictions.columns]\nmonths = "Tenure"',
            "`predictions.columns` names `Tenure`, which is no feature of [data]; perhaps `tenure` is meant.",
        ),
        (
            '[predictions.columns]\ncustomer = "customerID"',
            "`predictions.columns` names `customerID`, which is no feature of [data]; id, time, score and model_version have keys of their own.",
        ),
        (
            '[predictions.values.tenur]\nx = "1"',
            "`predictions.values` names `tenur`, which is no feature of [data]; perhaps `tenure` is meant.",
        ),
    ],
)
def test_a_log_is_mapped_to_features_alone(tmp_path: Path, more: str, said: str) -> None:
    assert problem(tmp_path, more) == f"{tmp_path / 'churnops.toml'}: {said}"


@pytest.mark.parametrize(
    ("derived", "said"),
    [
        ('k = "12"', "`data.derived.k` = “12” names no column, so it is the same for every customer."),
        ('"" = "tenure * 2"', "`data.derived` has the name “”; a name is not empty, and all of it can be printed."),
        ('"a\\u202eb" = "tenure * 2"', "`data.derived` has the name “a b”; a name is not empty, and all of it can be printed."),
    ],
)
def test_a_derived_number_has_a_name_and_is_made_of_columns(tmp_path: Path, derived: str, said: str) -> None:
    assert problem(tmp_path, f"[data.derived]\n{derived}") == f"{tmp_path / 'churnops.toml'}: {said}"


def test_a_workspace_without_any_feature_is_refused() -> None:
    with pytest.raises(ValidationError, match="no feature is named"):
        DataSettings(file="c.csv", sha256="", target="Churn", positive="Yes")


@pytest.mark.parametrize("more", ["[data", "seed = = 8", '[data]\nfile = "twice.csv"', 'x = "never ends'])
def test_a_file_that_is_no_toml_is_one_sentence_with_the_line(tmp_path: Path, more: str) -> None:
    said = problem(tmp_path, more)
    assert said.startswith(f"{tmp_path / 'churnops.toml'} is not valid TOML: ")
    assert "line" in said or "end of document" in said


def test_a_file_that_is_no_text_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "churnops.toml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="is not valid TOML"):
        read_settings(file)


def test_a_variable_overrides_the_file_and_leaves_its_neighbours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHURNOPS_TRAINING__SEED", "8")
    monkeypatch.setenv("CHURNOPS_DATA__FORMAT__TIMEZONE", "Europe/Berlin")
    monkeypatch.setenv("CHURNOPS_OPERATOR__CLAUDE", "false")
    monkeypatch.setenv("CHURNOPS_DATA__CATEGORICAL", '["Contract", "Größe"]')
    settings = read(tmp_path, "format.delimiter = ';'\n[training]\nseed = 7\nthreshold = 0.3")
    assert (settings.training.seed, settings.training.threshold) == (8, 0.3)
    assert settings.data.format == FileFormat(delimiter=";", timezone="Europe/Berlin")
    assert settings.operator.claude is False
    assert settings.data.categorical == ("Contract", "Größe")
    assert settings.data.numerical == ("tenure",)


@pytest.mark.parametrize(
    ("rule", "value", "effective"),
    [
        ("gate.min_roc_auc", "0.7", 0.7),
        ("limits.usd", "0", 0.0),
        ("drift.numerical", "psi", "psi"),
        ("hyperparameters.random_forest.max_depth", "[4, 6]", [4.0, 6.0]),
        ("hyperparameters.logistic_regression.C", "[0.1, 1]", [0.1, 1.0]),
    ],
)
def test_a_variable_overrides_any_rule_of_the_policy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule: str, value: str, effective: object
) -> None:
    monkeypatch.setenv(f"CHURNOPS_POLICY__{rule.replace('.', '__').upper()}", value)
    policy = load_policy(policy_text(), read(tmp_path).policy)
    assert [(override.name, override.value) for override in policy.overrides] == [(rule, effective)]


def test_a_variable_goes_before_the_files_policy_rule_by_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHURNOPS_POLICY__GATE__MIN_ROC_AUC", "0.7")
    policy = load_policy(policy_text(), read(tmp_path, "[policy]\ngate.min_roc_auc = 0.6\ngate.confidence = 0.9").policy)
    assert (policy.gate.min_roc_auc, policy.gate.confidence) == (0.7, 0.9)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CHURNOPS_TRAINING__SEED", "eight", "`training.seed`: Input should be a valid integer"),
        ("CHURNOPS_TRAINING__SEEED", "8", "`training.seeed`: Extra inputs are not permitted"),
        ("CHURNOPS_DATA__NUMERICAL", "tenure,charges", "A CHURNOPS_ variable is not valid JSON"),
        ("CHURNOPS_POLICY", "strict", "A CHURNOPS_ variable is not valid JSON"),
    ],
)
def test_a_variable_that_cannot_be_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    assert said in problem(tmp_path)


def test_variables_of_other_programs_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAINING__SEED", "8")
    monkeypatch.setenv("CHURNOPS_HOME", str(tmp_path))
    assert read(tmp_path).training.seed == 42


@pytest.mark.skipif(os.sep != "/", reason="paths of POSIX")
def test_an_own_log_is_found_from_the_files_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    assert read(tmp_path, '[predictions]\nfile = "logs/today.csv"').predictions.file == str(tmp_path / "logs" / "today.csv")
    assert read(tmp_path, '[predictions]\nfile = "/logs/today.csv"').predictions.file == "/logs/today.csv"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('[predictions]\nfile = "log.csv"\ntable = "scored"', "`predictions`: a log lies in `file` or in `table`, not in both."),
        ('[predictions]\nfile = "log.csv"\nurl = "sqlite:///a.db"', "`predictions`: `url` needs the `table` in that database."),
        ('[predictions]\nurl = "sqlite:///a.db"', "`predictions`: `url` needs the `table` in that database."),
        (
            '[predictions]\ntable = "scored"',
            "`predictions.table` needs the URL of its database: set the variable CHURNOPS_PREDICTIONS_URL, or CHURNOPS_PREDICTIONS_URL_FILE "
            'to a file that holds it (without a password it may stand as `predictions.url`), or `engine.name = "spark"` for a table of Spark.',
        ),
        (
            '[predictions]\ntable = "scored"\nurl = "sqlite:///a.db"\n[engine]\nname = "spark"',
            'with `predictions.url` the database counts; leave `engine.name` at "duckdb".',
        ),
        ('[engine]\nname = "spark"', "Spark needs a log to count: name `predictions.table` or `predictions.file`."),
        (
            '[predictions]\nfile = "log.csv"\n[engine]\nname = "spark"',
            "Spark reads Parquet here; `predictions.file` is of a kind that duckdb reads.",
        ),
        ('[predictions]\nfile = "hdfs://name/log"', '`predictions.file` lies in another system, which only `engine.name = "spark"` reads.'),
        ('[predictions]\nfile = "https://me:pw@host/log.csv"', "`predictions.file` holds a password or a signature."),
        ('[predictions]\nfile = "az://logs/a.csv?sig=abc"', "`predictions.file` holds a password or a signature."),
        ('[operator]\nbase_url = "https://me:pw@models.example"', "`operator.base_url` holds a password."),
        ('[engine]\nname = "polars"', "`engine.name`: Input should be 'duckdb' or 'spark'."),
    ],
)
def test_a_log_that_cannot_be_where_the_settings_say_is_refused(tmp_path: Path, more: str, said: str) -> None:
    assert problem(tmp_path, more) == f"{tmp_path / 'churnops.toml'}: {said}"


@pytest.mark.parametrize(
    "more",
    [
        '[predictions]\ntable = "sales.scored"\nurl = "postgresql+psycopg://reader@host/shop"',
        '[predictions]\ntable = "lake.scored"\n[engine]\nname = "spark"',
        '[predictions]\nfile = "s3://bucket/log"\n[engine]\nname = "spark"',
        '[predictions]\nfile = "log/*.parquet"',
        '[predictions]\nfile = "s3://bucket/log"',
    ],
)
def test_a_log_may_lie_in_files_in_a_database_or_in_spark(tmp_path: Path, more: str) -> None:
    log = read(tmp_path, more).predictions
    assert log.table or log.file == ("s3://bucket/log" if "s3" in more else str(tmp_path / "log/*.parquet"))


def test_the_url_with_its_password_comes_from_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHURNOPS_PREDICTIONS__URL", "postgresql+psycopg://reader:secret@host/shop")
    log = read(tmp_path, '[predictions]\ntable = "scored"\nid = "kunde"').predictions
    assert (log.url, log.table, log.id) == ("postgresql+psycopg://reader:secret@host/shop", "scored", "kunde")
    assert "secret" not in repr(DatabaseTable(log.url, log.table))
    assert "secret" not in problem(tmp_path, '[engine]\nname = "spark"')


def test_a_refused_password_is_sent_to_a_variable_that_takes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql+psycopg://reader:hunter2@host/shop"
    with pytest.raises(SettingsError) as refused:
        read(tmp_path, f'[predictions]\ntable = "scored"\nurl = "{url}"\n')
    assert "Give it as CHURNOPS_PREDICTIONS_URL and" in refused.value.next_step
    with pytest.raises(SettingsError) as refused:
        read(tmp_path, '[operator]\nbase_url = "https://me:pw@models.example"\n')
    assert "Give it as CHURNOPS_OPERATOR__BASE_URL and" in refused.value.next_step
    monkeypatch.setenv("CHURNOPS_PREDICTIONS_URL", url)
    assert read(tmp_path, '[predictions]\ntable = "scored"\n').predictions.url == url


def test_a_retired_setting_is_said_and_ignored_wherever_it_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = {name: Retired("0.2.0", f"Nothing replaced {name}.") for name in ("training.jobs", "training.verbose", "colours", "quiet")}
    monkeypatch.setattr(retired_names, "SETTINGS", gone)
    monkeypatch.setenv("CHURNOPS_TRAINING__VERBOSE", "1")
    with pytest.warns(RetiredName) as warned:
        settings = read(tmp_path, "[training]\njobs = 4\nseed = 8\n[colours]\ndrift = 'red'\n")
    assert [str(each.message).partition("` ")[0] for each in warned] == ["`training.jobs", "`training.verbose", "`colours"]
    assert settings.training.seed == 8
    monkeypatch.delenv("CHURNOPS_TRAINING__VERBOSE")
    assert "`training.job`" in problem(tmp_path, "[training]\njob = 4\n")


def test_settings_cannot_be_changed_after_reading(tmp_path: Path) -> None:
    settings = read(tmp_path)
    with pytest.raises(ValidationError, match="frozen"):
        settings.training.seed = 8  # type: ignore[misc]


def test_the_two_labels_of_an_answer_are_told_apart(tmp_path: Path) -> None:
    assert "`churned` and `retained` are the same word" in problem(tmp_path, '[serving]\nretained = "Churned"\n')
    said = read(tmp_path, '[serving]\nchurned = "geht"\nretained = "bleibt"\n').serving
    assert (said.churned, said.retained) == ("geht", "bleibt")


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        ('file = "a.csv"\ntable = "b"', "in `file`, in `table` or in `column`, not in several of them"),
        ('url = "sqlite:///a.db"', "`url` needs the `table` in that database"),
        ('table = "churn"', "`outcomes.table` needs the URL of its database: set the variable CHURNOPS_OUTCOMES_URL"),
        ('column = "label"', "`outcomes.column` is one of your own log"),
        ('yes = ["Gone", "1"]\nno = ["gone"]', "a word stands in `yes` and in `no`"),
        ('horizon = "30"', "`horizon` is a length of time like 7d, 24h or 2w"),
        ('horizon = "0d"', "`horizon` is a length of time like 7d, 24h or 2w"),
        ('absence = "stayed"', '`absence = "stayed"` needs a `horizon`'),
        ('column = "label"\nhorizon = "30d"', "leave `horizon` out"),
        ('table = "churn"\nurl = "postgresql://me:hunter2@host/crm"', "`outcomes.url` holds a password"),
    ],
)
def test_outcomes_that_cannot_be_meant_are_refused(tmp_path: Path, outcomes: str, said: str) -> None:
    told = problem(tmp_path, f"[outcomes]\n{outcomes}\n")
    assert said in told
    assert "hunter2" not in told


def test_a_horizon_is_a_length_of_time(tmp_path: Path) -> None:
    assert read(tmp_path, '[outcomes]\nhorizon = "2w"\n').outcomes.horizon_length == timedelta(days=14)
    assert read(tmp_path).outcomes.horizon_length is None


def test_the_variables_that_stand_in_for_settings_are_known_by_name() -> None:
    names = ("PATH", "CHURNOPS_MCP_TOKEN", "CHURNOPS_TRAINING__SEED", "churnops_database_url", "CHURNOPS_POLICY__GATE__MIN_ROC_AUC")
    assert set_from_environment(names) == ("CHURNOPS_POLICY__GATE__MIN_ROC_AUC", "CHURNOPS_TRAINING__SEED", "churnops_database_url")


def test_the_database_may_be_named_by_a_mounted_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounted = tmp_path / "database_url"
    mounted.write_text("postgresql://churnops:hunter2@db/churnops\n", encoding="utf-8")
    monkeypatch.setenv("CHURNOPS_DATABASE_URL_FILE", str(mounted))
    assert read(tmp_path).database_url == "postgresql://churnops:hunter2@db/churnops"
    monkeypatch.setenv("CHURNOPS_DATABASE_URL", "postgresql://other@db/churnops")
    assert read(tmp_path).database_url == "postgresql://other@db/churnops"
    monkeypatch.delenv("CHURNOPS_DATABASE_URL")
    mounted.unlink()
    assert "CHURNOPS_DATABASE_URL_FILE names cannot be read" in problem(tmp_path, "")


def test_so_may_the_database_of_a_log_of_the_teams_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounted = tmp_path / "log_url"
    mounted.write_text("postgresql+psycopg://reader:hunter2@db/shop\n", encoding="utf-8")
    monkeypatch.setenv("CHURNOPS_PREDICTIONS_URL_FILE", str(mounted))
    found = read(tmp_path, '[predictions]\ntable = "ml.scored"\n').predictions
    assert (found.url, found.table) == ("postgresql+psycopg://reader:hunter2@db/shop", "ml.scored")
    monkeypatch.delenv("CHURNOPS_PREDICTIONS_URL_FILE")
    monkeypatch.setenv("CHURNOPS_OUTCOMES_URL_FILE", str(mounted))
    assert read(tmp_path, '[outcomes]\ntable = "ml.churned"\nid = "customer"\n').outcomes.url.endswith("@db/shop")
