"""Where the checkout lies, and the shared table beside it that some tests use."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TELCO = ROOT.parent / "shared" / "data" / "telco.csv"
