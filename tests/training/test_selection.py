"""Which inputs a learner keeps of a wide table, by hand."""

from __future__ import annotations

import numpy as np

from srna_augment.learners.selection import select_variable


def test_those_that_vary_most_are_kept_in_their_order():
    values = np.array([[0, 5, 0, 1], [6, 5, 0, 1], [0, 5, 4, 2]], np.float32)
    assert select_variable(values, np.ones(3), 2).tolist() == [0, 2]
    assert select_variable(values, np.ones(3), 3).tolist() == [0, 2, 3]


def test_weights_count_in_the_variance():
    # shares .2, .4, .4: .2 * .8 * 36 = 5.76 for the first column, .4 * .6 * 16 = 3.84 for the
    # second; with shares .02, .49, .49 it is .71 and 4.0
    values = np.array([[6, 0], [0, 4], [0, 0]], np.float32)
    assert select_variable(values, np.array([2.0, 4, 4]), 1).tolist() == [0]
    assert select_variable(values, np.array([2.0, 49, 49]), 1).tolist() == [1]


def test_a_narrow_table_is_kept_whole():
    assert select_variable(np.zeros((2, 3), np.float32), np.ones(2), 3).tolist() == [0, 1, 2]
