"""Fill in tissue, sex and age of small-RNA sequencing samples, and say when there is no call."""


def __getattr__(name: str) -> str:
    """Look the version up when it is asked for: that takes longer than all else of ``--help``."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("srna-augment")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "0+unknown"
