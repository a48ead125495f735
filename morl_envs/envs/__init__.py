"""Environments: text in, vector reward out, under the three controls."""
