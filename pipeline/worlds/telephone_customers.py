"""Telco-like customers with a known reason to churn, for everyone who has no data of their own at hand.

Columns, words and marginals are those of IBM's public sample "Telco Customer Churn" (7,043 customers of a telephone and internet
provider); the constants below are its shares, rounded. No row of it is copied: every customer is drawn.
"""

import numpy as np
import pandas as pd

_ADD_ONS = ("OnlineSecurity", "OnlineBackup", "DeviceProtection", "TechSupport", "StreamingTV", "StreamingMovies")
_CONTRACTS = ("Month-to-month", "One year", "Two year")
_INTERNET = ("DSL", "Fiber optic", "No")
_PAYMENTS = ("Bank transfer (automatic)", "Credit card (automatic)", "Electronic check", "Mailed check")
_LETTERS = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))

# Share of the contracts, by partner (no, yes) and dependents (no, yes).
_CONTRACT_SHARES = np.array([[[0.70, 0.17, 0.13], [0.57, 0.24, 0.19]], [[0.48, 0.23, 0.29], [0.33, 0.26, 0.41]]])
# Share of the kinds of internet, by senior (no, yes) and contract.
_INTERNET_SHARES = np.array(
    [
        [[0.345, 0.488, 0.167], [0.403, 0.330, 0.267], [0.374, 0.237, 0.389]],
        [[0.20, 0.785, 0.015], [0.26, 0.655, 0.085], [0.34, 0.50, 0.16]],
    ]
)
# Mean tenure in months by contract and kind of internet, and how closely a beta distribution over 0-72 keeps to it.
_MEAN_TENURE = np.array([[15.7, 21.6, 9.1], [40.5, 52.1, 29.6], [59.1, 65.2, 48.7]])
_TENURE_CONCENTRATION = np.array([2.1, 3.0, 1.9])
# Log-odds of each add-on in a household with internet: constant, per 72 months, one year, two years, fibre.
_ADD_ON_LOGITS = {
    "OnlineSecurity": (-1.48, 1.99, 0.74, 1.36, -1.13),
    "OnlineBackup": (-1.79, 3.06, 0.16, 0.26, -0.05),
    "DeviceProtection": (-1.88, 2.11, 0.83, 1.50, 0.25),
    "TechSupport": (-1.44, 1.15, 1.15, 2.39, -0.94),
    "StreamingTV": (-1.98, 1.88, 0.69, 1.20, 1.26),
    "StreamingMovies": (-1.96, 1.97, 0.69, 1.19, 1.20),
}
# Share of the ways to pay, by contract and kind of internet.
_PAYMENT_SHARES = np.array(
    [
        [[0.16, 0.15, 0.39, 0.30], [0.15, 0.14, 0.62, 0.09], [0.12, 0.12, 0.14, 0.62]],
        [[0.25, 0.30, 0.21, 0.24], [0.29, 0.28, 0.36, 0.07], [0.25, 0.21, 0.09, 0.45]],
        [[0.36, 0.38, 0.09, 0.17], [0.38, 0.36, 0.21, 0.05], [0.28, 0.30, 0.03, 0.39]],
    ]
)
# Monthly price in dollars of each part of the bill.
_PHONE, _SECOND_LINE, _DSL, _FIBRE, _PROTECTION, _STREAMING = 20, 5, 25, 50, 5, 10


def make_customers(rows: int, seed: int) -> pd.DataFrame:
    """`rows` customers with the 21 columns of the sample, as its CSV file has them; the same `seed` makes the same customers.

    Shares lie within two points of the sample's. Bills follow from the services, total charges from tenure and bill (blank for
    customers of this month), and churn is drawn with `churn_probability`.
    """
    rng = np.random.default_rng(seed)

    def happens(probability: np.ndarray | float) -> np.ndarray:
        return np.asarray(rng.random(rows) < probability)

    def choice(shares: np.ndarray) -> np.ndarray:
        return np.asarray((rng.random(rows)[:, None] > shares.cumsum(axis=1)[:, :-1]).sum(axis=1))

    senior = happens(0.162)
    partner = happens(0.483)
    dependents = happens(np.where(senior, np.where(partner, 0.145, 0.014), np.where(partner, 0.589, 0.115)))
    contract = choice(_CONTRACT_SHARES[partner.astype(int), dependents.astype(int)])
    internet = choice(_INTERNET_SHARES[senior.astype(int), contract])
    mean, concentration = _MEAN_TENURE[contract, internet] / 72, _TENURE_CONCENTRATION[contract]
    tenure = np.ceil(72 * rng.beta(mean * concentration, (1 - mean) * concentration)).clip(1, 72).astype(int)
    tenure[(contract == 2) & happens(0.006)] = 0
    online, fibre = internet != 2, internet == 1
    phone = happens(np.where(internet == 0, 0.718, 1.0))
    lines = phone & happens(_logistic(-2.5 + 2.53 * tenure / 72 + np.array([0.86, 1.97, 0.0])[internet]))
    add_ons = {name: online & happens(chance) for name, chance in _add_on_chances(tenure, contract, fibre, rng).items()}
    paperless = happens(np.array([0.55, 0.77, 0.29])[internet] + 0.03 * senior)
    payment = choice(_PAYMENT_SHARES[contract, internet])
    protections = sum(add_ons[name].astype(int) for name in _ADD_ONS[:4])
    streaming = add_ons["StreamingTV"].astype(int) + add_ons["StreamingMovies"]
    bill = (
        _PHONE * phone + _SECOND_LINE * lines + np.array([_DSL, _FIBRE, 0])[internet] + _PROTECTION * protections + _STREAMING * streaming
    )
    bill = (np.round((bill + rng.normal(0, np.where(online, 1.1, 0.55))).clip(18.25) * 20) / 20).round(2)
    total = np.where(tenure == 1, bill, (tenure * bill * rng.normal(1, 0.19 / np.sqrt(tenure.clip(1)))).round(2))
    frame = pd.DataFrame(
        {
            "customerID": _ids(rows, rng),
            "gender": np.where(happens(0.505), "Male", "Female"),
            "SeniorCitizen": senior.astype(int),
            "Partner": _yes_no(partner),
            "Dependents": _yes_no(dependents),
            "tenure": tenure,
            "PhoneService": _yes_no(phone),
            "MultipleLines": np.where(phone, _yes_no(lines), "No phone service"),
            "InternetService": np.array(_INTERNET)[internet],
            **{name: np.where(online, _yes_no(has), "No internet service") for name, has in add_ons.items()},
            "Contract": np.array(_CONTRACTS)[contract],
            "PaperlessBilling": _yes_no(paperless),
            "PaymentMethod": np.array(_PAYMENTS)[payment],
            "MonthlyCharges": bill,
            "TotalCharges": np.where(tenure == 0, " ", np.char.mod("%.10g", total)),
        }
    )
    frame["Churn"] = _yes_no(happens(churn_probability(frame)))
    return frame


def churn_probability(frame: pd.DataFrame) -> np.ndarray:
    """The true probability of churn, shape (rows,), of customers as `make_customers` makes them, raw or typed.

    Its logit is the sum of

        -1.9
        + 2.3 on a monthly contract, -1.3 on two years
        + 0.8 with fibre, -0.9 without internet, +0.4 without a telephone
        - 0.3 * ln(1 + tenure), and -0.5 * ln(1 + tenure) more on a monthly contract
        + 0.6 with fibre on a monthly contract
        + 0.4 paying by electronic check, +0.3 billed without paper
        - 0.4 with technical support, -0.4 with online security
        + 0.3 for each streaming service
        + 0.3 for seniors.
    """
    monthly, fibre = frame["Contract"] == "Month-to-month", frame["InternetService"] == "Fiber optic"
    logit = (
        -1.9
        + 2.3 * monthly
        - 1.3 * (frame["Contract"] == "Two year")
        + 0.8 * fibre
        - 0.9 * (frame["InternetService"] == "No")
        + 0.4 * (frame["PhoneService"] == "No")
        - (0.3 + 0.5 * monthly) * np.log1p(frame["tenure"].astype("float64"))
        + 0.6 * (fibre & monthly)
        + 0.4 * (frame["PaymentMethod"] == "Electronic check")
        + 0.3 * (frame["PaperlessBilling"] == "Yes")
        - 0.4 * (frame["TechSupport"] == "Yes")
        - 0.4 * (frame["OnlineSecurity"] == "Yes")
        + 0.3 * ((frame["StreamingTV"] == "Yes").astype(int) + (frame["StreamingMovies"] == "Yes"))
        + 0.3 * (frame["SeniorCitizen"].astype(str) == "1")
    )
    return _logistic(logit.to_numpy(dtype="float64"))


def _add_on_chances(tenure: np.ndarray, contract: np.ndarray, fibre: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    # What a household buys it buys together: one taste for all add-ons, and one more for streaming.
    taste, streams = rng.normal(0, 0.5, len(tenure)), rng.normal(0, 1.2, len(tenure))
    chances = {}
    for name, (constant, per_tenure, one, two, for_fibre) in _ADD_ON_LOGITS.items():
        logit = constant + per_tenure * tenure / 72 + one * (contract == 1) + two * (contract == 2) + for_fibre * fibre + taste
        chances[name] = _logistic(logit + streams if name.startswith("Streaming") else logit)
    return chances


def _logistic(logit: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-logit)))


def _yes_no(flags: np.ndarray) -> np.ndarray:
    return np.where(flags, "Yes", "No")


def _ids(rows: int, rng: np.random.Generator) -> list[str]:
    """Unique ids like 7590-VHVEG."""
    numbers = rng.permutation(10_000)[np.arange(rows) % 10_000]
    letters = rng.choice(26**5, size=rows, replace=False)
    places = letters[:, None] // 26 ** np.arange(5) % 26
    return [f"{number:04d}-{''.join(word)}" for number, word in zip(numbers, _LETTERS[places], strict=True)]
