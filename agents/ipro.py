"""Iterated Pareto referent optimisation: a policy after the other, each sent to where the front may still be.

Röpke et al., "Divide and conquer: provably unveiling the Pareto front with multi-objective reinforcement learning"
(2025), with PPO on an achievement scalarisation, as MORL-Baselines has it, unmodified; its simpler form where
objectives are two. For some weights it takes the policy that earned most. Controls: choice, lab. Extra: baselines.

Run: python agents/ipro.py --env morl/dial-choice-v0
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any

import gymnasium
import numpy as np
from gymnasium import Env, spaces

from morl_envs.adapters.archive import Archive, Found, Seen
from morl_envs.adapters.outside import extra, vectorised
from morl_envs.errors import require


@dataclass
class IteratedReferents(Archive):
    """MORL-Baselines' IPRO, or its IPRO2D.

    Args:
        steps: Actions taken in training, unless the budget ends first; policies share them evenly.
        iterations: Referents tried, after the policies that find the corners of the front's box.
        offset: How far the box reaches beyond those corners, in returns.
        num_envs: Rows of the vector environment.
        num_steps: Actions a row between updates.
        learning_rate: Of Adam.
        episodes: By which each policy is judged.
    """

    iterations: int = 6
    offset: float = 0.1
    num_envs: int = 8
    num_steps: int = 16
    learning_rate: float = 2e-3
    episodes: int = 16

    def algorithm(self, env: Env[Any, Any], seed: int) -> Any:
        """IPRO, which keeps every policy it trains; returns are not discounted, for texts are episodes."""
        k: int = env.unwrapped.reward_dim  # type: ignore[attr-defined]
        name, corners = ("ipro_2d", 2) if k == 2 else ("ipro", 2 * k)
        least = (corners + self.iterations) * self.num_envs * self.num_steps
        require(self.steps >= least, "steps", f"must be at least {least}: an update for each policy", self.steps)
        made = getattr(extra(f"morl_baselines.multi_policy.ipro.{name}", "baselines"), name.upper().replace("_", ""))(
            vectorised(env, self.num_envs),
            iter_total_timesteps=self.steps // (corners + self.iterations),
            max_iterations=self.iterations,
            reset_agent=True,  # each policy a network of its own
            offset=self.offset,
            learning_rate=self.learning_rate,
            num_steps=self.num_steps,
            gamma=1.0,
            device="cpu",
            seed=seed,
        )
        inner, made.kept = made.agent, []
        inner.policy_evaluate = partial(inner.policy_evaluate, eval_episodes=self.episodes)
        train = inner.train

        def recorded(*args: Any, **kwargs: Any) -> Any:
            returns = train(*args, **kwargs)
            made.kept.append((returns.copy(), inner.agent, inner.pref.cpu().numpy()))
            return returns

        inner.train = recorded  # what it gives back in the end lacks the preferences that policies are told
        estimate = made.estimate_error
        made.estimate_error = lambda: estimate() if len(made.pf) else None  # it fails while the front is empty
        return made

    def learn(self, algorithm: Any, env: Env[Any, Any]) -> None:
        """The corners, then a referent after the other."""
        ref_point = np.array(env.unwrapped.protocol.ref_point)  # type: ignore[attr-defined]
        algorithm.train(eval_env=_Anew(env), ref_point=ref_point, deterministic=True)

    def found(self, algorithm: Any) -> Found:
        """Every policy that was trained, and what it was told."""
        returns, networks, preferences = zip(*algorithm.kept, strict=True) if algorithm.kept else ([], [], [])
        return Found(returns, networks, {"preference": np.array(preferences)})

    def network(self, width: int, n_actions: int, k: int) -> Any:
        """An actor and critic."""
        box = spaces.Box(-np.inf, np.inf, (width,))
        shown = SimpleNamespace(single_observation_space=box, single_action_space=spaces.Discrete(n_actions))
        return extra("morl_baselines.single_policy.ser.nl_mo_ppo", "baselines").Agent(shown, k, k)

    def scores(self, network: Any, seen: Seen) -> Any:
        """The actor's logits, which go by what was earned so far."""
        import torch

        return network.actor(torch.cat([seen.observations, seen.earned, seen.told["preference"]], dim=1))


class _Anew(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Episodes go on with other prompts, where IPRO would judge a policy by one prompt again and again."""

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        return self.env.reset(options=options)


if __name__ == "__main__":
    import sys

    from morl_envs.cli import main

    main(["run", __file__, *sys.argv[1:]])
