"""The end of an error message: the known word that was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches

MOST_NAMED = 12


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" for the nearest known word, or the list of known words.

    Parameters
    ----------
    word : str
        As the user wrote it.
    known : iterable of str
        The words that would have been right.

    >>> did_you_mean("loyalty_rewrad", ["loyalty_reward", "end"])
    " Did you mean 'loyalty_reward'?"
    >>> did_you_mean("zebra", ["end", "none"])
    ' Known: end, none.'
    """
    words = list(known)
    near = get_close_matches(word, words, n=1, cutoff=0.7)
    if near:
        return f" Did you mean '{near[0]}'?"
    more = f" and {len(words) - MOST_NAMED} more" if len(words) > MOST_NAMED else ""
    return f" Known: {', '.join(words[:MOST_NAMED])}{more}." if words else ""
