"""Who decides when to train on a stream: churnops' own rule, what teams do without one, and somebody who knows the future."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from stream_models import DELAY, FIRST, VALUE, Key, Models
from streams import Numbers

from pipeline.diagnosis.timing.gain_forecast import Moment, SeenGain
from pipeline.diagnosis.timing.waiting import Standing, weigh_waiting
from pipeline.measures.campaign_value import expected_value, profits
from pipeline.replay.error_monitor import has_grown
from pipeline.workspace.policy import RetrainingRules

OURS, ORACLE = "churnops", "oracle"
_SURELY = 1.645  # standard errors, one-sided 95%
_CUT = 1 / 3  # probability from which a customer is contacted: an offer pays for itself there


@dataclass
class Life:
    """One policy's way: its champion, the look after which that was trained, and what it earned less what it spent, by batch."""

    models: Models
    rules: RetrainingRules
    champion: Key = FIRST
    net: list[float] = field(default_factory=list)
    past: list[tuple[Key, int]] = field(default_factory=list)  # earlier champions, and the look after which each was replaced
    trained: int = 0
    deployed: int = 0
    staleness: float = 0.0  # what CARA's cumulative variant has seen since the champion came

    def known(self, look: int) -> range:
        """Batches with known outcomes that the champion was not trained on."""
        return known(self.champion, look)

    def train(self, look: int) -> float:
        """Train, ask the gate, and deploy; what it costs. The gate, the same for everybody: what is trained then must not be surely worse on the
        newest outcomes, cross-fitted."""
        if look <= DELAY:
            return 0.0  # no outcome is known
        self.trained += 1
        newest = look - DELAY
        if newest in self.known(look):
            found = self.models.gain(self.champion, newest)
            if found.percent + _SURELY * found.error < 0:
                return self.rules.training_cost
        self.past.append((self.champion, look))
        self.champion, self.staleness = look, 0.0
        self.deployed += 1
        return self.rules.cost


Policy = Callable[[Life, int], bool]


def ours(life: Life, look: int) -> bool:
    """The product's rule."""
    seen = [
        SeenGain(Moment(str(key), batch - _trained_until(key)), found.percent, found.error)
        for key, until in [*life.past, (life.champion, look)]
        for batch in known(key, until)
        for found in (life.models.gain(key, batch),)
    ]
    if not seen:
        return False
    stands = Standing(str(life.champion), look - _trained_until(life.champion), DELAY, 1.0)
    return weigh_waiting(seen, stands, life.rules.cost, life.rules).pays_now


def known(key: Key, look: int) -> range:
    """Batches with known outcomes that a model was not trained on."""
    return range(max(1, _trained_until(key) + 1), look - DELAY + 1)


def _trained_until(key: Key) -> int:
    return max(0, key - DELAY)


def simple(rules: RetrainingRules) -> Mapping[str, Policy]:
    """What teams do, and what is published."""
    return {
        "never": lambda life, look: False,
        **{f"every {every}": _every(every) for every in (1, 2, 3, 6)},
        **{f"threshold {points:g}": _threshold(points) for points in (3.0, 6.0)},
        "ADWIN-like": _errors,
        "CARA-like T": _cara(rules.cost, cumulative=False),
        "CARA-like CT": _cara(rules.cost, cumulative=True),
    }


def _every(every: int) -> Policy:
    return lambda life, look: look % every == 0


def _threshold(points: float) -> Policy:
    """The measured profit fell by so much since the champion's first known batch."""

    def decide(life: Life, look: int) -> bool:
        found = [life.models.profit(life.champion, batch) for batch in life.known(look)]
        return len(found) > 1 and found[0] - found[-1] > points

    return decide


def _errors(life: Life, look: int) -> bool:
    """ADWIN's test on all outcomes that the champion was not trained on."""
    wrong = [(life.models.scores(life.champion, batch) >= _CUT) != (life.models.rows(batch).y == 1) for batch in life.known(look)]
    return bool(wrong) and has_grown(np.concatenate(wrong))


def _cara(cost: float, *, cumulative: bool) -> Policy:
    """Cost-aware as CARA is: the staleness of the champion where the newest customers are, against the cost of a training.

    Staleness: what the champion earned less than a fresh model on each known customer, weighed by how near that one is to the customers who are asked about now.
    T compares one batch's with the cost, CT the sum since the champion came. The paper learns both thresholds on a stream of the past; here there is
    none, and the cost is the threshold.

    Source: Mahadevan and Mathioudakis (2023), "Cost-Effective Retraining of Machine Learning Models".
    """

    def decide(life: Life, look: int) -> bool:
        newest = look - DELAY
        if newest not in life.known(look):
            return False
        stale = _staleness(life, newest, look)
        life.staleness += stale
        return (life.staleness if cumulative else stale) > cost

    return decide


def _staleness(life: Life, newest: int, look: int) -> float:
    known, asked = life.models.rows(newest), life.models.rows(look)
    near = _nearness(asked.x, known.x)
    ones = np.ones(known.y.size)
    less = profits(known.y, life.models.fresh(newest), VALUE, ones) - profits(
        known.y, life.models.scores(life.champion, newest), VALUE, ones
    )
    return float(100 * (near @ less) / (near @ (known.y * float(expected_value(1.0, VALUE)))))


def _nearness(asked: Numbers, known: Numbers) -> Numbers:
    """How near each known customer is to those asked about, shape (known,), summing to 1: a Gaussian kernel, on a fifth of those asked about."""
    some = asked[::5]
    apart = (some**2).sum(axis=1)[:, None] + (known**2).sum(axis=1)[None, :] - 2 * some @ known.T
    near = np.exp((apart.min() - apart) / (2 * known.shape[1])).sum(axis=0)  # from the nearest pair on, as outliers are far from everybody
    return np.asarray(near / near.sum())


def lived(models: Models, decide: Policy, rules: RetrainingRules) -> Life:
    """Through the whole stream; after the last batch nothing is decided."""
    life, last = Life(models, rules), len(models.stream.batches)
    for look in range(1, last + 1):
        earned = models.profit(life.champion, look)
        trains = look < last and decide(life, look)
        life.net.append(earned - (life.train(look) if trains else 0.0))
    return life


def oracle(models: Models, rules: RetrainingRules) -> list[float]:
    """Net by batch of the best way through all models, with every batch known ahead; no gate holds it (dynamic programming)."""
    keys, last = models.keys(), len(models.stream.batches)
    earned = np.array([[models.profit(key, batch) if batch > key else -np.inf for batch in range(1, last + 1)] for key in keys])
    ahead, ways = earned[:, -1].copy(), []
    for batch in range(last - 1, 0, -1):
        # After batch `batch` the model that is new then may take over.
        new = keys.index(batch) if batch in keys else 0
        takes = (ahead[new] - rules.cost > ahead) & (batch in keys)
        ways.append((new, takes))
        ahead = earned[:, batch - 1] + np.where(takes, ahead[new] - rules.cost, ahead)
    now, net = 0, [float(earned[0, 0])]
    for batch, (new, takes) in zip(range(1, last), reversed(ways), strict=True):
        if takes[now]:
            net[-1] -= rules.cost
            now = new
        net.append(float(earned[now, batch]))
    return net
