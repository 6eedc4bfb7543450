"""How good predictions are: figures from out-of-fold predictions, tables, plots, MultiQC sections.

Every figure comes in two weightings by one formula. With each sample counting once a large study
drowns the small ones; with each *study* counting once (a sample counts 1 / size of its study) the
figure says what to expect of the next laboratory. The latter end in ``_by_study``.
"""
