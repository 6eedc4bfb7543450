"""The commands: one thin file each. They import the heavy parts only when they run them."""
