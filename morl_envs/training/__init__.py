"""Training: the recipes behind the weights that ship with the package."""
