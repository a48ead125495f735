"""Outside libraries over the ids of this package."""
