"""MORL/D: a population of soft actor-critics, one a weight vector, that learn from each other's episodes.

Felten, Talbi and Danoy, "Multi-objective reinforcement learning based on decomposition: a taxonomy and framework"
(2024), with discrete soft actor-critics and a shared buffer, as MORL-Baselines has it, unmodified. For some weights it
takes the policy of its archive that earned most. Controls: choice, lab. Extra: baselines.

Run: python agents/morld.py --env morl/dial-choice-v0
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import Env

from morl_envs.adapters.archive import Archive, Found, Seen
from morl_envs.adapters.outside import extra


@dataclass
class Decomposition(Archive):
    """MORL-Baselines' MORLD.

    Args:
        steps: Actions taken in training, unless the budget ends first.
        population: Policies, each with its weights.
        rounds: How often each takes its turn; after every turn all are judged by a few episodes.
        learning_rate: Of Adam.
        width: Units of each of the two hidden layers.
        batch_size: Transitions a gradient step.
        entropy: Price of certainty, in reward per nat.
    """

    population: int = 6
    rounds: int = 4
    learning_rate: float = 1e-3
    width: int = 128
    batch_size: int = 64
    entropy: float = 0.01

    def algorithm(self, env: Env[Any, Any], seed: int) -> Any:
        """MORLD; returns are not discounted, for texts are episodes."""
        return extra("morl_baselines.multi_policy.morld.morld", "baselines").MORLD(
            env,
            policy_name="MOSACDiscrete",
            policy_args={
                "learning_starts": max(1, self.steps // 4),
                "batch_size": self.batch_size,
                "buffer_size": self.steps,
                "net_arch": [self.width, self.width],
                "policy_lr": self.learning_rate,
                "q_lr": self.learning_rate,
                "update_frequency": 1,
                "target_net_freq": 50,
                "autotune": False,
                "alpha": self.entropy,
                "device": "cpu",
            },
            gamma=1.0,
            pop_size=self.population,
            exchange_every=max(1, self.steps // (self.population * self.rounds)),
            shared_buffer=True,
            log=False,
            seed=seed,
            device="cpu",
        )

    def learn(self, algorithm: Any, env: Env[Any, Any]) -> None:
        """One policy after the other."""
        algorithm.train(
            total_timesteps=self.steps,
            eval_env=env,
            ref_point=np.array(env.unwrapped.protocol.ref_point),  # type: ignore[attr-defined]
            num_eval_episodes_for_front=1,  # which are five
            checkpoints=False,
        )

    def found(self, algorithm: Any) -> Found:
        """The actors of the archive."""
        actors = [individual.wrapped.actor for individual in algorithm.archive.individuals]
        return Found(algorithm.archive.evaluations, actors, {})

    def network(self, width: int, n_actions: int, k: int) -> Any:
        """An actor."""
        module = extra("morl_baselines.single_policy.ser.mosac_discrete_action", "baselines")
        return module.MOSACDiscreteActor((width,), n_actions, k, [self.width, self.width])

    def scores(self, network: Any, seen: Seen) -> Any:
        """Its logits."""
        return network(seen.observations)


if __name__ == "__main__":
    import sys

    from morl_envs.cli import main

    main(["run", __file__, *sys.argv[1:]])
