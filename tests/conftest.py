"""Settings of all tests: a law is true or not, however slow the machine is at the moment."""

from hypothesis import settings

settings.register_profile("tenure", deadline=None)
settings.load_profile("tenure")
