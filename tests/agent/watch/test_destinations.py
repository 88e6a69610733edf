"""Who hears of what, and that no secret stands in churnops.toml."""

import hashlib
import hmac
from pathlib import Path

import pytest

from agent.watch.destinations import Destination, destinations, filled, told, unusable, usable
from agent.watch.sending import send
from pipeline.errors import SettingsError
from pipeline.record.opened_workspace import Opened, open_workspace
from pipeline.state.alerts import Alert, AlertKind, Condition, Severity
from pipeline.workspace.alert_settings import Route
from prompts import policy_text
from tests.agent.watch.destinations_of import web_server
from tests.agent.watch.test_sending import MESSAGE
from tests.conftest import NOON, Clock

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"


def alert(kind: AlertKind = "people_must_act", severity: Severity = "warning", *owners: str) -> Alert:
    return Alert(1, Condition("k", kind, severity, "T", "S", owners=owners), NOON, None, None, None, 0)


def named(*routes: Route) -> tuple[Destination, ...]:
    return tuple(Destination(route.to, route) for route in routes)


ALL, CRITICAL = Route(to="all://"), Route(to="critical://", severity="critical")
DEPLOYS, ADA = Route(to="deploys://", kinds=("deployed",)), Route(to="ada://", owner="ada@example.com")
ON_CALL = Route(to="on-call://", escalation=True)
EVERY = named(ALL, CRITICAL, DEPLOYS, ADA, ON_CALL)


@pytest.mark.parametrize(
    ("one", "hear"),
    [
        (alert(), {"all://"}),
        (alert("monitoring_failed", "critical"), {"all://", "critical://"}),
        (alert("deployed", "info"), {"all://", "deploys://"}),
        (alert("people_must_act", "warning", "Ada <Ada@example.com>"), {"ada://"}),
        (alert("people_must_act", "warning", "Bob <bob@example.com>"), {"all://"}),
    ],
    ids=["anything", "critical", "a deploy", "her own", "of somebody without a route"],
)
def test_who_hears_first(one: Alert, hear: set[str]) -> None:
    assert {destination.id for destination in told(EVERY, one, "first", ())} == hear


def test_when_nobody_takes_it_on_all_others_hear_too() -> None:
    hers = alert("people_must_act", "warning", "Ada <ada@example.com>")
    assert {one.id for one in told(EVERY, hers, "reminder", ("ada://",))} == {"ada://", "all://", "on-call://"}


def test_that_it_is_over_hears_who_heard_of_it() -> None:
    assert [one.id for one in told(EVERY, alert(), "over", ("ada://", "forgotten://"))] == ["ada://"]


def test_a_secret_comes_from_a_variable_or_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from a file\n")
    environment = {"ONE": "1", "TWO_FILE": str(tmp_path / "secret"), "ONE_FILE": "unread"}
    assert filled("a://${ONE}/${TWO}", environment) == "a://1/from a file"


def test_a_secret_in_the_query_of_a_webhook_arrives_as_it_is_whatever_is_in_it() -> None:
    secret = "a+b&team=x#c%41 /"
    with web_server() as server:
        send(filled(f"hook://127.0.0.1:{server.port}/${{PATH}}?secret=${{KEY}}", {"KEY": secret, "PATH": "in/box"}), MESSAGE)
    (came,) = server.requests
    signed = hmac.new(secret.encode(), f"{MESSAGE.sent_at}.".encode() + came.body, hashlib.sha256).hexdigest()
    assert (came.path, came.headers["x-churnops-signature"]) == ("/in/box", f"sha256={signed}")


@pytest.mark.parametrize(
    ("environment", "said"),
    [({}, "needs the variable HOOK. Set HOOK, or HOOK_FILE"), ({"HOOK_FILE": "/nowhere"}, "that HOOK_FILE names cannot be read")],
)
def test_a_secret_that_is_not_there_is_said(environment: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        filled("${HOOK}", environment)


def check_destinations(opened: Opened) -> tuple[Destination, ...]:
    found = destinations(opened)
    for one in found:
        usable(opened, one)
    return found


def reopened(opened: Opened, more: str) -> Opened:
    text = opened.workspace.settings_file.read_text()
    before, after = text.split("\n[alerts]\n")[0], text[text.index("\n[engine]\n") :]
    opened.workspace.settings_file.write_text(f"{before}\n[alerts]\n{more}\n{after}")
    return open_workspace(opened.workspace.root, policy_text(), Clock())


@pytest.mark.parametrize(
    "url",
    [
        SLACK,
        "json://ada:secret@example.com/in",
        "mailtos://ada:secret@example.com",
        "hooks://example.com/in?secret=s",
        "pagerduty://abc@def",
    ],
)
@pytest.mark.parametrize("key", ['destinations = ["{}"]', 'routes = [{{ to = "{}" }}]'])
def test_a_secret_in_the_settings_file_is_refused_and_not_repeated(fresh: Opened, url: str, key: str) -> None:
    with pytest.raises(SettingsError, match=r"a destination under \[alerts\].*holds a secret") as refused:
        check_destinations(reopened(fresh, key.format(url)))
    assert url.partition("://")[2] not in str(refused.value)


def test_destinations_without_secrets_and_with_secrets_from_outside_are_fine(fresh: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEAM_SLACK", SLACK)
    monkeypatch.setenv("HOOK_SECRET", "s")
    one = reopened(
        fresh, 'destinations = ["${TEAM_SLACK}", "hooks://example.com/in?secret=${HOOK_SECRET}", "mailto://localhost?from=a@b.c&to=d@e.f"]'
    )
    assert [destination.name.partition(" ")[0] for destination in check_destinations(one)] == ["${TEAM_SLACK}", "hooks", "mailto"]
    monkeypatch.setenv("CHURNOPS_ALERTS__DESTINATIONS", f'["{SLACK}"]')
    two = open_workspace(fresh.workspace.root, policy_text(), Clock())
    assert len(check_destinations(two)) == 1
    assert "T1JJ3T3L2" not in destinations(two)[0].name + repr(two.settings.alerts)


def test_what_apprise_does_not_know_is_said(fresh: Opened) -> None:
    with pytest.raises(SettingsError, match=r"is none that Apprise knows. docs/watch.md"):
        check_destinations(reopened(fresh, 'destinations = ["nonsense://here"]'))


def test_who_writes_http_hears_how_a_webhook_is_written(fresh: Opened) -> None:
    with pytest.raises(SettingsError, match="For a webhook write hook:// or hooks:// instead"):
        check_destinations(reopened(fresh, 'destinations = ["http://example.com/in"]'))


def test_a_destination_that_lacks_its_variable_is_found_before_a_message_is_due(fresh: Opened) -> None:
    (wrong,) = unusable(reopened(fresh, 'destinations = ["${NOBODY_SET_THIS}"]'))
    assert "No alert can reach" in wrong
    assert "Set NOBODY_SET_THIS, or NOBODY_SET_THIS_FILE" in wrong
