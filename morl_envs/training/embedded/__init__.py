"""How the embedded language model is made: answers are sampled, filtered, joined with composed ones, and learnt."""
