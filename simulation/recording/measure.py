"""What a measure is: its name, unit and meaning, and what the two keys of its rows say."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True)
class Key:
    """What `a` or `b` of a measure says.

    Attributes
    ----------
    meaning : str
        What it is; empty if it is not used.
    words : tuple of str
        Those it can be, in their order; none: any text of the form.
    form : str
        Regular expression of what else it can be.
    """

    meaning: str
    words: tuple[str, ...] = ()
    form: str = ""

    def holds(self, text: str) -> bool:
        """Return whether this can be a key."""
        return text in self.words or bool(self.form and re.fullmatch(self.form, text))


@dataclass(frozen=True)
class Measure:
    """One thing that a recording can hold.

    Attributes
    ----------
    name : str
        As in the column `measure`; parts in braces stand for words, given by `parts`.
    unit : str
        Of the value.
    meaning : str
    when : str
        Of which months there are rows.
    a, b : Key
    units : mapping
        Word of `b` -> unit, where it is another one.
    parts : mapping
        Part of the name -> what it is.
    """

    name: str
    unit: str
    meaning: str
    when: str
    a: Key
    b: Key
    units: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, Key] = field(default_factory=dict)

    def named(self, *parts: str) -> str:
        """Return the name with these words for its parts, in their order.

        Raises
        ------
        ValueError
            If a word is missing, or cannot stand for its part.
        """
        if not self.parts and not parts:
            return self.name
        made = dict(zip(self.parts, parts, strict=True))
        for part, word in made.items():
            if not self.parts[part].holds(word):
                raise ValueError(f"'{word}' cannot be {part} of {self.name}: {self.parts[part].meaning}")
        return self.name.format(**made)

    def is_named(self, name: str) -> bool:
        """Return whether this is one of its names."""
        return self._form.fullmatch(name) is not None

    @cached_property
    def _form(self) -> re.Pattern[str]:
        spelt = {part: "|".join([*map(re.escape, key.words), key.form]).rstrip("|") for part, key in self.parts.items()}
        pieces = re.split(r"\{(\w+)\}", self.name)
        return re.compile("".join(f"({spelt[one]})" if at % 2 else re.escape(one) for at, one in enumerate(pieces)))
