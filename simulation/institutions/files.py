"""An institution's files: who counts as an existing customer, and a record of each of them.

A record has a place of its own that it keeps until the person leaves the files, so nothing is copied from month to
month; `at` lists the rows of the people in the files in their order, and `places` where their records are.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.agents.belief import BELIEF, BROWSING, CONTACTED, LEFT, NEVER, OPEN, OTHER_LINES, SETTLED
from tenure.agents.compiling import compiled
from tenure.agents.declaring import MAX_PRODUCTS
from tenure.simulation.institutions.history import TagHistory
from tenure.simulation.institutions.tags import InChunks
from tenure.simulation.settings.institution import InstitutionSettings

LONG_AGO = np.int16(-32768)
LINE, MET, TRACE = range(3)
"""Columns of the register: last month as a customer of our line, in contact, seen looking for a product."""
NOBODY_ELSE = -1
MEMORY = np.dtype(
    [
        ("contacts", np.uint32),
        ("contacted", np.int16),
        ("arrears", np.int16),
        ("opted_out", np.int8),
        ("vulnerable", np.int8),
    ],
    align=True,
)
"""What outlives a closed file, so that the rules of contact and protection do not begin anew with the next one: our
contacts of 32 months (bit m: m months before the last), the months of the last contact and of the last arrears, and
what the person told us."""


def at_once(rows: int, work: Callable[[slice], None]) -> None:
    """Do the work on all rows."""
    work(slice(0, rows))


class ScopeRule(NamedTuple):
    """Who is in scope: 0/1 for each relation, months for what lies back; 0 leaves it out."""

    open: int
    other_lines: int
    settled_months: int
    contacted_months: int
    browsing_months: int
    line: tuple[int, ...]
    """0/1 for each product of the market: belongs to the business line"""


def scope_rule(one: InstitutionSettings, products: tuple[str, ...]) -> ScopeRule:
    """Return the setting as the loop over people reads it."""
    wide = one.existing_customers
    line = [int(one.business_line is None or name in one.business_line) for name in products]
    return ScopeRule(
        int("open" in wide),
        int("other_lines" in wide),
        one.settled_counts_for_months if "settled" in wide else 0,
        one.contact_counts_for_months if "contacted" in wide else 0,
        one.browsing_counts_for_months if "browsing" in wide else 0,
        tuple(line + [0] * (MAX_PRODUCTS - len(line))),
    )


@compiled
def scope_rows(
    signals: NDArray[np.void],
    register: NDArray[np.int16],
    codes: NDArray[np.int8],
    me: int,
    sees: int,
    month: int,
    rule: ScopeRule,
) -> None:
    """Bring the register up to date with last month, and write why each person is in scope; -1 not at all."""
    for i in range(signals.shape[0]):
        s = signals[i]
        code = NOBODY_ELSE
        if s.met >> me & 1 == 1:
            register[i, MET] = month
        if sees == 1 and s.trace >= 0:
            register[i, TRACE] = month
        if s.provider == me:
            held, of_line = 0, 0
            for k in range(len(rule.line)):
                held += s.held[k]
                of_line += s.held[k] * rule.line[k]
            if of_line > 0 or held == 0:
                register[i, LINE] = month
                code = OPEN if rule.open == 1 else NOBODY_ELSE
            elif rule.other_lines == 1:
                code = OTHER_LINES
        if code == NOBODY_ELSE and s.provider >= 0 and s.provider != me:
            if month - register[i, LINE] <= rule.settled_months and register[i, LINE] < month:
                code = SETTLED
            elif month - register[i, MET] < rule.contacted_months:
                code = CONTACTED
            elif month - register[i, TRACE] < rule.browsing_months:
                code = BROWSING
        codes[i] = code


@compiled
def retag_rows(
    now: NDArray[np.int8],
    places: NDArray[np.int64],
    tags: NDArray[np.int8],
    changed: NDArray[np.int64],
    before: NDArray[np.int8],
) -> int:
    """Write the tag of each record; return how many are others than before, first in the lists of who and of what."""
    count = 0
    for i in range(places.shape[0]):
        place = places[i]
        changed[count], before[count] = i, tags[place]
        count += before[count] != now[i]
        tags[place] = now[i]
    return count


def _shifted(contacts: NDArray[np.uint32], months: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Return histories of contacts so many months later; what is older than 32 months drops out."""
    later = np.left_shift(contacts.astype(np.uint64), np.clip(months, 0, 32).astype(np.uint64))
    return (later & np.uint64(0xFFFFFFFF)).astype(np.uint32)


def _extended(rows: NDArray[Any], count: int) -> NDArray[Any]:
    """Return the rows in an array of so many, the new ones as they happen to be; room is kept for more."""
    whole = rows.base
    if not (isinstance(whole, np.ndarray) and whole.dtype == rows.dtype and len(whole) >= count):
        whole = np.empty((max(count, len(rows) * 9 // 8), *rows.shape[1:]), rows.dtype)
        whole[: len(rows)] = rows
    return whole[:count]


class Files:
    """Records of one institution, and the register that says who is in scope.

    Attributes
    ----------
    records : structured array, shape (places,)
        dtype BELIEF; an empty place has person_id -1.
    at, places : int64 arrays, shape (people in the files,)
        Row of each person, ascending, and the place of the record.
    scopes : int64 array, shape (people in the files,)
        Index into SCOPES.
    joined, left : int64 arrays
        Indexes into `at` of those who are new this month; ids of those who are gone from the files.
    tags : int8 array, shape (schemes, places)
        Present tags, -1 none.
    memory : structured array, shape (people,)
        dtype MEMORY, of everybody ever in the files.
    """

    def __init__(self, schemes: int = 0) -> None:
        self.records = np.zeros(0, BELIEF)
        self.at = self.places = self.scopes = np.zeros(0, np.int64)
        self.joined = self.left = self.left_places = np.zeros(0, np.int64)
        self.place_of = np.zeros(0, np.int32)
        self.register = np.zeros((0, 3), np.int16)
        self.memory = np.zeros(0, MEMORY)
        self.free = np.zeros(0, np.int64)
        self.tags = np.zeros((schemes, 0), np.int8)

    def update(
        self,
        signals: NDArray[np.void],
        me: int,
        sees_browsing: int,
        month: int,
        rule: ScopeRule,
        in_chunks: InChunks = at_once,
    ) -> None:
        """Open files for those who came into scope, close those of who left it.

        Parameters
        ----------
        signals : structured array, shape (people,)
            Of the month before.
        sees_browsing : int
            Whether traces reach this institution.
        month : int
            The month that begins.
        """
        self.cover(len(signals))
        codes = np.empty(len(signals), np.int8)

        def some(part: slice) -> None:
            scope_rows(signals[part], self.register[part], codes[part], me, sees_browsing, month, rule)

        in_chunks(len(signals), some)
        out = np.flatnonzero((self.place_of >= 0) & (codes < 0))
        self.left_places = self.place_of[out].astype(np.int64)
        self.left = self.records["person_id"][self.left_places]
        self._close(out, signals[out], me, month)
        self.records["person_id"][self.left_places] = -1
        self.place_of[out] = -1
        self.free = np.concatenate([self.free, self.left_places[::-1]])
        self.at = np.flatnonzero(codes >= 0)
        self.scopes = codes[self.at].astype(np.int64)
        self.places = self.place_of[self.at].astype(np.int64)
        self.joined = np.flatnonzero(self.places < 0)
        self._open(len(self.joined))
        if len(self.joined):
            self.places[self.joined] = self.free[: -len(self.joined) - 1 : -1]
            self.free = self.free[: -len(self.joined)]
            self.place_of[self.at[self.joined]] = self.places[self.joined]
            self._recall(self.at[self.joined], self.places[self.joined], month)

    def cover(self, people: int) -> None:
        """Have a line in the register for each person of the market."""
        known = len(self.place_of)
        if people > known:
            self.place_of = _extended(self.place_of, people)
            self.register = _extended(self.register, people)
            self.memory = _extended(self.memory, people)
            self.place_of[known:], self.register[known:] = -1, LONG_AGO
            fresh = self.memory[known:]
            fresh[:] = np.zeros((), MEMORY)
            fresh["contacted"] = fresh["arrears"] = LONG_AGO

    def remember(self, rows: NDArray[np.int64], month: int) -> None:
        """Note that the people at these rows are contacted this month."""
        mine = self.memory
        mine["contacts"][rows] = _shifted(mine["contacts"][rows], month - mine["contacted"][rows].astype(int)) | 1
        mine["contacted"][rows] = month

    def _close(self, rows: NDArray[np.int64], shown: NDArray[np.void], me: int, month: int) -> None:
        """Keep of the files that close what must not be forgotten; `shown` is the people's last month."""
        records, ours = self.records[self.left_places], shown["provider"] == me
        for name in ("opted_out", "vulnerable"):
            self.memory[name][rows] = np.where(ours, shown[name], records[name])
        since = np.where(ours & (shown["months_past_due"] > 0), -1, records["months_since_arrears"])
        self.memory["arrears"][rows] = np.where(since < NEVER, month - 2 - since, LONG_AGO)

    def _recall(self, rows: NDArray[np.int64], places: NDArray[np.int64], month: int) -> None:
        """Write into files that open what was known before, as of the month before the last."""
        known, records = self.memory[rows], self.records
        since = month - 2 - known["contacted"].astype(int)
        records["contact_history"][places] = _shifted(known["contacts"], since)
        records["months_since_contact"][places] = np.minimum(since, NEVER)
        records["months_since_arrears"][places] = np.minimum(month - 2 - known["arrears"].astype(int), NEVER)
        for name in ("opted_out", "vulnerable"):
            records[name][places] = known[name]

    def _open(self, wanted: int) -> None:
        """Have at least so many empty places."""
        missing = wanted - len(self.free)
        if missing > 0:
            old, more = len(self.records), max(missing, len(self.records) // 8)
            records = np.zeros(old + more, BELIEF)
            records[:old] = self.records
            records["person_id"][old:] = -1
            self.records = records
            tags = np.full((len(self.tags), old + more), -1, np.int8)
            tags[:, :old] = self.tags
            self.tags = tags
            self.free = np.concatenate([np.arange(old + more - 1, old - 1, -1), self.free])

    def retag(self, codes: NDArray[np.int8], history: TagHistory, month: int) -> None:
        """Give everybody in the files this month's tags; what changed goes to the history, scheme by scheme.

        Parameters
        ----------
        codes : int8 array, shape (schemes, people in the files)
        """
        gone, records, some = self.left_places, self.records, np.zeros(len(self.at), np.bool_)
        had = self.tags[:, gone]
        self.tags[:, gone] = -1
        moved = [self._moved(tags, now) for tags, now in zip(self.tags, codes, strict=True)]
        for who, _ in moved:
            some[who] = True
        at = np.flatnonzero(some)  # a record is fetched once, however many of its tags have changed
        persons, why = np.zeros(len(some), np.int64), np.zeros(len(some), np.int8)
        persons[at], why[at] = records["person_id"][self.places[at]], records["news"][self.places[at]]
        for scheme, (who, before) in enumerate(moved):
            history.append(month, scheme, self.left, had[scheme], np.int8(-1), np.int8(LEFT))
            history.append(month, scheme, persons[who], before, codes[scheme][who], why[who])

    def _moved(self, tags: NDArray[np.int8], now: NDArray[np.int8]) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
        """Write a scheme's tags of everybody in the files; return who has another, and which there was before."""
        who, before = np.empty(len(now), np.int64), np.empty(len(now), np.int8)
        count = retag_rows(now, self.places, tags, who, before)
        return who[:count], before[:count]

    @property
    def beliefs(self) -> NDArray[np.void]:
        """Records in the order of the people, shape (people in the files,); a copy."""
        return self.records[self.places]

    @property
    def nbytes(self) -> int:
        """Bytes of records, register and lists."""
        parts = (self.tags, self.records, self.at, self.places, self.scopes, self.place_of, self.register, self.free)
        return sum(part.nbytes for part in (*parts, self.memory))

    def kept(self, here: NDArray[np.bool_]) -> dict[str, NDArray[np.generic]]:
        """Return what a checkpoint needs, for the rows of people who are still here."""
        stay = here[self.at]
        place = np.cumsum(here) - 1
        return {
            "records": self.records[self.places[stay]],
            "at": place[self.at[stay]],
            "scopes": self.scopes[stay],
            "register": self.register[here[: len(self.register)]],
            "memory": self.memory[here[: len(self.memory)]],
        }

    @classmethod
    def of(cls, state: Mapping[str, NDArray[np.generic]], schemes: int = 0) -> "Files":
        """Return the files of a checkpoint; tags and their history start anew."""
        files = cls(schemes)
        files.records = state["records"].astype(BELIEF)
        files.at, files.scopes = state["at"].astype(np.int64), state["scopes"].astype(np.int64)
        files.register = state["register"].astype(np.int16)
        files.memory = state["memory"].astype(MEMORY)
        files.tags = np.full((schemes, len(files.records)), -1, np.int8)
        files.places = np.arange(len(files.at))
        files.place_of = np.full(len(files.register), -1, np.int32)
        files.place_of[files.at] = files.places
        return files
