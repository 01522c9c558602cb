"""Settings of all tests: a law is true or not, however slow the machine is at the moment."""

import gc

from hypothesis import settings

settings.register_profile("tenure", deadline=None)
settings.load_profile("tenure")


def pytest_collection_finish() -> None:
    """Let the collector of garbage pass over what lives to the end: a million objects of tests and libraries."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """Let the program end as it would: libraries tell at the end of what is left of them."""
    gc.unfreeze()
