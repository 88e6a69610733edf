"""The image, the compose file and the Kubernetes example: commands that churnops takes, without rights, on a root that is only read."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import typer
import yaml

from agent.cli import app
from tests.checkout import ROOT

DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
OURS = {name: service for name, service in COMPOSE["services"].items() if service["image"].startswith("${CHURNOPS_IMAGE")}
KUBERNETES = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text(encoding="utf-8")))


def last(instruction: str) -> str:
    """What the last such instruction of the Dockerfile says."""
    return re.findall(rf"^{instruction} (.*)$", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)[-1]


def pod() -> Any:
    (deployment,) = (one for one in KUBERNETES if one["kind"] == "Deployment")
    return deployment["spec"]["template"]["spec"]


COMMANDS = {
    **{name: service["command"] for name, service in OURS.items()},
    "Dockerfile": json.loads(last("CMD")),
    "kubernetes.yaml": pod()["containers"][0]["args"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_one_that_churnops_takes(name: str) -> None:
    group: Any = typer.main.get_command(app)
    _, found, rest = group.resolve_command(click.Context(group), list(COMMANDS[name]))
    found.make_context("churnops", list(rest))  # raises on what it does not take


def test_our_services_have_no_rights_and_write_to_the_workspace_alone() -> None:
    assert set(OURS) == {"serve", "watch", "mcp"}
    for service in OURS.values():
        assert service["read_only"] and service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"]
        assert service["user"].endswith(":-10001:10001}") and service["tmpfs"] == ["/tmp"]
        assert [volume.partition("}:")[2] for volume in service["volumes"]] == ["/workspace"]
    assert last("USER") == "10001:10001"


def test_nothing_listens_beyond_the_host_and_no_value_is_a_secret() -> None:
    for service in COMPOSE["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
        assert set(service.get("secrets", ())) <= set(COMPOSE["secrets"])
        assert not re.search(r"PASSWORD: |://[^\s/]+:[^\s/]+@", yaml.safe_dump(service.get("environment", {})))


def test_prometheus_asks_the_services_where_they_answer() -> None:
    jobs = yaml.safe_load((DEPLOY / "prometheus.yaml").read_text(encoding="utf-8"))["scrape_configs"]
    targets = [target for job in jobs for one in job["static_configs"] for target in one["targets"]]
    assert targets == ["serve:8000", "watch:9108"]
    assert "0.0.0.0:9108" in OURS["watch"]["command"] and OURS["serve"]["ports"] == ["127.0.0.1:8000:8000"]


def test_the_build_takes_files_that_are_there_and_lets_no_others_in() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    sources = [source for words in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE) for source in words.split()[:-1]]
    let_in = re.findall(r"^!(.*)$", (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(sources) == sorted(let_in)
    assert [source for source in sources if not source.startswith("dist/") and not (ROOT / source).is_file()] == []


def test_slim_takes_out_what_nothing_reads(tmp_path: Path) -> None:
    packages = tmp_path / "lib" / "python3.11" / "site-packages"
    stays = (
        "numpy/core.py",
        "numpy/tests.py",
        "pyarrow/lib.py",
        "evidently/legacy/tests/base_test.py",
        "botocore/data/s3/service.json",
        "botocore/data/endpoints.json",
    )
    goes = (
        "numpy/tests/test_core.py",
        "numpy/core.pyi",
        "pyarrow/_flight.so",
        "pyarrow/include/arrow.h",
        "botocore/data/ec2/service.json",
        "statsmodels/datasets/a/a.csv",
    )
    for name in (*stays, *goes):
        (packages / name).parent.mkdir(parents=True, exist_ok=True)
        (packages / name).write_text("")
    subprocess.run(["sh", str(DEPLOY / "slim"), str(tmp_path)], check=True, timeout=60)
    assert {path.relative_to(packages).as_posix() for path in packages.rglob("*") if path.is_file()} == set(stays)


def test_the_pods_are_probed_where_the_api_answers() -> None:
    (container,) = pod()["containers"]
    paths = {container[probe]["httpGet"]["path"] for probe in ("startupProbe", "livenessProbe")}
    assert paths == {"/healthz"} and container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod()["volumes"]}
    assert pod()["securityContext"]["runAsNonRoot"] and container["securityContext"]["readOnlyRootFilesystem"]
    assert pod()["terminationGracePeriodSeconds"] > 30  # what `serve` gives requests under way
