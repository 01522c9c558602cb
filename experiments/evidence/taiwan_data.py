"""30,000 Taiwanese credit-card customers, month by month: the raw file under readable names.

Yeh, I. C. (2009), *Default of Credit Card Clients*, UCI Machine Learning Repository, https://doi.org/10.24432/C55S3H,
CC BY 4.0.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from tenure.experiments.shipped import DATA

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

FOLDER = DATA
RAW = FOLDER / "credit_card_default.csv.gz"
SOURCE = (
    "Source: Yeh, I. C. (2009), Default of Credit Card Clients, UCI Machine Learning Repository, "
    "doi 10.24432/C55S3H, CC BY 4.0"
)
CUSTOMERS = 30_000

MONTHS = ("2005-04", "2005-05", "2005-06", "2005-07", "2005-08", "2005-09")
STATUS = tuple(f"status_{month}" for month in MONTHS)
BILL = tuple(f"bill_{month}" for month in MONTHS)
PAID = tuple(f"paid_{month}" for month in MONTHS)
# The repository counts its columns back from September; here they run forward from April.
NAMES = {
    "ID": "id",
    "X1": "limit",
    "X2": "sex",
    "X3": "education",
    "X4": "marital_status",
    "X5": "age",
    **{f"X{11 - i}": name for i, name in enumerate(STATUS)},
    **{f"X{17 - i}": name for i, name in enumerate(BILL)},
    **{f"X{23 - i}": name for i, name in enumerate(PAID)},
    "Y": "default",
}
"""The repository's column names, and ours."""


def load(path: Path = RAW) -> pd.DataFrame:
    """Read the raw file under readable names, months in the order of time.

    Returns
    -------
    DataFrame, shape (30000, 25)
        `id`, `limit` (NT$), `sex`, `education`, `marital_status`, `age` (years), `status_MONTH` (-2 no
        consumption, -1 paid in full, 0 revolving, 1.. payments missed), `bill_MONTH` and `paid_MONTH`
        (NT$), `default` (1: defaulted in October 2005).

    Raises
    ------
    ValueError
        If columns or rows are missing.
    """
    raw = pd.read_csv(path)
    missing = sorted(set(NAMES) - set(raw.columns))
    if missing or len(raw) != CUSTOMERS:
        raise ValueError(
            f"{path}: expected {CUSTOMERS} rows and the columns ID, X1 .. X23, Y; found {len(raw)} rows, "
            f"missing columns {missing or 'none'}. Restore the file: see experiments/data/README.md."
        )
    return raw.rename(columns=NAMES)[list(NAMES.values())]
