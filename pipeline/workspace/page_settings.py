"""The section [page]: where people reach the review page through a proxy, and whom they are there."""

import re
from ipaddress import ip_address, ip_network
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from pipeline.workspace.section import Section

Role = Literal["viewer", "operator", "approver"]
ROLES: tuple[Role, ...] = ("viewer", "operator", "approver")  # each may do what those before it may
EVERYBODY = "*"
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_HEADER = re.compile(r"[A-Za-z0-9-]+")


class PageSettings(Section):
    """The review page behind a proxy; docs/review-page.md. Without these keys it answers on this machine alone."""

    url: str = Field(
        "", description="Where people reach it through a proxy that speaks TLS, like https://churn.example.com/telco; empty: nowhere"
    )
    proxies: tuple[str, ...] = Field((), description='Addresses of that proxy, like ["10.0.0.5"] or ["10.0.0.0/28"]; no other is believed')
    trusted_header: str = Field(
        "", description="Header in which that proxy names who signed in, like X-Forwarded-Email; empty: people sign in with a token"
    )
    roles: dict[str, Role] = Field(
        {}, description='Role of each such name: viewer, operator or approver; "*" is everybody else, who without it may nothing'
    )

    @field_validator("url")
    @classmethod
    def _an_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and not (
            parts.scheme == "https"
            and parts.hostname
            and "@" not in parts.netloc
            and _PREFIX.fullmatch(parts.path.rstrip("/"))
            and not parts.query
            and not parts.fragment
        ):
            raise ValueError("it begins with https:// and a host, and has no more than a path behind it")
        return url.rstrip("/")

    @field_validator("proxies")
    @classmethod
    def _addresses(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for one in given:
            try:
                ip_network(one)
            except ValueError as error:
                raise ValueError(f"{one[:60]!r} is no address, nor a network like 10.0.0.0/28") from error
        return given

    @field_validator("trusted_header")
    @classmethod
    def _a_header(cls, name: str) -> str:
        if name and not _HEADER.fullmatch(name):
            raise ValueError("it is the name of a header, like X-Forwarded-Email")
        return name

    @model_validator(mode="after")
    def _complete(self) -> "PageSettings":
        if bool(self.url) != bool(self.proxies):
            raise ValueError("`url` and `proxies` belong together: only what those addresses send counts as sent to that URL")
        if (self.trusted_header or self.roles) and not self.url:
            raise ValueError("`trusted_header` and `roles` are of a proxy: name its `url` and `proxies` as well")
        return self

    @property
    def host(self) -> str:
        """Host of the URL, with its port where one is written."""
        return urlsplit(self.url).netloc.lower()

    @property
    def prefix(self) -> str:
        """Path of the URL without a slash at its end; empty where it has none."""
        return urlsplit(self.url).path.rstrip("/")

    def names_proxy(self, address: str) -> bool:
        """Whether requests from this address come from the proxy."""
        try:
            peer = ip_address(address)
        except ValueError:  # a socket without an address
            return False
        peer = getattr(peer, "ipv4_mapped", None) or peer
        return any(peer in ip_network(one) for one in self.proxies)

    def role_of(self, name: str) -> Role | None:
        """What the proxy's `name` may do; None: nothing."""
        return self.roles.get(name) or self.roles.get(EVERYBODY)
