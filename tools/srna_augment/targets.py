"""The targets by name, for option parsers, which must not wait for NumPy."""

TARGETS = ("tissue", "tissue_group", "sex", "age")
