"""Fill in tissue, sex and age of small-RNA sequencing samples, and say when there is no call."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("srna-augment")
except PackageNotFoundError:  # run from a checkout that was never installed
    __version__ = "0+unknown"
