"""The vector environments of this package as Stable-Baselines3 wants them; importing this needs the extra `sb3`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode
from numpy.typing import ArrayLike, NDArray
from stable_baselines3.common.vec_env import VecEnv

from morl_envs.errors import require
from morl_envs.metrics.utility import checked_weights

__all__ = ["ScalarisedVecEnv", "Spaces"]


class ScalarisedVecEnv(VecEnv):
    """A vector environment of this package with the reward ``weights @ vector``, as Stable-Baselines3 wants it.

    Its rows share one batched model, where ``DummyVecEnv`` would step n environments one by one. Without `weights`,
    each episode draws its own, uniformly from the simplex, and its observations end with them, so that one network
    learns for all. Infos hold ``vector_reward`` and ``reward_weights``, as those of MO-Gymnasium's `LinearReward` do.

    Args:
        envs: From ``gymnasium.make_vec(id, num_envs=n, autoreset_mode="SameStep")``.
        weights: On the simplex, shape ``(k,)``; None to draw them.
        seed: Of the weights that are drawn.
    """

    def __init__(self, envs: Any, weights: ArrayLike | None = None, seed: int = 0) -> None:
        mode = envs.metadata["autoreset_mode"].value
        require(mode == "SameStep", "envs", 'must be made with autoreset_mode="SameStep"', mode)
        box = envs.single_observation_space
        require(isinstance(box, spaces.Box), "envs", "must have vectors as observations", box)
        self.envs = envs
        self.fixed = None if weights is None else checked_weights(np.asarray(weights)[None], envs.reward_dim)[0]
        self._rng = np.random.default_rng(seed)
        self._weights = np.stack([self._drawn() for _ in range(envs.num_envs)])
        self._actions: Any = None
        if self.fixed is None:
            low, high = (np.append(b, np.full(envs.reward_dim, e)) for b, e in ((box.low, 0), (box.high, 1)))
            box = spaces.Box(low.astype(np.float32), high.astype(np.float32), dtype=np.float32)
        super().__init__(envs.num_envs, box, envs.single_action_space)

    def reset(self) -> NDArray[np.float32]:
        """Start all episodes."""
        seeds = None if self._seeds[0] is None else list(self._seeds)
        observations, _ = self.envs.reset(seed=seeds)
        self._reset_seeds()
        self._reset_options()
        return self._shown(observations, self._weights)

    def step_async(self, actions: NDArray[Any]) -> None:
        """Keep the actions for `step_wait`."""
        self._actions = actions

    def step_wait(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_], list[dict[str, Any]]]:
        """One action a row; rows that end start anew, with their last observation in ``terminal_observation``."""
        observations, vectors, terminated, truncated, infos = self.envs.step(self._actions)
        rewards = (vectors * self._weights).sum(axis=1).astype(np.float32)
        told: list[dict[str, Any]] = [
            {"vector_reward": vector.copy(), "reward_weights": weights.copy()}
            for vector, weights in zip(vectors, self._weights, strict=True)
        ]
        ended = terminated | truncated
        for row in np.flatnonzero(ended):
            last = np.asarray(infos["final_obs"][row])[None]
            told[row]["terminal_observation"] = self._shown(last, self._weights[row : row + 1])[0]
            told[row]["TimeLimit.truncated"] = bool(truncated[row] and not terminated[row])
            self._weights[row] = self._drawn()
        return self._shown(observations, self._weights), rewards, ended, told

    def close(self) -> None:
        """Close the environments."""
        self.envs.close()

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """The vector environment's attribute, once a row."""
        return [getattr(self.envs, attr_name)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Rows share their attributes, so one cannot be set for some of them."""
        require(indices is None, "indices", "must be None: rows share their attributes", indices)
        setattr(self.envs, attr_name, value)

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        """The vector environment's method, called once."""
        found = getattr(self.envs, method_name)(*args, **kwargs)
        return [found] * len(list(self._get_indices(indices)))

    def env_is_wrapped(self, wrapper_class: type[Any], indices: Any = None) -> list[bool]:
        """Rows are wrapped by nothing."""
        return [False] * len(list(self._get_indices(indices)))

    def _drawn(self) -> NDArray[np.float64]:
        return self._rng.dirichlet(np.ones(self.envs.reward_dim)) if self.fixed is None else self.fixed

    def _shown(self, observations: NDArray[np.float32], weights: NDArray[np.float64]) -> NDArray[np.float32]:
        if self.fixed is not None:
            return observations
        return np.concatenate([observations, weights], axis=1, dtype=np.float32)


class Spaces(ScalarisedVecEnv):
    """The spaces of environments that draw weights, without the environments: it cannot be stepped."""

    def __init__(self, envs: Any) -> None:
        super().__init__(
            SimpleNamespace(
                metadata={"autoreset_mode": AutoresetMode.SAME_STEP},
                single_observation_space=envs.single_observation_space,
                single_action_space=envs.single_action_space,
                num_envs=1,
                reward_dim=envs.reward_dim,
                render_mode=None,
            )
        )
