"""Learners: how each is trained. What they learn is kept as arrays by `srna_augment.model`."""
