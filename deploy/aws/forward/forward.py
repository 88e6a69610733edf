"""What a topic of SNS says goes to the team's chat; what comes by the topic `signals` starts a check first. Runs in AWS Lambda.

The chat's webhook is read from the parameter store each time, so a new one counts at once. Whatever fails raises: Lambda tries again twice,
then the message lies in a queue that an alarm watches. A message that comes twice starts one check, as its id is the start's token.
"""

import json
import os
from hashlib import sha256
from typing import Any
from urllib.request import Request, urlopen

import boto3

_LONGEST = 3000  # characters, which every chat takes
_PATIENCE_SECONDS = 10


def handler(event: dict[str, Any], _context: object) -> None:
    """Called by Lambda with an event of SNS, which holds one message, or more."""
    for record in event["Records"]:
        said = record["Sns"]
        if said["TopicArn"] == os.environ["SIGNALS_TOPIC"]:
            start_check(said["MessageId"])
        if os.environ["CHAT_PARAMETER"]:
            tell(said.get("Subject") or "churnops", said["Message"])


def start_check(message: str) -> None:
    """Start `churnops watch --once`; one that is at work keeps its turn, and the second says `busy`."""
    started = boto3.client("ecs").run_task(
        cluster=os.environ["CLUSTER"],
        taskDefinition=os.environ["TASK_DEFINITION"],
        launchType="FARGATE",
        clientToken=sha256(message.encode()).hexdigest(),
        networkConfiguration={
            "awsvpcConfiguration": {
                "subnets": os.environ["SUBNETS"].split(","),
                "securityGroups": [os.environ["SECURITY_GROUP"]],
                "assignPublicIp": "ENABLED",
            }
        },
    )
    if started.get("failures"):
        raise RuntimeError(f"The check did not start: {started['failures'][0].get('reason')}")


def tell(title: str, text: str) -> None:
    """Post to the chat, as Slack, Mattermost and Rocket.Chat take it."""
    parameter = boto3.client("ssm").get_parameter(Name=os.environ["CHAT_PARAMETER"], WithDecryption=True)
    webhook = parameter["Parameter"]["Value"]
    if not webhook.startswith("https://"):
        raise ValueError(f"The parameter {os.environ['CHAT_PARAMETER']} is no https:// webhook; put the chat's there.")
    body = json.dumps({"text": f"{title}\n{text}"[:_LONGEST]}).encode()
    request = Request(webhook, data=body, headers={"Content-Type": "application/json"})
    with urlopen(request, timeout=_PATIENCE_SECONDS):
        pass
