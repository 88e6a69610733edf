"""The examples for SageMaker against moto's server: the hook as the watch runs it, the trainer as a training does."""

import importlib.util
import io
import json
import subprocess
import sys
import tarfile
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import TrainingError
from pipeline.training.team_trainer import run_own_trainer
from tests.aws import aws
from tests.checkout import ROOT

EXAMPLES = ROOT / "deploy" / "aws" / "sagemaker"
NAMES = {
    "BUCKET": "churn-models",
    "ENDPOINT": "churn",
    "SERVING_IMAGE": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/serve:1",
    "TRAINING_IMAGE": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/train:1",
    "ENDPOINT_ROLE": "arn:aws:iam::123456789012:role/endpoint",
    "TRAINING_ROLE": "arn:aws:iam::123456789012:role/training",
}


def prepared(session: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in NAMES.items():
        monkeypatch.setenv(name, value)
    store = session.create_client("s3")
    store.create_bucket(Bucket=NAMES["BUCKET"], CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    return store


def teach_update(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Moto knows no UpdateEndpoint: another configuration for an endpoint that is there, which it serves after so many seconds."""
    from moto.core.responses import ActionResult
    from moto.sagemaker.responses import SageMakerResponse

    def update_endpoint(self: Any) -> Any:
        endpoint = self.sagemaker_backend.endpoints[self._get_param("EndpointName")]
        assert self._get_param("EndpointConfigName") in self.sagemaker_backend.endpoint_configs
        assert endpoint.endpoint_status == "InService"
        endpoint.endpoint_status, config = "Updating", self._get_param("EndpointConfigName")

        def serves() -> None:
            endpoint.endpoint_config_name, endpoint.endpoint_status = config, "InService"

        timer = threading.Timer(seconds, serves)
        timer.daemon = True
        timer.start()
        return ActionResult({"EndpointArn": endpoint.arn})

    monkeypatch.setattr(SageMakerResponse, "update_endpoint", update_endpoint, raising=False)


def packed(files: dict[str, str]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return made.getvalue()


@pytest.mark.slow
def test_the_endpoint_follows_a_deploy_and_a_rollback_and_a_repetition_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tell(digest: str, row: int) -> None:
        (tmp_path / digest).mkdir(exist_ok=True)
        (tmp_path / digest / "model.bin").write_text(digest)
        told = {"key": "k", "row": row, "digest": digest, "artifact": str(tmp_path / digest)}
        subprocess.run([sys.executable, str(EXAMPLES / "endpoint_hook.py")], input=json.dumps(told).encode(), check=True, timeout=120)

    with aws(monkeypatch) as session:
        store, sagemaker = prepared(session, monkeypatch), session.create_client("sagemaker")
        teach_update(monkeypatch, 0.5)
        served = []
        for digest, row in (("a" * 64, 9), ("b" * 64, 12), ("b" * 64, 12), ("a" * 64, 15)):
            tell(digest, row)
            served.append(sagemaker.describe_endpoint(EndpointName="churn")["EndpointConfigName"])
        model = sagemaker.describe_model(ModelName=served[1])
        kept = store.get_object(Bucket=NAMES["BUCKET"], Key=f"approved/{'b' * 64}/model.tar.gz")["Body"].read()
        assert len(sagemaker.list_models()["Models"]) == 2
    assert [name[-2:] for name in served] == ["aa", "bb", "bb", "aa"]
    assert model["PrimaryContainer"]["ModelDataUrl"].endswith(f"{'b' * 64}/model.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(kept)) as archive:
        assert "./model.bin" in archive.getnames()


def loaded() -> Any:
    spec = importlib.util.spec_from_file_location("endpoint_hook", EXAMPLES / "endpoint_hook.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_an_endpoint_that_does_not_follow_in_time_or_is_broken_is_no_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hook = loaded()
    monkeypatch.setattr(hook, "_LOOK_SECONDS", 0.05)

    def tell(letter: str) -> None:
        told = {"key": "k", "row": 9, "digest": letter * 64, "artifact": str(tmp_path)}
        monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(told)))
        hook.main()

    with aws(monkeypatch) as session:
        prepared(session, monkeypatch)
        teach_update(monkeypatch, 600)
        tell("a")
        monkeypatch.setattr(hook, "_AT_MOST_SECONDS", 0.5)
        for _ in range(2):  # told again, it updates nothing that is being updated
            with pytest.raises(SystemExit, match=f"is Updating with churn-{'a' * 16} instead of churn-{'b' * 16}"):
                tell("b")
        backends = pytest.importorskip("moto.sagemaker.models").sagemaker_backends
        backends["123456789012"]["eu-central-1"].endpoints["churn"].endpoint_status = "Failed"
        with pytest.raises(SystemExit, match="is Failed"):
            tell("b")


@pytest.mark.slow
def test_a_training_job_leaves_what_a_trainer_must_and_a_failed_one_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "train.parquet").write_bytes(b"train")
    (tmp_path / "gate.parquet").write_bytes(b"gate")

    def train(out: str) -> dict[str, float]:
        command = (sys.executable, str(EXAMPLES / "training_job.py"), "--set", "max_depth=4")
        return run_own_trainer(command, tmp_path / "train.parquet", tmp_path / "gate.parquet", tmp_path / out, 7, tmp_path)

    with aws(monkeypatch) as session:
        store, sagemaker = prepared(session, monkeypatch), session.create_client("sagemaker")
        monkeypatch.setenv("MAX_SECONDS", "900")
        left = {"model/MLmodel": "flavors: {}", "metrics.json": '{"roc_auc": 0.8}'}

        def image() -> None:
            """Moto ends a job at once, and where its model would be: what the image packs is put there as it packs it."""
            while not (jobs := sagemaker.list_training_jobs()["TrainingJobSummaries"]):
                time.sleep(0.3)
            job = sagemaker.describe_training_job(TrainingJobName=jobs[0]["TrainingJobName"])
            seen.append(job)
            place = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix(f"s3://{NAMES['BUCKET']}/")
            store.put_object(Bucket=NAMES["BUCKET"], Key=place, Body=packed(left))

        seen: list[dict[str, Any]] = []
        threading.Thread(target=image, daemon=True).start()
        assert train("out") == {"roc_auc": 0.8}
        assert (tmp_path / "out" / "model" / "MLmodel").is_file()
        assert seen[0]["StoppingCondition"]["MaxRuntimeInSeconds"] == 900
        assert seen[0]["HyperParameters"] == {"seed": "7", "max_depth": "4"}
        names = [one["Key"].rpartition("/")[2] for one in store.list_objects_v2(Bucket=NAMES["BUCKET"], Prefix="trainings/")["Contents"]]
        assert {"train.parquet", "gate.parquet"} <= set(names)
        monkeypatch.setenv("BUCKET", "gone")
        with pytest.raises(TrainingError, match="NoSuchBucket"):
            train("refused")
