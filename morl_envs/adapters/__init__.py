"""Where outside libraries meet the environments and agents; each module needs its library, so none is imported here."""
