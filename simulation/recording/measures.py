"""What a recording can hold: every measure is declared here once, and recorders can write no other.

A recording is a table of rows (measure, month, institution, a, b, value). What `a` and `b` are depends on the measure.
"""

from collections.abc import Mapping

from tenure.agents.belief import QUADRANTS
from tenure.agents.ledger import LINES
from tenure.agents.person import CAUSES, STAGES
from tenure.simulation.recording.beliefs.groups import (
    BINS,
    COMPARED,
    DEFAULT,
    EVERYBODY,
    KINDS,
    LEAVE,
    PRODUCTS,
    SCOPE_GROUPS,
    TENURE_MONTHS,
)
from tenure.simulation.recording.counting import BUCKETS, PRODUCTS_HELD, TENURE_YEARS
from tenure.simulation.recording.measure import Key, Measure

FATES = tuple(
    ", ".join(word for bit, word in enumerate(("told to go", "charged off", "ours")) if code >> bit & 1)
    for code in range(8)
)
"""What became of a person, by bits: told to go by us (ended, or lending stopped), charged off with us, ours at the
end."""


TEXT = r"[\s\S]+"
"""Any text; names, labels and reasons are checked where they are written."""
UNUSED = Key("", ("",))
STAGE, QUADRANT = Key("true stage", STAGES), Key("true quadrant", QUADRANTS)
CAUSE = Key("cause", CAUSES[1:])
ENDED_AND_WHERE = rf"({'|'.join(CAUSES[1:])}): {TEXT}"
JOINED, DECLINED, STILL, STILL_DECLINED = "joined", "declined", "with us", "with us, declined"
LEFT, LEFT_DECLINED = "left: {cause}", "left after decline: {cause}"
CYCLE_EVENTS = (
    JOINED,
    DECLINED,
    STILL,
    STILL_DECLINED,
    *(form.format(cause=cause) for form in (LEFT, LEFT_DECLINED) for cause in CAUSES[1:]),
)
"""What happens between joining and the end of a relationship or of the run; 'declined' is the first decline."""
TENURE, HELD_PRODUCTS = Key("full years of tenure", TENURE_YEARS), Key("products held", PRODUCTS_HELD)
PERSON = Key("id of the person", form=r"\d+")
SCHEME = Key("scheme of classification", tuple(COMPARED))
KIND = Key("tags that are true, or believed", KINDS)
WEIGHT = Key("what is added up: heads, or balances in money", ("heads", "balance"))
GROUP = Key("group of customers", (EVERYBODY, *TENURE_MONTHS, *SCOPE_GROUPS))
RISK_GROUP = Key("group of customers", (EVERYBODY, *TENURE_MONTHS, *PRODUCTS))
SCORE, BIN = Key("probability within 12 months", (DEFAULT, LEAVE)), Key("bin of the probability", BINS)
BEFORE, AFTER = Key("tag at the first mark (or new)", form=TEXT), Key("tag at the second (or left)", form=TEXT)
RISK = Key("estimate", ("risk_mean",))

MONTHLY = "every month"
FROM_START = "the state before the first month, and every month"
ENDS = "the state before the first month, and the last month"
LAST = "the last month"
EVERY_YEAR = "every `compare_beliefs_every_months` (12)"
AT_MARKS = "every `compare_beliefs_every_months` (12), of what is believed when the month begins"

_declared: dict[str, Measure] = {}
MEASURES: Mapping[str, Measure] = _declared
"""Name -> measure, of all that a recording can hold."""


def _measure(
    name: str,
    unit: str,
    meaning: str,
    when: str,
    a: Key = UNUSED,
    b: Key = UNUSED,
    units: Mapping[str, str] | None = None,
    parts: Mapping[str, Key] | None = None,
) -> Measure:
    """Declare a measure."""
    if name in _declared:
        raise ValueError(f"measure {name} is declared twice")
    _declared[name] = Measure(name, unit, meaning, when, a, b, units or {}, parts or {})
    return _declared[name]


def measure_of(name: str) -> Measure:
    """Return the measure of this name, which may be one with words for its parts.

    Raises
    ------
    KeyError
        If none is declared.
    """
    found = _declared.get(name) or next((one for one in _declared.values() if one.is_named(name)), None)
    if found is None:
        raise KeyError(f"no measure '{name}' is declared in {__name__}")
    return found


# The book -------------------------------------------------------------------------------------------------------------

CUSTOMERS = _measure(
    "customers",
    "customers",
    "customers of an institution, or people without one ('nobody', 'gone')",
    FROM_START,
)
CREDIT_BALANCE = _measure("credit_balance", "EUR", "what an institution's customers owe it", FROM_START)
DEPOSIT_BALANCE = _measure("deposit_balance", "EUR", "what an institution's customers have with it", FROM_START)
CUSTOMERS_BY_TENURE = _measure("customers_by_tenure", "customers", "customers of an institution", FROM_START, TENURE)
CUSTOMERS_BY_PRODUCTS = _measure(
    "customers_by_products", "customers", "customers of an institution", FROM_START, HELD_PRODUCTS
)
PAST_DUE_BALANCE = _measure(
    "past_due_balance",
    "EUR",
    "what an institution's customers owe it",
    FROM_START,
    Key("missed payments outstanding", BUCKETS),
)
CUSTOMERS_BY_CELL = _measure("customers_by_cell", "customers", "our customers", FROM_START, STAGE, QUADRANT)
CREDIT_BALANCE_BY_CELL = _measure(
    "credit_balance_by_cell", "EUR", "what our customers owe us", FROM_START, STAGE, QUADRANT
)
DEPOSIT_BALANCE_BY_CELL = _measure(
    "deposit_balance_by_cell", "EUR", "what our customers have with us", FROM_START, STAGE, QUADRANT
)
NEW_CUSTOMERS_BY_QUADRANT = _measure(
    "new_customers_by_quadrant", "customers", "our customers in their first twelve months", MONTHLY, QUADRANT
)
PLANE_RISK = _measure(
    "plane_risk", "probability", "true default within 12 months, of a sample of our customers", ENDS, PERSON, QUADRANT
)
PLANE_RETURN = _measure(
    "plane_return", "EUR a year", "true margin before credit loss, of the same sample", ENDS, PERSON, QUADRANT
)

# What moved -----------------------------------------------------------------------------------------------------------

LEAVERS = _measure("leavers", "customers", "customers who left an institution", MONTHLY, CAUSE, TENURE)
LEAVERS_BY_PRODUCTS = _measure(
    "leavers_by_products", "customers", "customers who left an institution", MONTHLY, CAUSE, HELD_PRODUCTS
)
JOINERS = _measure(
    "joiners",
    "customers",
    "customers who came to an institution",
    MONTHLY,
    Key("how they came", ("searched", "reached", "invited")),
)
STAGE_MOVES = _measure(
    "stage_moves",
    "customers",
    "our customers of a month ago, whether they moved or not",
    MONTHLY,
    Key("true stage a month ago", STAGES),
    Key("true stage now (or gone)", (*STAGES, "gone")),
)
LEDGER = _measure("ledger", "EUR", "a line of an institution's profit and loss", MONTHLY, Key("line", LINES))
CLOSING_VALUE = _measure(
    "closing_value",
    "EUR",
    "what our customers are worth beyond the last month, discounted, with costs negative",
    LAST,
    Key("part of that value", ("future_margin", "expected_loss", "future_capital_cost")),
)
POACHING_PARTS = ("points", "months", "money")
"""Of an offer to those who come from another institution."""
POSTED_PRICE = _measure(
    "posted_price",
    "points a year",
    "price that an institution posts, in per cent of the balance a year; of deposits the rate paid, negative",
    MONTHLY,
    Key("product", form=TEXT),
)
POACHING_OFFER = _measure(
    "poaching_offer",
    "points, months or EUR",
    "what an institution promises to those who come from another; nothing where it promises nothing",
    MONTHLY,
    Key("points off the price of their credit, months for which they have it, money paid once", POACHING_PARTS),
)
FLOWS = _measure(
    "flows",
    "customers",
    "people who went from the institution ('nobody': from none)",
    MONTHLY,
    Key("where to (an institution, 'nobody', or 'gone' for good)", form=TEXT),
    Key("their true quadrant with us (empty where we have no part in it)", ("", *QUADRANTS)),
)
WON_BACK = _measure(
    "won_back",
    "customers",
    "customers who came back to us, having left since the recording began",
    MONTHLY,
    Key("from where (an institution or 'nobody')", form=TEXT),
    Key("true quadrant", QUADRANTS),
)
CYCLE = _measure(
    "cycle",
    "customers",
    "customers who joined us since the recording began: under 'joined', 'declined' if ever, and how it ended so far",
    LAST,
    Key("year of joining (1 is the first of the run), and months since: YEAR/MONTHS", form=r"\d+/\d+"),
    Key("what happened", CYCLE_EVENTS),
)
REACH = _measure(
    "reach",
    "contacts",
    "what a channel of an institution did",
    MONTHLY,
    Key("channel", form=TEXT),
    Key("what is counted", ("contacts", "spend_eur", "joined")),
    {"spend_eur": "EUR", "joined": "customers"},
)

# What we did ----------------------------------------------------------------------------------------------------------

TREATMENTS = _measure(
    "treatments",
    "customers",
    "what we proposed, what was refused, what we did and paid",
    MONTHLY,
    Key("treatment (none: all together)", ("",), TEXT),
    Key(
        "outcome (or kind of money)",
        (
            "contacted",
            "taken",
            "proposed",
            "cost_eur",
            "given_up_eur",
            "invitations_eur",
            "posted_cut_points",
            "spent",
            "forgone",
        ),
        r"refused:\w+",
    ),
    dict.fromkeys(("cost_eur", "given_up_eur", "invitations_eur", "spent", "forgone"), "EUR")
    | {"posted_cut_points": "points a year"},
)
REASONS = _measure("reasons", "customers", "customers served", MONTHLY, Key("reason that the policy gave", form=TEXT))
FUNNEL = _measure(
    "funnel",
    "customers",
    "from those in our files to those who took something",
    EVERY_YEAR,
    Key("step", ("in scope", "eligible", "proposed", "allowed", "contacted", "took it", "got nothing")),
)
STRUCTURE_LIMIT = _measure(
    "structure_limit",
    "that of the limit",
    "where a limit of structure stands, as we believe",
    FROM_START,
    Key("limit", form=TEXT),
    Key("figure (value, met, nothing)", ("value", "met", "nothing")),
    {"met": "0 or 1", "nothing": "1"},
)
LOOKALIKE = _measure(
    "lookalike",
    "1",
    "how well channels are told whom to look for",
    "when an institution learns it",
    Key(
        "figure (customers, share or area)",
        ("customers", "wanted_share", "auc_own_customers", "auc_market", "auc_market_all_seeing"),
    ),
    Key("quadrant looked for", QUADRANTS),
)
POLICY_NOTES = _measure(
    "policy_notes", "as the policy says", "what our policy notes of itself", LAST, Key("note", form=TEXT)
)

# Person by person, of our customers before the first month ------------------------------------------------------------

PERSON_PROFIT = _measure(
    "person/profit",
    "EUR",
    "margin while ours, less loss at charge-off and costs of contacts and rewards",
    LAST,
    PERSON,
    Key("true quadrant before the first month", QUADRANTS),
)
PERSON_CHARGED = _measure(
    "person/charged",
    "EUR",
    "interest and fees charged by us",
    LAST,
    PERSON,
    Key("true stage before the first month", STAGES),
)
PERSON_REWARDS = _measure("person/rewards", "EUR", "rewards and welcomes paid by us", LAST, PERSON)
PERSON_TREATMENT = _measure(
    "person/treatment",
    "EUR",
    "cost of treatments, given-up income included",
    LAST,
    PERSON,
    Key("audit group", form=r"\d+"),
)
PERSON_MONTHS = _measure("person/months", "months", "months with us", LAST, PERSON, Key("what became of them", FATES))

STAYS = "ours at the end"
LIFE_VALUE = _measure(
    "life/value",
    "EUR",
    "what the person brought us over the run and is expected to bring after it, discounted; of who was ever ours",
    LAST,
    PERSON,
    Key("how the relationship last ended", (STAYS, *CAUSES[1:])),
)
TAKEN = ", taken"
LIFE_TREATED = _measure(
    "life/treated",
    "the treatment's own",
    "amount of a treatment that was given to a person who was ever ours",
    MONTHLY,
    PERSON,
    Key("treatment, and whether it was taken", form=TEXT),
)
TO = ": "
"""Between how a relationship ended and where the customer went."""
LIFE_LEFT = _measure(
    "life/left",
    "customers",
    "an end of a relationship with us; somebody who comes back and leaves again has one more",
    MONTHLY,
    PERSON,
    Key("how it ended, and where the person went (an institution, 'nobody', or 'gone' for good)", form=ENDED_AND_WHERE),
)

# Beliefs beside the truth ---------------------------------------------------------------------------------------------

_MOVED = {"scheme": SCHEME, "kind": KIND, "weight": WEIGHT}
_MOVES = "our customers from mark to mark, or their balances at the first mark"
MIGRATION = _measure(
    "migration/{scheme}/{kind}/{weight}", "that of the weight", _MOVES, AT_MARKS, BEFORE, AFTER, None, _MOVED
)
MIGRATION_OF_SEGMENT = _measure(
    "migration/{scheme}/{kind}/{weight}/{segment}",
    "that of the weight",
    f"{_MOVES}, of one of our segments",
    AT_MARKS,
    BEFORE,
    AFTER,
    None,
    _MOVED | {"segment": Key("segment in our words", form=TEXT)},
)
MARKOV_ORDER = _measure(
    "markov_order",
    "1",
    "likelihood ratio test of whether moves depend on the present tag alone",
    LAST,
    Key("tag (scheme/kind)", tuple(f"{scheme}/{kind}" for scheme in COMPARED for kind in KINDS)),
    Key("figure", ("statistic", "degrees_of_freedom")),
)
TAG_ERROR = _measure("tag_error", "share", "tags that are not the true ones", AT_MARKS, SCHEME, GROUP)
TAG_ERROR_PEOPLE = _measure("tag_error_people", "customers", "tags compared", AT_MARKS, SCHEME, GROUP)
RISK_ERROR = _measure(
    "risk_error", "log-odds", "root mean squared error of our estimates of risk", AT_MARKS, RISK, RISK_GROUP
)
RISK_ERROR_EXPECTED = _measure(
    "risk_error_expected", "log-odds", "that error as the precision of the estimates says", AT_MARKS, RISK, RISK_GROUP
)
RISK_ERROR_PEOPLE = _measure("risk_error_people", "customers", "estimates compared", AT_MARKS, RISK, RISK_GROUP)

JUDGED = "a year after a prediction, once its twelve months are over"
RELIABILITY_PEOPLE = _measure("reliability_people", "customers", "people predicted", JUDGED, SCORE, BIN)
RELIABILITY_PREDICTED = _measure("reliability_predicted", "customers", "sum of their probabilities", JUDGED, SCORE, BIN)
RELIABILITY_HAPPENED = _measure("reliability_happened", "customers", "those to whom it happened", JUDGED, SCORE, BIN)
SCORE_PEOPLE = _measure("score_people", "customers", "people predicted", JUDGED, SCORE, GROUP)
SCORE_BRIER = _measure("score_brier", "1", "mean squared error of the probability (Brier)", JUDGED, SCORE, GROUP)
SCORE_AUC = _measure("score_auc", "1", "area under the curve of the probability", JUDGED, SCORE, GROUP)
