"""Grids of runs: cells, what makes them, what runs them."""
