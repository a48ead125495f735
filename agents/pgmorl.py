"""PGMORL: a population of PPO policies, each trained on from where it is predicted to gain most.

Xu et al., "Prediction-guided multi-objective reinforcement learning for continuous robot control" (2020), as
MORL-Baselines has it, unmodified. Its actions are continuous: scores of the candidates, of which the highest is taken
(`morl_envs.adapters.box`). For some weights it takes the policy of its archive that earned most. Two or three
objectives; it fails where a policy earns exactly 0 of one, which its predictor finds no neighbours of. Controls:
choice, lab. Extra: baselines.

Run: python agents/pgmorl.py --env morl/dial-choice-v0
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import Env

from morl_envs.adapters.archive import Archive, Found, Seen
from morl_envs.adapters.box import BoxActions
from morl_envs.adapters.outside import extra
from morl_envs.errors import require

POPULATION = 6
DIVISIONS = {2: 5, 3: 2}
"""Of the weights that the population begins with, by number of objectives: they make six weight vectors."""


@dataclass
class PredictionGuided(Archive):
    """MORL-Baselines' PGMORL.

    Args:
        steps: Actions taken in training, unless the budget ends first.
        generations: How often policies and weights are paired anew, after a first half of training without.
        num_envs: Environments that are stepped in turn.
        num_steps: Actions in each between updates.
        learning_rate: Of Adam.
        width: Units of each of the two hidden layers.
    """

    generations: int = 1
    num_envs: int = 4
    num_steps: int = 64
    learning_rate: float = 1e-3
    width: int = 64

    def algorithm(self, env: Env[Any, Any], seed: int) -> Any:
        """PGMORL in environments like `env` and on its meter; returns are not discounted, for texts are episodes."""
        k: int = env.unwrapped.reward_dim  # type: ignore[attr-defined]
        require(k in DIVISIONS, "env", "must have two or three objectives", k)
        a_round = POPULATION * self.num_envs * self.num_steps
        require(self.steps >= 2 * a_round, "steps", f"must be at least {2 * a_round}: two updates a policy", self.steps)
        rounds = self.steps // a_round
        made = extra("morl_baselines.multi_policy.pgmorl.pgmorl", "baselines").PGMORL(
            BoxActions(env).spec,
            origin=np.array(env.unwrapped.protocol.ref_point),  # type: ignore[attr-defined]
            num_envs=self.num_envs,
            pop_size=POPULATION,
            warmup_iterations=rounds // 2,
            steps_per_iteration=self.num_steps,
            evolutionary_iterations=max(1, rounds // 2 // self.generations),
            num_performance_buffer=DIVISIONS[k] + 1,  # six bins of one: a prediction takes a tenth of a second
            performance_buffer_size=1,
            delta_weight=1 / DIVISIONS[k],
            gamma=1.0,
            net_arch=[self.width, self.width],
            num_minibatches=8,
            learning_rate=self.learning_rate,
            log=False,
            seed=seed,
            device="cpu",
        )
        for inner in made.env.envs:
            env.unwrapped.meter.charge(**inner.unwrapped.meter.costs())  # type: ignore[attr-defined]
            inner.unwrapped.meter = env.unwrapped.meter  # type: ignore[attr-defined]
            _shown_as_it_is(inner)
        return made

    def learn(self, algorithm: Any, env: Env[Any, Any]) -> None:
        """Each policy on its weights, then on those predicted to gain most."""
        ref_point = np.array(env.unwrapped.protocol.ref_point)  # type: ignore[attr-defined]
        algorithm.train(total_timesteps=self.steps, eval_env=BoxActions(env), ref_point=ref_point)

    def found(self, algorithm: Any) -> Found:
        """The networks of the archive."""
        networks = [individual.networks for individual in algorithm.archive.individuals]
        return Found(algorithm.archive.evaluations, networks, {})

    def network(self, width: int, n_actions: int, k: int) -> Any:
        """An actor and critic."""
        module = extra("morl_baselines.single_policy.ser.mo_ppo", "baselines")
        return module.MOPPONet((width,), (n_actions,), k, [self.width, self.width])

    def scores(self, network: Any, seen: Seen) -> Any:
        """The mean of its scores."""
        return network.actor_mean(seen.observations)


def _shown_as_it_is(env: Any) -> None:
    """PGMORL trains on observations that are normalised as it goes, but judges policies on those that are not."""
    env.set_wrapper_attr("update_running_mean", False)
    statistics = env.get_wrapper_attr("obs_rms")
    statistics.mean, statistics.var = np.zeros_like(statistics.mean), np.ones_like(statistics.var)


if __name__ == "__main__":
    import sys

    from morl_envs.cli import main

    main(["run", __file__, *sys.argv[1:]])
