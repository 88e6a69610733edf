"""The team's own trainer as a SageMaker training job: `[training] command = "python training_job.py"`; docs/own-trainer.md has the contract.

Needs boto3, and of the environment: BUCKET, TRAINING_IMAGE, TRAINING_ROLE (an ARN), INSTANCE (ml.m5.large unless set) and MAX_SECONDS (600 unless
set), after which SageMaker ends the job: give it, and `training.time_limit_seconds`, as long as a training takes. The image finds
`train.parquet` and `gate.parquet` in the channel `data`, the seed and what was asked for among its hyperparameters, and leaves `model/` and
`metrics.json` in /opt/ml/model, which SageMaker brings back as a tar.gz. Told to end (SIGTERM), this program stops the job. churnops kills it at its own time limit, and the job
then ends by MAX_SECONDS.
"""

import argparse
import os
import signal
import sys
import tarfile
import tempfile
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError

_LOOK_SECONDS = 5


def main() -> None:
    """Train, and leave what the contract asks for in `--out`."""
    asked = _asked()
    bucket, name = os.environ["BUCKET"], f"churnops-{uuid.uuid4().hex[:16]}"
    store, sagemaker = boto3.client("s3"), boto3.client("sagemaker")
    for file, path in (("train.parquet", asked.train), ("gate.parquet", asked.gate)):
        store.upload_file(str(path), bucket, f"trainings/{name}/data/{file}")
    # Told to end, Python raises SystemExit from here on, and `finally` below stops the job.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    done = None
    try:
        sagemaker.create_training_job(**_job(asked, bucket, name))
        done = _ended(sagemaker, name)
    finally:
        if done is None:
            with suppress(ClientError):  # it was never made, or has ended
                sagemaker.stop_training_job(TrainingJobName=name)
    if done["TrainingJobStatus"] != "Completed":
        sys.exit(f"The job {name} ended as {done['TrainingJobStatus']}: {done.get('FailureReason', 'it gives no reason')}")
    _fetch(store, done["ModelArtifacts"]["S3ModelArtifacts"], asked.out)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    for name in ("--train", "--gate", "--out"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--seed", required=True)
    parser.add_argument("--estimator")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    return parser.parse_args()


def _job(asked: argparse.Namespace, bucket: str, name: str) -> dict[str, Any]:
    chosen = {"seed": asked.seed, **dict(one.split("=", 1) for one in asked.set)}
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/trainings/{name}/data", "S3DataDistributionType": "FullyReplicated"}
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": os.environ["TRAINING_IMAGE"], "TrainingInputMode": "File"},
        "RoleArn": os.environ["TRAINING_ROLE"],
        "HyperParameters": chosen | ({"estimator": asked.estimator} if asked.estimator else {}),
        "InputDataConfig": [{"ChannelName": "data", "DataSource": {"S3DataSource": source}}],
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/trainings/{name}/out"},
        "ResourceConfig": {"InstanceType": os.environ.get("INSTANCE", "ml.m5.large"), "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": int(os.environ.get("MAX_SECONDS", "600"))},
    }


def _ended(sagemaker: Any, name: str) -> dict[str, Any]:
    while True:
        time.sleep(_LOOK_SECONDS)
        seen: dict[str, Any] = sagemaker.describe_training_job(TrainingJobName=name)
        if seen["TrainingJobStatus"] in {"Completed", "Failed", "Stopped"}:
            return seen


def _fetch(store: Any, url: str, out: Path) -> None:
    place = urlsplit(url)
    with tempfile.TemporaryFile() as packed:
        store.download_fileobj(place.netloc, place.path.lstrip("/"), packed)
        packed.seek(0)
        with tarfile.open(fileobj=packed, mode="r:gz") as archive:
            archive.extractall(out, filter="data")  # nothing outside `out`, whatever the image packed


if __name__ == "__main__":
    main()
