"""The months in a small picture, for destinations that take one: ROC-AUC on known outcomes, and the share of features that drifted."""

import struct
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent.watch.sending import Picture
from pipeline.record.opened_workspace import Opened
from pipeline.state.checks import Check, done_checks

if TYPE_CHECKING:
    import numpy as np

_CAPTION = (
    "Picture: from 0 (below) to 1, ROC-AUC on known outcomes (blue) and the share of features that drifted (grey), {since} to {until}."
)
_CHECKS, _WIDTH, _HEIGHT, _THICK = 120, 480, 160, 3
_DRIFT, _ROC_AUC, _HALF = (205, 205, 205), (36, 113, 163), (235, 235, 235)


def picture(opened: Opened) -> Picture | None:
    """Of the newest checks; None with fewer than two."""
    checks = [check for check in done_checks(opened.state, _CHECKS) if check.drift_share is not None]
    if len(checks) < 2:
        return None
    since, until = (f"{check.started_at:%Y-%m-%d}" for check in (checks[0], checks[-1]))
    return Picture(_png(_drawn(checks)), _CAPTION.format(since=since, until=until))


def _drawn(checks: Sequence[Check]) -> "np.ndarray":
    """Pixels of shape (height, width, 3), from the first check on the left to the last on the right."""
    import numpy as np

    pixels = np.full((_HEIGHT, _WIDTH, 3), 255, dtype=np.uint8)
    columns = np.linspace(checks[0].started_at.timestamp(), checks[-1].started_at.timestamp(), _WIDTH)
    below = np.arange(_HEIGHT - 1, -1, -1)[:, None] / (_HEIGHT - 1)  # the value that each row stands for
    pixels[_HEIGHT // 2] = _HALF
    times, shares = zip(*((check.started_at.timestamp(), check.drift_share or 0.0) for check in checks), strict=True)
    pixels[below <= np.interp(columns, times, shares)] = _DRIFT
    measured = [(check.started_at.timestamp(), check.roc_auc) for check in checks if check.roc_auc is not None]
    if measured:
        known, values = zip(*measured, strict=True)
        line = np.interp(columns, known, values, left=np.nan, right=np.nan)
        pixels[np.abs(below - line) * _HEIGHT <= _THICK / 2] = _ROC_AUC
    return pixels


def _png(pixels: "np.ndarray") -> bytes:
    """Red, green and blue as PNG (ISO/IEC 15948): a header, the rows, each without a filter, and the end."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
