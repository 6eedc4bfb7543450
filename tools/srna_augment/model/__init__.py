"""The model file and what is in it: arrays and JSON, predicted with NumPy alone."""
