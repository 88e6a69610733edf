"""The Lambda that forwards alerts, called as AWS calls it, against moto's server and a web server of the tests' own."""

import importlib.util
import json
from typing import Any

import pytest

from tests.agent.watch.destinations_of import web_server
from tests.aws import aws
from tests.checkout import ROOT


def loaded() -> Any:
    spec = importlib.util.spec_from_file_location("forward", ROOT / "deploy" / "aws" / "forward" / "forward.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def event(topic: str, message: str = "Column tenure is broken.") -> dict[str, Any]:
    return {"Records": [{"Sns": {"TopicArn": topic, "MessageId": "7f1b", "Subject": "[churn] Data are broken", "Message": message}}]}


def account(session: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A cluster with the task of the check, and what the Lambda's environment says of it."""
    network, tasks = session.create_client("ec2"), session.create_client("ecs")
    subnet = network.describe_subnets()["Subnets"][0]["SubnetId"]
    group = network.describe_security_groups()["SecurityGroups"][0]["GroupId"]
    cluster = tasks.create_cluster(clusterName="churn")["cluster"]["clusterArn"]
    task = tasks.register_task_definition(
        family="churn-check",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="1024",
        memory="4096",
        containerDefinitions=[{"name": "check", "image": "churnops:1", "memory": 4096, "cpu": 1024}],
    )["taskDefinition"]["taskDefinitionArn"]
    names = {"CLUSTER": cluster, "TASK_DEFINITION": task, "SUBNETS": subnet, "SECURITY_GROUP": group}
    for name, value in {**names, "SIGNALS_TOPIC": "arn:signals", "CHAT_PARAMETER": "/churn/chat-webhook"}.items():
        monkeypatch.setenv(name, value)
    return tasks


@pytest.mark.slow
def test_an_alert_reaches_the_chat_and_a_signal_starts_one_check_first(monkeypatch: pytest.MonkeyPatch) -> None:
    with aws(monkeypatch) as session, web_server() as chat:
        tasks, forward = account(session, monkeypatch), loaded()
        session.create_client("ssm").put_parameter(Name="/churn/chat-webhook", Type="SecureString", Value="https://chat.example/hook")
        really = forward.Request
        monkeypatch.setattr(forward, "Request", lambda _url, **how: really(f"http://127.0.0.1:{chat.port}/hook", **how))
        forward.handler(event("arn:alerts"), None)
        assert tasks.list_tasks(cluster="churn")["taskArns"] == []
        chat.answer = 500
        with pytest.raises(OSError, match="500"):
            forward.handler(event("arn:signals"), None)
        assert len(tasks.list_tasks(cluster="churn")["taskArns"]) == 1
        monkeypatch.setenv("CLUSTER", "gone")
        with pytest.raises(Exception, match="Cluster not found"):
            forward.handler(event("arn:signals"), None)
    assert json.loads(chat.requests[0].body) == {"text": "[churn] Data are broken\nColumn tenure is broken."}
    assert len(chat.requests) == 2  # where no check starts, Lambda tries again, and nobody is told twice


@pytest.mark.slow
def test_a_webhook_that_is_not_encrypted_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with aws(monkeypatch) as session:
        account(session, monkeypatch)
        session.create_client("ssm").put_parameter(Name="/churn/chat-webhook", Type="SecureString", Value="not set yet")
        with pytest.raises(ValueError, match=r"/churn/chat-webhook is no https://"):
            loaded().handler(event("arn:alerts"), None)
