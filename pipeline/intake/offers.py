"""Offers taken in: from a file, or from where [offers] says that they lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.intake.offer_table import configured_offers, read_offer_file
from pipeline.record.opened_workspace import Opened
from pipeline.state.offers import Offer, add_offers_in
from pipeline.state.predictions import logged_ids


@dataclass(frozen=True)
class AddedOffers:
    """What came of adding offers to the log: rows `added`, of them `corrected` an earlier word and `held_out` customers who got none, and rows
    that were `known` already. `strangers` of the added have an id for which no prediction is logged; None where the log is the team's own."""

    added: int
    corrected: int
    held_out: int
    known: int
    strangers: int | None


def add_offers(opened: Opened, path: Path) -> AddedOffers:
    """Add a file's offers to the log; what the log says already is left out, so that adding a file twice changes nothing.

    Raises:
        DataError: as `offer_table.offers_of`.
    """
    return _added(opened, read_offer_file(opened, path))


def pull_offers(opened: Opened) -> AddedOffers:
    """Add the offers that lie where [offers] says; as `add_offers`.

    Raises:
        DataError: as `offer_table.configured_offers`.
    """
    return _added(opened, configured_offers(opened))


def _added(opened: Opened, told: Sequence[Offer]) -> AddedOffers:
    with opened.state.write() as connection:
        news = add_offers_in(connection, told)
    log, new = opened.settings.predictions, [offer for offer, one in zip(told, news, strict=True) if one != "known"]
    scored = None if log.file or log.table else logged_ids(opened.state)
    return AddedOffers(
        added=len(new),
        corrected=news.count("corrected"),
        held_out=sum(offer.held_out for offer in new),
        known=news.count("known"),
        strangers=None if scored is None else sum(offer.id not in scored for offer in new),
    )
