"""The workflows that `churnops init --ci github` writes into a team's repository: evaluate, build, deploy, and the nightly check."""

from pathlib import Path

from pipeline.atomic_files import write_atomically
from pipeline.churnops_version import churnops_version
from pipeline.errors import ChurnopsError

_MODEL = """\
# The churn model's way to production. evaluate: every proposed change is trained and compared on a runner of its own; build: what is merged
# becomes an image named by its commit; deploy: started by a person, and only for a model whose approval the ledger holds.
# deploy runs on a runner of your own, which has the workspace (variable CHURNOPS_WORKSPACE) and reaches its database; CHURNOPS_ROLL_OUT is your
# command that starts $IMAGE.
name: churn model
on:
  pull_request: {}
  push:
    branches: [main]
  workflow_dispatch:
    inputs:
      digest:
        description: sha256 of the approved model, as `churnops status --json` shows it
        required: true
      commit:
        description: Commit whose image is rolled out
        required: true
permissions:
  contents: read
concurrency:
  group: churn-model-${{ github.ref }}
  cancel-in-progress: false
jobs:
  evaluate:
    if: github.event_name == 'pull_request'
    runs-on: ubuntu-latest
    timeout-minutes: 60
    permissions:
      contents: read
      pull-requests: write
    env:
      CHURNOPS_DATABASE_URL: "" # a state of its own, for this run alone
    steps:
      - uses: actions/checkout@v5
        with: { persist-credentials: false }
      - uses: actions/setup-python@v6
        with: { python-version: "3.11" }
      - name: Install
        run: pip install "churnops==VERSION"
      - name: Compare the families of models, and train the chosen one within the gate
        run: COLUMNS=120 churnops train --compare > comparison.txt
      - name: The installation and the workspace are well
        run: churnops doctor
      - name: What the pull request is told
        run: |
          { echo '```'; cat comparison.txt; echo '```'; } > comparison.md
      - name: Keep what was trained
        run: churnops backup evaluated.tgz
      - uses: actions/upload-artifact@v5
        with: { name: evaluated, path: evaluated.tgz, if-no-files-found: error }
      - name: Tell the pull request
        if: github.event.pull_request.head.repo.full_name == github.repository
        env:
          GH_TOKEN: ${{ github.token }}
          PULL_REQUEST: ${{ github.event.pull_request.number }}
        run: gh pr comment "$PULL_REQUEST" --body-file comparison.md
  build:
    if: github.event_name == 'push'
    runs-on: ubuntu-latest
    timeout-minutes: 30
    permissions:
      contents: read
      packages: write
    steps:
      - uses: actions/checkout@v5
        with: { persist-credentials: false }
      - uses: docker/login-action@v3
        with: { registry: ghcr.io, username: "${{ github.actor }}", password: "${{ github.token }}" }
      - name: An image named by the commit
        env:
          IMAGE: ghcr.io/${{ github.repository }}:${{ github.sha }}
          COMMIT: ${{ github.sha }}
        run: |
          docker build --label "org.opencontainers.image.revision=$COMMIT" --tag "$IMAGE" .
          docker push "$IMAGE"
  deploy:
    if: github.event_name == 'workflow_dispatch'
    runs-on: [self-hosted, linux]
    timeout-minutes: 15
    environment: production # asks the people you name
    env:
      WORKSPACE: ${{ vars.CHURNOPS_WORKSPACE }}
      CHURNOPS_DATABASE_URL: ${{ secrets.CHURNOPS_DATABASE_URL }}
    steps:
      - name: A person approved this model, and nothing was changed since
        env:
          DIGEST: ${{ inputs.digest }}
        run: churnops reports verify --deployed "$DIGEST" --workspace "$WORKSPACE"
      - name: Roll out
        env:
          IMAGE: ghcr.io/${{ github.repository }}:${{ inputs.commit }}
          ROLL_OUT: ${{ vars.CHURNOPS_ROLL_OUT }}
        run: sh -euc "$ROLL_OUT"
"""

_MONITOR = """\
# The nightly check of the model: drift, diagnosis, a triage where it asks for one, alerts. It deploys nothing.
name: churn monitor
on:
  schedule:
    - cron: "30 4 * * *" # UTC
  workflow_dispatch: {}
permissions:
  contents: read
concurrency:
  group: churn-monitor
  cancel-in-progress: false
jobs:
  monitor:
    runs-on: [self-hosted, linux]
    timeout-minutes: 60
    env:
      WORKSPACE: ${{ vars.CHURNOPS_WORKSPACE }}
      CHURNOPS_DATABASE_URL: ${{ secrets.CHURNOPS_DATABASE_URL }}
    steps:
      - name: Check the model
        run: churnops watch --once --json "$WORKSPACE"
"""


def write_workflows(root: Path) -> tuple[Path, ...]:
    """Write both files below `root`/.github/workflows; returns them.

    Raises:
        ChurnopsError: one of them is there already; none is written then.
    """
    folder = root / ".github" / "workflows"
    files = {folder / "churn-model.yml": _MODEL.replace("VERSION", churnops_version()), folder / "churn-monitor.yml": _MONITOR}
    for path in files:
        if path.exists():
            raise ChurnopsError(f"{path} is there already.", "Move it away; a workflow that you changed is not written over.")
    for path, content in files.items():
        write_atomically(path, content.encode())
    return tuple(files)
