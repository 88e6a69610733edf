"""A secret that lies in AWS's parameter store, through moto's server."""

import pytest

from pipeline.errors import SettingsError
from pipeline.workspace.mounted_secrets import secret, with_urls
from tests.aws import aws

URL = "postgresql://churnops:hunter2@db/churnops"


@pytest.mark.slow
def test_a_secret_is_read_from_the_parameter_that_the_variable_names(monkeypatch: pytest.MonkeyPatch) -> None:
    with aws(monkeypatch) as session:
        session.create_client("ssm").put_parameter(Name="/churn/database-url", Type="SecureString", Value=URL)
        monkeypatch.setenv("CHURNOPS_DATABASE_URL_FILE", "ssm:/churn/database-url")
        assert with_urls({"database_url": ""})["database_url"] == URL
        with pytest.raises(SettingsError, match=r"/churn/gone cannot be read \(ParameterNotFound\)"):
            secret("TEAM_ALERTS", {"TEAM_ALERTS_FILE": "ssm:/churn/gone"})
        session.create_client("ssm").put_parameter(Name="/churn/gone", Type="SecureString", Value="late")
        assert secret("TEAM_ALERTS", {"TEAM_ALERTS_FILE": "ssm:/churn/gone"}) == "late"
