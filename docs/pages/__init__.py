"""The generated pages, each written from the code; `docs/generate.py` puts them where they belong."""

from pathlib import Path

__all__ = ["HERE"]

HERE = Path(__file__).parents[1]
"""The folder of the documentation."""
