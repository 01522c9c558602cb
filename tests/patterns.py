"""What is looked for in words and figures that are written."""

import re

NOTHING_TO_EITHER_SIDE = re.compile(r"± 0\.0+(?!\d)")
MOST = re.compile(r"\b[Mm]ost\b")
SHARE = re.compile(r"-?\d+(?:\.\d+)?(?=%)")
