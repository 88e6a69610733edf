"""Where messages go: what the settings name, who of them hears of an alert, and the secrets that are filled in only to send."""

import hashlib
import os
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from pipeline.errors import SettingsError
from pipeline.record.opened_workspace import Opened
from pipeline.state.alerts import SEVERITIES, Alert
from pipeline.state.outbox import Phase
from pipeline.workspace.alert_settings import Route
from pipeline.workspace.mounted_secrets import secret

HOOKS = {"hook": "http", "hooks": "https"}
TOPIC = "arn:"  # a topic of Amazon SNS is named by its ARN, and reached by the role that this process has
_NAME = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True)
class Destination:
    """One destination. `id` says nothing of its secrets, and is the same for as long as the settings say the same."""

    id: str
    route: Route

    @property
    def name(self) -> str:
        """For people: no more of the URL than its scheme, as the rest may be a secret."""
        if self.route.to.startswith(TOPIC):
            return f"SNS {self.route.to.rpartition(':')[2][:60]} ({self.id[:6]})"
        scheme = self.route.to.partition("://")[0]
        return f"{scheme[:40]} ({self.id[:6]})" if "://" in self.route.to and "$" not in scheme else f"{scheme[:60]} ({self.id[:6]})"


def destinations(opened: Opened) -> tuple[Destination, ...]:
    """What [alerts] names, each once."""
    settings = opened.settings.alerts
    routes = (*(Route(to=url) for url in settings.destinations), *settings.routes)
    return tuple({destination.id: destination for destination in map(_destination, routes)}.values())


def _destination(route: Route) -> Destination:
    return Destination(hashlib.sha256(route.model_dump_json().encode()).hexdigest()[:16], route)


def told(all_: Collection[Destination], alert: Alert, phase: Phase, before: Collection[str]) -> tuple[Destination, ...]:
    """Who of the destinations hears of this phase. First whoever owns what is broken, where such a route is; from the first reminder on all
    others, too, and those for escalation. That it is over hears who heard `before` (ids)."""
    if phase in {"over", "again"}:
        return tuple(one for one in all_ if one.id in before)
    said = alert.condition
    hear = [
        one
        for one in all_
        if (not one.route.kinds or said.kind in one.route.kinds)
        and SEVERITIES.index(said.severity) >= SEVERITIES.index(one.route.severity)
        and (not one.route.owner or _owns(one.route.owner, said.owners))
    ]
    if phase == "reminder":
        return tuple(hear)
    owning = [one for one in hear if one.route.owner and not one.route.escalation]
    return tuple(owning or (one for one in hear if not one.route.escalation))


def _owns(name: str, owners: Collection[str]) -> bool:
    return any(name.casefold() in owner.casefold() for owner in owners)


def filled(text: str, environment: Mapping[str, str]) -> str:
    """The text with each ${NAME} replaced by the variable NAME, or by what the file holds that the variable NAME_FILE names; quoted in the query
    of a webhook of our own, where + & # and % mean something else.

    Raises:
        SettingsError: neither is set, or the file cannot be read.
    """

    query = text.find("?") if text.partition("://")[0] in HOOKS else -1

    def value(match: re.Match[str]) -> str:
        name = match[1]
        found = secret(name, environment)
        if found is None:
            raise SettingsError(f"A destination needs the variable {name}.", f"Set {name}, or {name}_FILE to a file that holds it.")
        return quote(found, safe="") if 0 <= query < match.start() else found

    return _NAME.sub(value, text)


def usable(opened: Opened, one: Destination) -> str:
    """The URL of a destination, with its secrets.

    Raises:
        SettingsError: a variable is missing, Apprise does not know it or is not installed, or churnops.toml holds a secret of it.
    """
    written = tomllib.loads(opened.workspace.settings_file.read_text(encoding="utf-8")).get("alerts", {})
    in_file = {*written.get("destinations", ()), *(route.get("to") for route in written.get("routes", ()))}
    if one.route.to in in_file and not _NAME.search(one.route.to) and _holds_secret(one.route.to):
        raise SettingsError(
            f"{opened.workspace.settings_file}: a destination under [alerts] ({one.name}) holds a secret.",
            "Write it as ${NAME}, and set the variable NAME, or NAME_FILE to a file that holds it.",
        )
    url = filled(one.route.to, os.environ)
    if not url.startswith(TOPIC) and url.partition("://")[0] not in HOOKS and notifier(url) is None:
        webhook = "For a webhook write hook:// or hooks:// instead; " if url.startswith(("http://", "https://")) else ""
        raise SettingsError(
            f"A destination under [alerts] ({one.name}) is none that Apprise knows.", f"{webhook}docs/watch.md has examples."
        )
    return url


def unusable(opened: Opened) -> tuple[str, ...]:
    """Why no message could reach a destination, by destination: found before one is due."""
    found = []
    for one in destinations(opened):
        try:
            usable(opened, one)
        except SettingsError as error:
            found.append(f"No alert can reach {one.name}: {error}")
    return tuple(found)


def notifier(url: str) -> "object | None":
    """Apprise's notifier of a URL; None where it knows none.

    Raises:
        SettingsError: Apprise is not installed.
    """
    import logging

    try:
        import apprise
    except ModuleNotFoundError as error:
        raise SettingsError("Alerts need the package Apprise.", "Install churnops with the extra `watch`.") from error
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # it logs URLs, secrets and all
    found: object | None = apprise.Apprise.instantiate(url, suppress_exceptions=True)
    return found


def _holds_secret(url: str) -> bool:
    """Whether a URL holds what Apprise, or the signature of a webhook, keeps from sight."""
    if url.startswith(TOPIC):
        return False
    if url.partition("://")[0] in HOOKS:
        return "secret=" in url
    found = notifier(url)
    return found is not None and found.url(privacy=True) != found.url(privacy=False)  # type: ignore[attr-defined]
