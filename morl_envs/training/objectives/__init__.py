"""How the learned scorers are made: the data, the training, the log, the hash of the weights."""
