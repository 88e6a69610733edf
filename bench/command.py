"""`churnops drift --current FILE` against Evidently: the whole command and a whole process that runs `DataDriftPreset` on the same two
tables of 7,000 generated customers, in turn. Results: bench/results/command.json.

churnops reads the current table alone, because the champion carries its reference's profile; Evidently reads both. Evidently's
reference are the very rows the champion has learnt from, and both must call the same columns drifted.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from drift import Cost, measure

RESULTS = Path(__file__).parent / "results"
ROWS, SEED, OTHER_SEED = 7000, 7, 8

EVIDENTLY = """
import json, sys
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset
numerical, categorical = json.loads(sys.argv[3])
roles = DataDefinition(numerical_columns=numerical, categorical_columns=categorical)
data = []
for path in (sys.argv[2], sys.argv[1]):
    frame = pd.read_csv(path, usecols=numerical + categorical)
    frame[numerical] = frame[numerical].apply(pd.to_numeric, errors="coerce")
    data.append(Dataset.from_pandas(frame, data_definition=roles))
metrics = Report([DataDriftPreset(columns=numerical + categorical)]).run(*data).dict()["metrics"]
print(int(next(metric["value"]["count"] for metric in metrics if metric["config"]["type"].endswith("DriftedColumnsCount"))))
"""
# The script `churnops` is this, but for the last line: the number that `measure` reads.
CHURNOPS = """
import contextlib, io, json, sys
from churnops import main
sys.argv[0] = "churnops"
out = io.StringIO()
with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
    main()
print(json.loads(out.getvalue())["drifted"])
"""
