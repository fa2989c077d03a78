"""What the readings of a trained method hold, measured by probes that are trained on them alone."""

CODE = 1
"""Bump when what is measured changes: probes of another code are made anew."""
