"""How fast the package decodes, scores and steps, beside its peers."""
