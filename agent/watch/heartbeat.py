"""A sign of life: a URL that is fetched while all is well, so that a service outside notices a watch that is dead."""

import os

from agent.watch.destinations import filled
from pipeline.errors import ChurnopsError

_PATIENCE_SECONDS = 10


def beat(url: str) -> str | None:
    """Fetch the URL; returns what went wrong, without the URL, which may be a secret."""
    from http.client import HTTPException
    from urllib.request import urlopen

    try:
        place = filled(url, os.environ)
        if not place.startswith(("http://", "https://")):
            return "The heartbeat's URL begins with neither https:// nor http://."
        with urlopen(place, timeout=_PATIENCE_SECONDS):
            return None
    except ChurnopsError as error:
        return str(error)
    except (OSError, ValueError, HTTPException) as error:
        return f"The heartbeat's URL does not answer ({type(error).__name__})."
