"""`churnops` with the clock set: `python -m tests.reports.churnops_at 2026-11-21T14:00:00+00:00 reports list …`."""

import sys
from datetime import datetime

import pipeline.clock

if __name__ == "__main__":
    now = datetime.fromisoformat(sys.argv.pop(1))
    pipeline.clock.utc_now = lambda: now
    from agent.cli import main

    main()
