#!/bin/bash
# Makes the workspace of workspace-0.1.0.tar.xz anew, in /srv: `make.sh CHECKOUT PYTHON`, see README.md. `script` (util-linux) types what people type.
set -euo pipefail
checkout=$1 python=$2 root=/srv/churn
export PYTHONPATH=$checkout USER=ada LOGNAME=ada GIT_CONFIG_GLOBAL=$root.gitconfig NO_COLOR=1 COLUMNS=200
printf '[user]\n\temail = ada@example.org\n' > "$GIT_CONFIG_GLOBAL"
mkdir "$root"
cd "$root"

at() { now=$1+00:00; }
churnops() { "$python" -P -m tests.reports.churnops_at "$now" "$@"; }
typed() { words=$1 && shift; (sleep 6; echo "$words"; sleep 6) | script -qec "$python -P -m tests.reports.churnops_at $now $* --reason Agreed. --reviewer Ada" /dev/null; }
newest() { churnops case list --json | tail -1 | "$python" -c 'import json, sys; print(json.load(sys.stdin)["cases"][0]["case_id"])'; }

at 2026-09-01T09:00:00
churnops init --synthetic --rows 1000 --seed 7
sed -i 's/^estimator = .*/estimator = "logistic_regression"/; s/^expires_hours = .*/expires_hours = 8000/' churnops.toml
at 2026-09-01T10:00:00
churnops train

"$python" -P - <<'OWN'
import warnings
warnings.simplefilter("ignore")
import mlflow.sklearn, pandas, tomllib
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
data = tomllib.load(open("churnops.toml", "rb"))["data"]
numbers, names = data["numerical"], data["categorical"]
rows = pandas.read_parquet(data["file"]) if data["file"].endswith("parquet") else pandas.read_csv(data["file"])
columns = ColumnTransformer([("n", make_pipeline(SimpleImputer(), StandardScaler()), numbers), ("c", OneHotEncoder(handle_unknown="ignore"), names)])
rows[numbers] = rows[numbers].apply(pandas.to_numeric, errors="coerce")
rows[names] = rows[names].astype(str)
model = make_pipeline(columns, LogisticRegression(max_iter=500)).fit(rows[numbers + names], rows[data["target"]] == data["positive"])
mlflow.sklearn.save_model(model, "own", serialization_format="cloudpickle")
OWN
at 2026-09-02T09:00:00
churnops adopt own
at 2026-09-02T10:00:00
typed 'deploy 2' reports approve "$(newest)"

at 2026-09-12T09:00:00
churnops simulate --scenario high_churn --rows 900 --labels 0.9 --seed 3
at 2026-09-12T10:00:00
churnops triage --operator rulebook
at 2026-09-12T11:00:00
typed 'deploy 3' reports approve "$(newest)"

at 2026-09-23T09:00:00
churnops event add 'price list, 20 September' --from 2026-09-20 --to 2026-09-20
churnops simulate --scenario category_mix --rows 500 --labels 0 --seed 4
at 2026-09-23T10:00:00
churnops triage --operator rulebook
churnops case acknowledge "$(newest)" --reason 'The campaign of September.' --until 2027-06-30

at 2026-10-04T09:00:00
churnops simulate --scenario unit_change --rows 500 --labels 0 --seed 5
at 2026-10-04T10:00:00
churnops triage --operator rulebook
at 2026-10-04T11:00:00
churnops window exclude --since 2026-09-27 --until 2026-10-04 --reason 'Amounts arrived in cents.'

at 2026-10-15T09:00:00
churnops simulate --scenario behaviour_change --rows 800 --labels 0.9 --seed 6
printf 'customerID,Churn,predicted_at,observed_at\n' > outcomes.csv
"$python" -c 'import sqlite3; [print(f"{c},No,{at},2026-10-10T00:00:00Z") for c, at in sqlite3.connect(".churnops/state.db").execute("select id, predicted_at from predictions where seq between 901 and 930")]' >> outcomes.csv
churnops outcomes add outcomes.csv
at 2026-10-15T10:00:00
churnops triage --operator rulebook
printf '%s\n' 'What drifted?' 'Why?' 'can you deploy it?' | churnops chat --operator rulebook
churnops reports verify
cd ..
XZ_OPT=-9e tar cJf workspace-0.1.0.tar.xz --owner=0 --group=0 --numeric-owner churn
