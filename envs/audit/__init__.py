"""Checks that a family keeps its promises; `frostline audit` runs them."""
