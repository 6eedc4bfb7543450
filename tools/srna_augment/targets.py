"""The targets by name, for option parsers, which must not wait for NumPy."""

TARGETS = ("tissue", "tissue_group", "sex", "age")
# How common a class is among training samples says something of the next: people are alike, but
# what laboratories sequence is not.
WITH_BASE_RATES = ("sex", "age")
