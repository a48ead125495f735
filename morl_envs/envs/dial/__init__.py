"""`dial`: a text MDP with exact ground truth and no language model."""

from morl_envs.envs.dial.choice import DialChoiceEnv, DialChoiceVectorEnv
from morl_envs.envs.dial.mdp import DialMDP
from morl_envs.envs.dial.scalar import DialEnv
from morl_envs.envs.dial.vector import DialVectorEnv

__all__ = ["DialChoiceEnv", "DialChoiceVectorEnv", "DialEnv", "DialMDP", "DialVectorEnv"]
