"""Tables shaped like churn tables that people publish: the names, kinds and faults of their columns, with made-up rows.

None was fetched: each is drawn here after the published list of columns, so no row belongs to anybody. A column is a pair of the role a data
scientist would give it and its values; roles are

    i  id          t  time of observation       n  a quantity      c  a category
    d  a feature that tells the calendar        x  left out
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

Numbers = np.ndarray
Role = Literal["i", "t", "n", "c", "d", "x"]
Columns = dict[str, tuple[Role, Sequence[object] | Numbers]]


@dataclass(frozen=True)
class Published:
    """One table: `frame` with its column `target`, the `roles` of the others, and what `churnops init` is told beside the target."""

    name: str
    frame: pd.DataFrame
    target: str
    roles: Mapping[str, Role]
    told: tuple[str, ...] = ()


def role_in(schema: Mapping[str, Any], column: str) -> Role:
    """The role that a column has in what `churnops init --json` answers."""
    if column in schema["calendar"]:
        return "d"
    known: dict[Role, object] = {"i": [schema["id"]], "t": [schema["time"]], "n": schema["numerical"], "c": schema["categorical"]}
    return next((role for role, names in known.items() if column in names), "x")  # type: ignore[operator]


class _Draw:
    """Draws for so many customers."""

    def __init__(self, rows: int, seed: int) -> None:
        self.rows, self.rng = rows, np.random.default_rng(seed)

    def normal(self, mean: float, deviation: float, digits: int = 2) -> Numbers:
        return self.rng.normal(mean, deviation, self.rows).round(digits)

    def whole(self, least: int, most: int) -> Numbers:
        return self.rng.integers(least, most + 1, self.rows)

    def count(self, mean: float, most: int = 10**9) -> Numbers:
        return self.rng.poisson(mean, self.rows).clip(0, most)

    def pick(self, *values: object, p: Sequence[float] | None = None) -> Numbers:
        return self.rng.choice(np.array(values, dtype=object), self.rows, p=p)

    def flag(self, share: float = 0.4) -> Numbers:
        return (self.rng.random(self.rows) < share).astype(int)

    def ids(self, pattern: str, first: int = 1) -> list[str]:
        return [pattern.format(number) for number in first + self.rng.permutation(self.rows)]

    def dates(self, first: str, days: int, form: str = "%Y-%m-%d") -> list[str]:
        found = pd.Timestamp(first) + pd.to_timedelta(self.rng.integers(0, days, self.rows), unit="D")
        return [str(day) for day in found.strftime(form)]

    def churned(self, *signals: Numbers, share: float = 0.27) -> Numbers:
        """Whether each leaves: the standardised signals add up, so that a model reaches an ROC-AUC of about 0.88."""
        logit = sum(2.2 * (signal - signal.mean()) / signal.std() for signal in signals) / len(signals) ** 0.5
        noise = self.rng.logistic(0, 1, self.rows)
        return np.asarray(logit + noise >= np.quantile(logit + noise, 1 - share))


def _blank(values: Sequence[object] | Numbers, where: Numbers) -> list[object]:
    return [None if gone else value for value, gone in zip(values, where, strict=True)]


def _made(name: str, target: str, answers: Numbers, columns: Columns, *told: str) -> Published:
    frame = pd.DataFrame({column: values for column, (_, values) in columns.items()})
    frame.insert(len(frame.columns) // 2, target, answers)
    return Published(name, frame, target, {column: role for column, (role, _) in columns.items()}, told)


def telco_extended(rows: int, seed: int) -> Published:
    """IBM's Telco sample as shipped with its analytics products: churn told four times, and a place down to the coordinates."""
    d = _Draw(rows, seed)
    tenure, monthly = d.whole(1, 72), d.normal(65, 25).clip(18, 119)
    contract = d.pick("Month-to-month", "One year", "Two year")
    gone = d.churned(-tenure, monthly, (contract == "Month-to-month").astype(float))
    town = d.rng.zipf(1.3, rows) % 120
    columns: Columns = {
        "CustomerID": ("i", d.ids("{:04d}-VHVEG")),
        "Count": ("x", np.ones(rows, dtype=int)),
        "Country": ("x", ["United States"] * rows),
        "City": ("c", [f"City {number}" for number in town]),
        "Zip Code": ("c", 90_001 + town),
        "Lat Long": ("c", [f"{33 + number / 50:.6f}, {-118 - number / 40:.6f}" for number in town]),
        "Latitude": ("n", (33 + town / 50).round(6)),
        "Senior Citizen": ("c", d.pick("Yes", "No")),
        "Tenure Months": ("n", tenure),
        "Internet Service": ("c", d.pick("DSL", "Fiber optic", "No")),
        "Contract": ("c", contract),
        "Monthly Charges": ("n", monthly),
        "Total Charges": ("n", [f"${total:,.2f}" for total in tenure * monthly]),
        "Churn Value": ("x", gone.astype(int)),
        "Churn Score": ("x", (60 * gone + d.whole(5, 40)).clip(5, 100)),
        "CLTV": ("n", d.whole(2_000, 6_500)),
        "Churn Reason": ("x", _blank(d.pick("Price too high", "Moved", "Competitor"), ~gone)),
    }
    return _made("telco_extended", "Churn Label", np.where(gone, "Yes", "No"), columns)


def telco_status(rows: int, seed: int) -> Published:
    """The three-valued variant of the same company: stayed, churned, or joined of late."""
    d = _Draw(rows, seed)
    tenure, monthly = d.whole(1, 72), d.normal(65, 25).clip(18, 119)
    gone = d.churned(-tenure, monthly)
    joined = ~gone & (tenure <= 6)
    columns: Columns = {
        "Customer ID": ("i", d.ids("{:04d}-ORFBO")),
        "Age": ("n", d.whole(19, 80)),
        "Number of Dependents": ("n", d.count(0.6, 9)),
        "Number of Referrals": ("n", d.count(2, 11)),
        "Tenure in Months": ("n", tenure),
        "Offer": ("c", d.pick("Offer A", "Offer B", "Offer E", None)),
        "Monthly Charge": ("n", monthly),
        "Paperless Billing": ("c", d.pick("Yes", "No")),
        "Churn Category": ("x", _blank(d.pick("Competitor", "Price", "Attitude"), ~gone)),
        "Churn Reason": ("x", _blank(d.pick("Better devices", "Price", "Moved"), ~gone)),
    }
    answers = np.where(gone, "Churned", np.where(joined, "Joined", "Stayed"))
    return _made("telco_status", "Customer Status", answers, columns, "--positive", "Churned", "--drop-target", "Joined")


def bank(rows: int, seed: int) -> Published:
    """The bank table of many courses: row numbers, surnames, and few products."""
    d = _Draw(rows, seed)
    age, products, active = d.normal(39, 10, 0).clip(18, 92).astype(int), d.pick(1, 2, 3, 4, p=[0.5, 0.4, 0.07, 0.03]), d.flag(0.5)
    gone = d.churned(age, -active.astype(float), (products == 1).astype(float), share=0.2)
    columns: Columns = {
        "RowNumber": ("x", np.arange(1, rows + 1)),
        "CustomerId": ("i", 15_565_701 + d.rng.permutation(3 * rows)[:rows]),
        "Surname": ("c", [f"Name {number}" for number in d.rng.zipf(1.3, rows) % 300]),
        "CreditScore": ("n", d.whole(350, 850)),
        "Geography": ("c", d.pick("France", "Spain", "Germany")),
        "Gender": ("c", d.pick("Female", "Male")),
        "Age": ("n", age),
        "Tenure": ("n", d.whole(0, 10)),
        "Balance": ("n", np.where(d.flag() == 1, 0, d.normal(120_000, 30_000))),
        "NumOfProducts": ("n", products),
        "HasCrCard": ("c", d.flag(0.7)),
        "IsActiveMember": ("c", active),
        "EstimatedSalary": ("n", d.normal(100_000, 40_000).clip(12)),
    }
    return _made("bank", "Exited", gone.astype(int), columns)


def credit_card(rows: int, seed: int) -> Published:
    """Credit card customers, with another model's two answers left in the file."""
    d = _Draw(rows, seed)
    spent, used = d.normal(4_400, 1_500, 0).clip(500).astype(int), d.count(65)
    gone = d.churned(-spent.astype(float), -used.astype(float), share=0.16)
    answer = np.where(gone, 0.99, 0.0001) + d.rng.random(rows) / 1e4
    columns: Columns = {
        "CLIENTNUM": ("i", 708_000_000 + d.rng.permutation(10 * rows)[:rows]),
        "Customer_Age": ("n", d.whole(26, 73)),
        "Dependent_count": ("n", d.whole(0, 5)),
        "Education_Level": ("c", d.pick("High School", "Graduate", "Unknown")),
        "Income_Category": ("c", d.pick("$60K - $80K", "Less than $40K", "$120K +")),
        "Months_on_book": ("n", d.whole(13, 56)),
        "Total_Relationship_Count": ("n", d.whole(1, 6)),
        "Contacts_Count_12_mon": ("n", d.whole(0, 6)),
        "Credit_Limit": ("n", d.normal(8_600, 3_000, 1).clip(1_400)),
        "Total_Trans_Amt": ("n", spent),
        "Total_Trans_Ct": ("n", used),
        "Naive_Bayes_Classifier_1": ("x", answer),
        "Naive_Bayes_Classifier_2": ("x", 1 - answer),
    }
    return _made("credit_card", "Attrition_Flag", np.where(gone, "Attrited Customer", "Existing Customer"), columns)


def state_telecom(rows: int, seed: int) -> Published:
    """The table of 1990s machine learning: no id, area codes, charges that are minutes times a price."""
    d = _Draw(rows, seed)
    day, calls = d.normal(180, 54, 1).clip(0), d.count(1.6, 9)
    plan = d.pick("Yes", "No", p=[0.1, 0.9])
    gone = d.churned(day, calls.astype(float), (plan == "Yes").astype(float), share=0.15)
    columns: Columns = {
        "State": ("c", d.pick(*(f"S{number}" for number in range(51)))),
        "Account length": ("n", d.whole(1, 240)),
        "Area code": ("c", d.pick(408, 415, 510)),
        "International plan": ("c", plan),
        "Number vmail messages": ("n", np.where(d.flag(0.3) == 1, d.whole(10, 50), 0)),
        "Total day minutes": ("n", day),
        "Total day calls": ("n", d.count(100)),
        "Total day charge": ("n", (0.17 * day).round(2)),
        "Total intl calls": ("n", d.count(4.5)),
        "Customer service calls": ("n", calls),
    }
    return _made("state_telecom", "Churn", np.where(gone, "True.", "False."), columns)


def shop(rows: int, seed: int) -> Published:
    """An online shop: short counts, gaps, and names with hours, days and years in them."""
    d = _Draw(rows, seed)
    tenure, complain = d.count(10, 60).astype(float), d.flag(0.28)
    gone = d.churned(-tenure, complain.astype(float), share=0.17)
    columns: Columns = {
        "CustomerID": ("i", 50_001 + np.arange(rows)),
        "Tenure": ("n", _blank(tenure, d.flag(0.05) == 1)),
        "PreferredLoginDevice": ("c", d.pick("Mobile Phone", "Phone", "Computer")),
        "CityTier": ("n", d.pick(1, 2, 3)),
        "WarehouseToHome": ("n", d.whole(5, 36)),
        "HourSpendOnApp": ("n", d.whole(0, 5)),
        "NumberOfDeviceRegistered": ("n", d.whole(1, 6)),
        "SatisfactionScore": ("n", d.whole(1, 5)),
        "NumberOfAddress": ("n", d.whole(1, 12)),
        "Complain": ("c", complain),
        "OrderAmountHikeFromlastYear": ("n", d.whole(11, 26)),
        "CouponUsed": ("n", d.count(1.7, 16)),
        "OrderCount": ("n", 1 + d.count(2, 15)),
        "DaySinceLastOrder": ("n", _blank(d.count(4.5, 31), d.flag(0.05) == 1)),
        "CashbackAmount": ("n", d.normal(177, 49)),
    }
    return _made("shop", "Churn", gone.astype(int), columns)


_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")


def hotel(rows: int, seed: int) -> Published:
    """Hotel bookings with the whole calendar in them, and the outcome told twice more."""
    d = _Draw(rows, seed)
    lead, requests = d.count(104).astype(float) + d.whole(0, 200), d.count(0.6, 5)
    deposit = d.pick("No Deposit", "Non Refund", p=[0.85, 0.15])
    gone = d.churned(lead, -requests.astype(float), (deposit == "Non Refund").astype(float), share=0.37)
    columns: Columns = {
        "hotel": ("c", d.pick("Resort Hotel", "City Hotel")),
        "lead_time": ("n", lead.astype(int)),
        "arrival_date_year": ("x", d.pick(2015, 2016, 2017)),
        "arrival_date_month": ("d", d.pick(*_MONTHS)),
        "arrival_date_week_number": ("d", d.whole(1, 53)),
        "arrival_date_day_of_month": ("d", d.whole(1, 31)),
        "stays_in_week_nights": ("n", d.count(2.5, 20)),
        "adults": ("n", d.whole(1, 4)),
        "children": ("n", d.count(0.2, 3)),
        "country": ("c", [f"C{number}" for number in d.rng.zipf(1.4, rows) % 90]),
        "market_segment": ("c", d.pick("Online TA", "Offline TA/TO", "Direct")),
        "deposit_type": ("c", deposit),
        "adr": ("n", d.normal(102, 40)),
        "total_of_special_requests": ("n", requests),
        "reservation_status": ("x", np.where(gone, "Canceled", "Check-Out")),
        "reservation_status_date": ("x", d.dates("2015-07-01", 700)),
    }
    return _made("hotel", "is_canceled", gone.astype(int), columns)


def reservations(rows: int, seed: int) -> Published:
    """Hotel reservations whose day of arrival is called a date."""
    d = _Draw(rows, seed)
    lead, requests = d.count(85).astype(float) + d.whole(0, 150), d.count(0.6, 5)
    gone = d.churned(lead, -requests.astype(float), share=0.33)
    columns: Columns = {
        "Booking_ID": ("i", d.ids("INN{:05d}")),
        "no_of_adults": ("n", d.whole(0, 4)),
        "no_of_weekend_nights": ("n", d.count(0.8, 7)),
        "type_of_meal_plan": ("c", d.pick("Meal Plan 1", "Meal Plan 2", "Not Selected")),
        "required_car_parking_space": ("c", d.flag(0.03)),
        "lead_time": ("n", lead.astype(int)),
        "arrival_year": ("x", d.pick(2017, 2018)),
        "arrival_month": ("d", d.whole(1, 12)),
        "arrival_date": ("d", d.whole(1, 31)),
        "repeated_guest": ("c", d.flag(0.03)),
        "avg_price_per_room": ("n", d.normal(103, 35)),
        "no_of_special_requests": ("n", requests),
    }
    return _made("reservations", "booking_status", np.where(gone, "Canceled", "Not_Canceled"), columns)


def energy(rows: int, seed: int) -> Published:
    """An energy supplier: hashed ids and codes, and four dates about the contract."""
    d = _Draw(rows, seed)
    margin, years = d.normal(25, 20), d.whole(1, 13)
    gone = d.churned(margin, -years.astype(float), share=0.1)
    columns: Columns = {
        "id": ("i", d.ids("{:032x}")),
        "channel_sales": ("c", d.pick("foosdfpfkusacimwkcsosbicdxkicaua", "lmkebamcaaclubfxadlmueccxoimlema", "MISSING")),
        "cons_12m": ("n", d.count(14_000)),
        "date_activ": ("x", d.dates("2005-01-01", 3_000)),
        "date_end": ("x", d.dates("2016-02-01", 300)),
        "date_renewal": ("x", d.dates("2015-02-01", 300)),
        "forecast_price_energy_off_peak": ("n", d.normal(0.14, 0.02, 6)),
        "has_gas": ("c", d.pick("t", "f")),
        "margin_net_pow_ele": ("n", margin),
        "nb_prod_act": ("n", 1 + d.count(0.3, 9)),
        "num_years_antig": ("n", years),
        "pow_max": ("n", d.normal(18, 8, 3).clip(3)),
    }
    return _made("energy", "churn", gone.astype(int), columns)


def music(rows: int, seed: int) -> Published:
    """A music service: dates written as 20170131, prices that are few numbers, and ages like 0 and 999."""
    d = _Draw(rows, seed)
    renew, days = d.flag(0.8), d.pick(7, 30, 90, 180, 410, p=[0.05, 0.8, 0.05, 0.05, 0.05])
    heard = d.normal(8_000, 2_500, 3).clip(1)
    gone = d.churned(-renew.astype(float), (days != 30).astype(float), -heard, share=0.12)
    columns: Columns = {
        "msno": ("i", d.ids("{:043x}=")),
        "city": ("n", d.whole(1, 22)),
        "bd": ("n", d.pick(0, *range(15, 60), 999)),
        "gender": ("c", d.pick("male", "female", None)),
        "registered_via": ("c", d.pick(3, 4, 7, 9, 13)),
        "registration_init_time": ("x", d.dates("2010-01-01", 2_500, "%Y%m%d")),
        "payment_plan_days": ("n", days),
        "plan_list_price": ("n", np.where(days == 30, 149, 5 * days)),
        "is_auto_renew": ("c", renew),
        "num_25": ("n", d.count(6)),
        "total_secs": ("n", heard),
    }
    return _made("music", "is_churn", gone.astype(int), columns)


def prepaid(rows: int, seed: int) -> Published:
    """Prepaid customers of four months side by side: constant dates, columns of nothing but zero, gaps, exact copies."""
    d = _Draw(rows, seed)
    before, now = d.normal(280, 90).clip(0), d.normal(250, 90).clip(0)
    gone = d.churned(before - now, -now, share=0.1)
    columns: Columns = {
        "mobile_number": ("i", 7_000_000_000 + d.rng.permutation(9 * rows)[:rows]),
        "circle_id": ("x", np.full(rows, 109)),
        "loc_og_t2o_mou": ("x", np.zeros(rows)),
        "last_date_of_month_6": ("x", ["6/30/2014"] * rows),
        "date_of_last_rech_8": ("x", d.dates("2014-08-01", 31, "%-m/%-d/%Y")),
        "arpu_7": ("n", before),
        "arpu_8": ("n", now),
        "arpu_8_copy": ("x", now),
        "og_others_8": ("n", d.pick(0.0, 0.63, 2.05, p=[0.97, 0.02, 0.01])),
        "total_rech_num_8": ("n", d.count(7)),
        "night_pck_user_8": ("c", _blank(d.pick(0.0, 1.0), d.flag(0.7) == 1)),
        "aon": ("n", d.whole(180, 4_000)),
    }
    return _made("prepaid", "churn_probability", gone.astype(int), columns)


def iranian(rows: int, seed: int) -> Published:
    """A small operator's half year: no id, a status of two numbers, classes of age and charge."""
    d = _Draw(rows, seed)
    complains, status, seconds = d.flag(0.1), d.pick(1, 2, p=[0.75, 0.25]), d.count(4_400)
    gone = d.churned(complains.astype(float), (status == 2).astype(float), -seconds.astype(float), share=0.16)
    columns: Columns = {
        "Call  Failure": ("n", d.count(7, 36)),
        "Complains": ("c", complains),
        "Subscription  Length": ("n", d.whole(3, 47)),
        "Charge  Amount": ("n", d.whole(0, 9)),
        "Seconds of Use": ("n", seconds),
        "Frequency of SMS": ("n", d.count(70)),
        "Age Group": ("c", d.whole(1, 5)),
        "Tariff Plan": ("c", d.pick(1, 2, p=[0.9, 0.1])),
        "Status": ("c", status),
        "Customer Value": ("n", d.normal(470, 200, 3).clip(0)),
    }
    return _made("iranian", "Churn", gone.astype(int), columns)


def staff(rows: int, seed: int) -> Published:
    """Employees who leave: three constants, many grades of one to five, an employee's number."""
    d = _Draw(rows, seed)
    income, overtime = d.normal(6_500, 2_000, 0).clip(1_000).astype(int), d.pick("Yes", "No", p=[0.3, 0.7])
    gone = d.churned(-income.astype(float), (overtime == "Yes").astype(float), share=0.16)
    columns: Columns = {
        "Age": ("n", d.whole(18, 60)),
        "BusinessTravel": ("c", d.pick("Travel_Rarely", "Travel_Frequently", "Non-Travel")),
        "DailyRate": ("n", d.whole(102, 1_499)),
        "DistanceFromHome": ("n", d.whole(1, 29)),
        "Education": ("n", d.whole(1, 5)),
        "EmployeeCount": ("x", np.ones(rows, dtype=int)),
        "EmployeeNumber": ("i", 100_000 + d.rng.permutation(3 * rows)[:rows]),
        "JobRole": ("c", d.pick("Sales Executive", "Manager", "Laboratory Technician")),
        "MonthlyIncome": ("n", income),
        "Over18": ("x", ["Y"] * rows),
        "OverTime": ("c", overtime),
        "StandardHours": ("x", np.full(rows, 80)),
        "YearsAtCompany": ("n", d.count(7, 40)),
    }
    return _made("staff", "Attrition", np.where(gone, "Yes", "No"), columns)


def newspaper(rows: int, seed: int) -> Published:
    """A newspaper: the target says who stayed, incomes are ranges in words, and prices carry their currency."""
    d = _Draw(rows, seed)
    fee, years = d.normal(18, 6).clip(0), d.whole(1, 9)
    gone = d.churned(fee, -years.astype(float), share=0.3)
    columns: Columns = {
        "SubscriptionID": ("i", 180_000_000 + d.rng.permutation(3 * rows)[:rows]),
        "HH Income": ("c", d.pick("$  30,000 - $39,999", "$500,000 Plus", "Under $20,000")),
        "Home Ownership": ("c", d.pick("OWNER", "RENTER")),
        "weekly fee": ("n", [f"${value:,.2f}" for value in fee]),
        "Year Of Residence": ("n", d.whole(1, 50)),
        "Zip Code": ("c", 90_600 + d.whole(0, 70)),
        "reward program": ("n", d.count(1.5, 12)),
        "years_subscribed": ("n", years),
        "Delivery period": ("c", d.pick("7Day", "SunOnly", "Thu-Sun")),
    }
    return _made("newspaper", "Subscriber retained", np.where(gone, "NO", "YES"), columns)


def monthly_snapshots(rows: int, seed: int) -> Published:
    """A warehouse's snapshots: dated rows of customers who come back each month, and a batch number that rises with time."""
    d = _Draw(rows, seed)
    month = d.whole(1, 12)
    balance, logins = d.normal(900, 300), d.count(9)
    gone = d.churned(-balance, -logins.astype(float), share=0.2)
    columns: Columns = {
        "account_id": ("i", [f"A{number:05d}" for number in d.whole(0, 4 * rows)]),
        "snapshot_date": ("t", [f"2025-{number:02d}-{day:02d}" for number, day in zip(month, d.whole(1, 28), strict=True)]),
        "load_batch": ("x", 500 + 12 * month + d.whole(0, 1)),
        "opened_on": ("x", d.dates("2012-01-01", 4_000, "%d.%m.%Y")),
        "balance": ("n", balance),
        "logins_30d": ("n", logins),
        "complaints": ("n", d.count(0.4, 6)),
        "region_code": ("c", d.whole(1, 8)),
        "closing_date": ("x", _blank(d.dates("2025-02-01", 300), ~gone)),
    }
    return _made("monthly_snapshots", "left_next_month", gone.astype(int), columns)


TABLES: tuple[Callable[[int, int], Published], ...] = (
    telco_extended,
    telco_status,
    bank,
    credit_card,
    state_telecom,
    shop,
    hotel,
    reservations,
    energy,
    music,
    prepaid,
    iranian,
    staff,
    newspaper,
    monthly_snapshots,
)
