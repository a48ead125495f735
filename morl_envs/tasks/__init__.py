"""Tasks: prompts in two fixed splits, and the names of the objectives that score an answer."""

from morl_envs.tasks.base import SPLITS, Task

__all__ = ["SPLITS", "Task"]
