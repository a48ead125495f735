"""A run is killed 30 times at random moments, and ends with the file of an unbroken one: the tests do it twice.

Run: python tests/benchmarks/killing.py [times]
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest


def main() -> None:
    """Run the test with as many kills as are asked for."""
    os.environ["MORL_ENVS_KILLS"] = sys.argv[1] if len(sys.argv) > 1 else "30"
    tests = Path(__file__).parents[1] / "test_executors.py"
    raise SystemExit(pytest.main([str(tests), "-k", "killed_again", "-q", "-rP", "-o", "timeout=0"]))


if __name__ == "__main__":
    main()
