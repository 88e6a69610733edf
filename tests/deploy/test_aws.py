"""What stands under deploy/aws: names that are declared, commands that churnops takes, no secret in a task, rights no wider than said."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import typer

from agent.cli import app
from tests.checkout import ROOT

AWS = ROOT / "deploy" / "aws"
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in sorted(AWS.glob("*.tf"))}
ALL = re.sub(r"(?m)^\s*#.*$", "", "\n".join(TEXTS.values()))
# Actions that AWS gives no resource to; each is named in a reason beside it.
WITHOUT_RESOURCE = {
    "ecr:GetAuthorizationToken",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
}


def test_every_name_is_declared_and_every_declared_variable_is_used() -> None:
    declared = {f"{kind}.{name}" for kind, name in re.findall(r'^(?:resource|ephemeral) "(\w+)" "(\w+)"', ALL, re.MULTILINE)}
    read = {f"{kind}.{name}" for kind, name in re.findall(r'^data "(\w+)" "(\w+)"', ALL, re.MULTILINE)}
    assert set(re.findall(r"(?<!data\.)\b((?:aws|random)_\w+\.\w+)", ALL)) <= declared
    assert set(re.findall(r"\bdata\.(\w+\.\w+)", ALL)) == read
    assert set(re.findall(r"\bvar\.(\w+)", ALL)) == set(re.findall(r'^variable "(\w+)"', ALL, re.MULTILINE))


def test_the_tasks_run_commands_that_churnops_takes() -> None:
    commands = [json.loads(found) for found in re.findall(r'command\s*= (\["--log-json".*?\])', TEXTS["tasks.tf"])]
    assert [command[1] for command in commands] == ["serve", "mcp", "watch"]
    group: Any = typer.main.get_command(app)
    for command in commands:
        _, found, rest = group.resolve_command(click.Context(group), command[1:])
        found.make_context("churnops", list(rest))  # raises on what it does not take


def test_a_task_is_told_where_secrets_lie_and_none_is_in_its_environment() -> None:
    environment = dict(re.findall(r'\{ name = "(\w+)", value = (.*?) \},', TEXTS["tasks.tf"]))
    assert environment["CHURNOPS_DATABASE_URL_FILE"] == '"ssm:${aws_ssm_parameter.database_url.name}"'
    assert [name for name in environment if re.search(r"KEY|PASSWORD|SECRET|TOKEN|_URL$", name)] == []
    # Write-only arguments are kept in no state.
    assert set(re.findall(r"^ +(\w+) += .*ephemeral\.", ALL, re.MULTILINE)) == {"password_wo", "value_wo"}
    assert not re.search(r"^ +(?:password|value) +=", TEXTS["secrets.tf"], re.MULTILINE)


def statements(file: str) -> list[str]:
    """The statements of policies in a file, each as it stands there."""
    return re.split(r"(?m)^  (?:dynamic \")?statement\b", TEXTS[file])[1:]


def test_a_workflow_pushes_images_and_starts_nothing() -> None:
    actions = set(re.findall(r'"((?:iam|ecs|ecr|ssm|lambda|s3):\w+)"', " ".join(statements("github.tf"))))
    assert actions and {action.partition(":")[0] for action in actions} == {"ecr"}


def test_events_may_publish_without_a_condition_that_they_never_meet_and_alarms_with_one() -> None:
    conditions = {
        name: "condition {" in one.partition("\n  }")[0]
        for one in statements("alerts.tf")
        for name in re.findall(r'"(\w+)\.amazonaws\.com"', one)
    }
    assert conditions["events"] is False and conditions["cloudwatch"] is True


def test_a_watch_that_is_dead_is_told_to_people_too() -> None:
    alarm = TEXTS["alarms.tf"].partition('"not_scheduled"')[2].partition("\n}")[0]
    assert re.search(r"alarm_actions .*signals\.arn, aws_sns_topic\.alerts\.arn\]", alarm) and "ok_actions" in alarm


@pytest.mark.slow
def test_the_files_parse_and_no_right_is_wider_than_said(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path)], check=True, timeout=120)
    installed = subprocess.run(
        [tmp_path / "bin/pip", "install", "--quiet", "python-hcl2>=7"], capture_output=True, text=True, timeout=300, check=False
    )
    if installed.returncode:
        pytest.skip("python-hcl2 cannot be installed: no package index answers")
    trees = {}
    for path in sorted(AWS.glob("*.tf")):
        made = subprocess.run([tmp_path / "bin/hcl2tojson", path], capture_output=True, text=True, timeout=60, check=True)
        trees[path.name] = json.loads(made.stdout)
    documents = [
        document
        for tree in trees.values()
        for one in tree.get("data", ())
        for document in one.get('"aws_iam_policy_document"', {}).values()
    ]
    assert len(documents) >= 8
    for statement in (statement for document in documents for statement in document.get("statement", ())):
        actions = {action.strip('"') for action in statement["actions"]}
        allowed = statement.get("effect", '"Allow"') == '"Allow"'
        assert not allowed or not any("*" in action for action in actions)
        if allowed and '"*"' in statement.get("resources", ()):
            assert actions <= WITHOUT_RESOURCE
    open_to = [
        rule
        for tree in trees.values()
        for one in tree.get("resource", ())
        for rule in one.get('"aws_vpc_security_group_ingress_rule"', {}).values()
    ]
    assert open_to and all("cidr_ipv4" not in rule and "referenced_security_group_id" in rule for rule in open_to)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("terraform") is None, reason="no terraform is installed")
def test_the_files_stand_as_terraform_formats_them() -> None:
    found = subprocess.run(["terraform", "fmt", "-check", "-recursive", str(AWS)], capture_output=True, text=True, timeout=60, check=False)
    assert (found.returncode, found.stdout) == (0, "")


def rows() -> list[list[str]]:
    """The cost table of docs/aws.md, without head and sum."""
    table = (ROOT / "docs" / "aws.md").read_text(encoding="utf-8").partition("| what |")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def test_the_costs_add_up_and_stay_below_thirty_dollars() -> None:
    *parts, (name, _, _, total) = rows()
    assert name == "**sum**" and len(parts) > 8
    amounts = []
    for _, quantity, price, amount in parts:
        numbers = [float(number.replace(",", "")) for number in re.findall(r"[\d,.]*\d", quantity.partition("(")[0])]
        product = float(re.findall(r"[\d.]+", price)[0])
        for number in numbers:
            product *= number
        assert float(amount) == pytest.approx(product, abs=0.0051)
        amounts.append(float(amount))
    assert float(total.strip("*")) == pytest.approx(sum(amounts), abs=0.001) and sum(amounts) <= 30
