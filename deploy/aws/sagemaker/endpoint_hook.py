"""Let a SageMaker endpoint serve what a person approved: `[hooks] after_approval = "python endpoint_hook.py"`.

Needs boto3, and of the environment: BUCKET, ENDPOINT, SERVING_IMAGE (an image that serves the artifact's folder), ENDPOINT_ROLE (an ARN), and
INSTANCE (ml.m5.large unless set). Everything is named by the digest, so that told twice it does nothing the second time, and a rollback finds
what it made before. A first time makes the endpoint. It succeeds once the endpoint answers with what was approved: one that takes longer than
this program waits is told again, and goes on from there.
"""

import io
import json
import os
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

_AT_MOST_SECONDS = 200  # churnops stops a hook after 240
_LOOK_SECONDS = 5
_BROKEN = ("Failed", "OutOfService", "UpdateRollbackFailed")  # it takes no update then


def main() -> None:
    """Read what moved from standard input; end with another code than 0 where the endpoint does not follow."""
    move = json.load(sys.stdin)
    until = time.monotonic() + _AT_MOST_SECONDS
    endpoint, name = os.environ["ENDPOINT"], f"{os.environ['ENDPOINT']}-{move['digest'][:16]}"
    sagemaker = boto3.client("sagemaker")
    if _found(sagemaker.describe_endpoint_config, EndpointConfigName=name) is None:
        _configure(sagemaker, name, _stored(move["digest"], Path(move["artifact"])), move)
    _follow(sagemaker, endpoint, name, until)


def _follow(sagemaker: Any, endpoint: str, name: str, until: float) -> None:
    """Change the endpoint's configuration, once what it is at has ended, and wait until it serves that."""
    asked = False
    while True:
        seen = _found(sagemaker.describe_endpoint, EndpointName=endpoint)
        status, config = (seen["EndpointStatus"], seen["EndpointConfigName"]) if seen else ("not there", None)
        if (status, config) == ("InService", name):
            return
        if status in _BROKEN or time.monotonic() > until:
            sys.exit(
                f"The endpoint {endpoint} is {status} with {config} instead of {name}. {(seen or {}).get('FailureReason', '')}".strip()
            )
        if not asked and seen is None:
            sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=name)
            asked = True
        elif not asked and status == "InService":
            sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=name)
            asked = True
        time.sleep(_LOOK_SECONDS)


def _stored(digest: str, artifact: Path) -> str:
    """The URL of the artifact as SageMaker takes it, a tar.gz under its digest."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(artifact, arcname=".")
    key = f"approved/{digest}/model.tar.gz"
    boto3.client("s3").put_object(Bucket=os.environ["BUCKET"], Key=key, Body=packed.getvalue())
    return f"s3://{os.environ['BUCKET']}/{key}"


def _configure(sagemaker: Any, name: str, url: str, move: dict[str, Any]) -> None:
    tags = [{"Key": "churnops:digest", "Value": move["digest"]}, {"Key": "churnops:ledger-row", "Value": str(move["row"])}]
    if _found(sagemaker.describe_model, ModelName=name) is None:
        sagemaker.create_model(
            ModelName=name,
            PrimaryContainer={"Image": os.environ["SERVING_IMAGE"], "ModelDataUrl": url},
            ExecutionRoleArn=os.environ["ENDPOINT_ROLE"],
            Tags=tags,
        )
    variant = {
        "VariantName": "champion",
        "ModelName": name,
        "InitialInstanceCount": 1,
        "InstanceType": os.environ.get("INSTANCE", "ml.m5.large"),
    }
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], Tags=tags)


def _found(describe: Any, **name: str) -> Any:
    """What SageMaker knows by this name, or None."""
    try:
        return describe(**name)
    except ClientError as error:
        if "Could not find" in error.response["Error"]["Message"]:
            return None
        raise


if __name__ == "__main__":
    main()
