"""The folder that holds our packages and `churnops.py`, in a checkout as where they are installed: what a child process is started from."""

from pathlib import Path

CODE = Path(__file__).resolve().parent.parent
