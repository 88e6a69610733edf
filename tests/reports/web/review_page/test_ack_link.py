"""The link of a message asks, and its form says who has the alert; a link for one alert is none for another, and opens nothing else."""

import stat
import threading
from dataclasses import replace

from agent.watch.message import written
from pipeline.record.opened_workspace import Opened
from pipeline.state.alerts import Alert, Condition, alert_in, end_in, raise_in
from pipeline.workspace.alert_settings import AlertSettings
from reports.ack_links import PATH, ack_link, alert_of_link
from tests.conftest import NOON
from tests.reports.web.review_page.browser import Browser

FORM = {"content-type": "application/x-www-form-urlencoded"}


def put_alert(opened: Opened, key: str = "a") -> Alert:
    with opened.state.write() as connection:
        alert = raise_in(connection, Condition(key, "people_must_act", "warning", "<b>The data are broken</b>", "All of it."), NOON)
    assert alert is not None
    return alert


def known(opened: Opened, number: int) -> Alert:
    with opened.state.read() as connection:
        return alert_in(connection, number)


def test_to_follow_it_changes_nothing_and_to_send_its_form_says_who(fresh: Opened) -> None:
    alert, stranger = put_alert(fresh), Browser(fresh)
    address = f"{PATH}/{ack_link(fresh, alert)}"
    asked = stranger.client.get(address)
    assert asked.status_code == 200 and "&lt;b&gt;The data are broken" in asked.text and "I have it" in asked.text
    assert known(fresh, alert.number).waits
    nobody = stranger.client.post(address, content="who=%20", headers=FORM)
    assert nobody.status_code == 422 and known(fresh, alert.number).waits
    assert stranger.client.post(address, content="who=Ada", headers=FORM).status_code == 303
    assert known(fresh, alert.number).acked_by == "Ada (by the link of a message)"
    assert "Ada (by the link of a message)</strong> has it" in stranger.client.get(address).text
    assert stranger.client.post(address, content="who=Bob", headers=FORM).status_code == 409
    elsewhere = stranger.client.post(address, content="who=Eve", headers={**FORM, "origin": "https://elsewhere.example"})
    assert elsewhere.status_code == 403


def test_it_is_for_one_alert_of_one_workspace_and_is_over_with_it(fresh: Opened, trained: Opened) -> None:
    first, second = put_alert(fresh), put_alert(fresh, "b")
    link = ack_link(fresh, first)
    assert alert_of_link(fresh, link) == first
    forged = (f"{second.number}-{link.partition('-')[2]}", f"{first.number}-{'0' * 40}", "", "1", f"99-{'0' * 40}", f"{link}0")
    assert [alert_of_link(fresh, one) for one in forged] == [None] * len(forged)
    put_alert(trained)
    assert alert_of_link(trained, link) is None
    assert Browser(fresh).client.get(f"{PATH}/{forged[0]}").status_code == 403
    with fresh.state.write() as connection:
        end_in(connection, first.number, NOON)
    assert "It is over." in Browser(fresh).client.get(f"{PATH}/{link}").text


def test_messages_have_it_where_the_page_has_an_address(fresh: Opened) -> None:
    alert = put_alert(fresh)
    assert "/review/ack" not in written(fresh, alert, "first")[1]
    at_home = replace(fresh, settings=fresh.settings.model_copy(update={"alerts": AlertSettings(page="https://churn.example.com/")}))
    assert f"https://churn.example.com{PATH}/{ack_link(fresh, alert)}" in written(at_home, alert, "first")[1]


def test_of_processes_that_make_the_key_at_once_all_use_the_same_and_others_cannot_read_it(fresh: Opened) -> None:
    alert, found = put_alert(fresh), list[str]()
    threads = [threading.Thread(target=lambda: found.append(ack_link(fresh, alert))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len(set(found)) == 1
    key = fresh.workspace.home / "ack_key"
    assert stat.S_IMODE(key.stat().st_mode) & 0o007 == 0 and len(key.read_bytes()) == 32
    assert [path.name for path in key.parent.iterdir() if path.name.startswith(".ack_key")] == []
