"""Settings that all tests share."""

from hypothesis import settings

# How long one example takes depends on what else the machine does; a test that fails for it says nothing about the code.
settings.register_profile("gridnode", deadline=None, print_blob=True)
settings.load_profile("gridnode")
