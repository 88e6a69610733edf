"""Who takes a picture gets one that shows the months; who takes none gets the text alone."""

import zlib
from dataclasses import replace
from email.message import EmailMessage

import numpy as np

from agent.watch.alerting import deliver, follow
from agent.watch.picture import picture
from agent.watch.sending import Picture, send
from pipeline.record.opened_workspace import Opened
from pipeline.state.check_figures import CheckFigures
from pipeline.workspace.alert_settings import AlertSettings
from pipeline.workspace.watch_settings import WatchSettings
from tests.agent.watch.destinations_of import mail_server, web_server
from tests.agent.watch.standing_cases import put_case, put_check
from tests.agent.watch.test_sending import MESSAGE
from tests.conftest import Clock

BLUE, GREY = (36, 113, 163), (205, 205, 205)


def pixels(png: bytes) -> np.ndarray:
    start = png.index(b"IDAT") + 4
    rows = zlib.decompress(png[start : png.index(b"IEND") - 8])
    return np.frombuffer(rows, dtype=np.uint8).reshape(160, 1 + 3 * 480)[:, 1:].reshape(160, 480, 3)


def put_months(opened: Opened) -> None:
    assert isinstance(opened.clock, Clock)
    for share, roc_auc in ((0.0, None), (0.5, 0.9), (1.0, 0.6)):
        put_check(opened, "no_deploy_needed", drift_share=share, roc_auc=roc_auc, figures=CheckFigures(rows=9))
        opened.clock.advance(days=30)


def test_it_shows_what_the_checks_measured(fresh: Opened) -> None:
    assert picture(fresh) is None
    put_months(fresh)
    found = picture(fresh)
    assert found is not None and found.caption.endswith("2026-11-21 to 2027-01-20.")
    shown = pixels(found.png)
    blue, grey = (np.all(shown == colour, axis=2) for colour in (BLUE, GREY))
    assert not blue[:, :235].any(), "nothing was measured yet"
    heights = [159 - np.flatnonzero(blue[:, column]).mean() for column in (245, 479)]
    assert [round(height / 159, 1) for height in heights] == [0.9, 0.6]
    assert grey[:, 0].sum() == 1 and grey[:, 479].sum() > 150


def attachments(mail: EmailMessage) -> list[tuple[str, bytes]]:
    return [(part.get_content_type(), part.get_content()) for part in mail.iter_attachments()]


def test_mail_has_it_and_a_destination_that_takes_none_has_the_text(fresh: Opened) -> None:
    put_months(fresh)
    found = picture(fresh)
    assert found is not None
    with mail_server() as server:
        send(server.url, MESSAGE, found)
    (mail,) = server.mails
    assert attachments(mail) == [("image/png", found.png)] and found.caption in mail.as_string().replace("=\n", "")
    with web_server() as web:
        send(f"gotify://127.0.0.1:{web.port}/token", MESSAGE, found)
    (request,) = web.requests
    assert b"Picture" not in request.body and b"All values are" in request.body


def test_a_destination_that_refuses_the_picture_still_hears_the_words(fresh: Opened) -> None:
    with web_server() as web:
        web.on_request = lambda: setattr(web, "answer", 413 if b"image/png" in web.requests[-1].body else 200)
        send(f"json://127.0.0.1:{web.port}/in", MESSAGE, Picture(b"png", "Look."))
    assert [b"image/png" in request.body for request in web.requests] == [True, False]


def test_a_message_about_the_model_brings_it(fresh: Opened) -> None:
    put_months(fresh)
    with mail_server() as server:
        alerts = AlertSettings(destinations=(server.url,))
        opened = replace(fresh, settings=fresh.settings.model_copy(update={"alerts": alerts, "watch": WatchSettings(silence="")}))
        put_case(opened, "needs_people")
        follow(opened)
        assert deliver(opened).arrived == 1
    assert [kind for kind, _ in attachments(server.mails[0])] == ["image/png"]
