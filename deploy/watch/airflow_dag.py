"""A check of the churn model in Airflow, after the predictions of the day are there. Copy it into the folder of DAGs.

Exit codes of the check: 0 nothing to do, 10 people must act, 20 a challenger waits, 30 a partial report. None of these is a failure of
the task: churnops has told people, and the last three mark the task as skipped.
"""

from datetime import timedelta

import pendulum
from airflow.models.dag import DAG
from airflow.providers.standard.operators.bash import BashOperator

with DAG(
    dag_id="churnops_check",
    schedule="30 6 * * 1-5",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Berlin"),
    catchup=False,  # a check looks at what is there now
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=10)},
) as dag:
    BashOperator(
        task_id="check",
        bash_command="churnops watch --once --detailed-exit-code /srv/churn",
        env={
            "TEAM_ALERTS_FILE": "/etc/churnops/team-alerts",
            # Where your log lies in a database, as its URL has no place in churnops.toml:
            # "CHURNOPS_PREDICTIONS_URL_FILE": "/etc/churnops/log-url",
        },
        append_env=True,
        skip_on_exit_code=[10, 20, 30],
        execution_timeout=timedelta(hours=1),
    )
