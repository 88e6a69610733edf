"""An alert to a topic of SNS arrives where somebody subscribed: through moto's server, into its queue."""

import json
from typing import Any

import pytest

from agent.watch.destinations import Destination
from agent.watch.sending import NotDelivered, send
from pipeline.workspace.alert_settings import Route
from tests.agent.watch.test_sending import MESSAGE
from tests.aws import aws


def subscribed(session: Any) -> tuple[str, Any, str]:
    """A topic's ARN, and a queue that hears it."""
    sns, queues = session.create_client("sns"), session.create_client("sqs")
    topic = sns.create_topic(Name="churnops-alerts")["TopicArn"]
    queue = queues.create_queue(QueueName="team")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return topic, queues, queue


@pytest.mark.slow
def test_an_alert_reaches_who_subscribed_with_its_words_and_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with aws(monkeypatch) as session:
        topic, queues, queue = subscribed(session)
        send(topic, MESSAGE)
        (came,) = queues.receive_message(QueueUrl=queue)["Messages"]
        missing = f"{topic}-gone"
        with pytest.raises(NotDelivered, match=r"SNS refused it \(NotFound"):
            send(missing, MESSAGE)
    said = json.loads(came["Body"])
    assert said["Subject"] == MESSAGE.title
    assert "To call: Ada" in said["Message"] and MESSAGE.key[:16] in said["Message"]
    assert said["MessageAttributes"]["key"]["Value"] == MESSAGE.key


@pytest.mark.parametrize("named", ["arn:aws:s3:::bucket", "arn:aws:sns:eu-central-1:123456789012:a/b"])
def test_what_is_no_topic_is_refused_before_anybody_is_asked(named: str) -> None:
    with pytest.raises(NotDelivered, match="no ARN of an SNS topic"):
        send(named, MESSAGE)


def test_an_endpoint_that_is_none_is_a_message_that_did_not_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("botocore", reason="no botocore is installed")
    keys = {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "not-secret", "AWS_EC2_METADATA_DISABLED": "true"}
    for name, value in {**keys, "AWS_ENDPOINT_URL": "http://["}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(NotDelivered, match=r"SNS does not answer \(ValueError\)"):
        send("arn:aws:sns:eu-central-1:123456789012:churnops-alerts", MESSAGE)


def test_people_read_the_topic_and_not_the_account() -> None:
    one = Destination("abcdef0123456789", Route(to="arn:aws:sns:eu-central-1:123456789012:churnops-alerts"))
    assert one.name == "SNS churnops-alerts (abcdef)"
