"""Playing an environment by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
from rich.console import Console
from rich.markup import escape

from morl_envs.errors import InvalidParameter
from morl_envs.registry import task_and_control

__all__ = ["play"]

_SHOWN = 8  # candidates listed at a token step


def play(console: Console, id: str, *, seed: int, **kwargs: Any) -> None:
    """Episodes until the input ends; an answer or a token a line."""
    _, control = task_and_control(id)
    control = "choice" if control == "lab" else control  # the number of a candidate in both
    env = gymnasium.make(id, render_mode="ansi", **kwargs)
    ask = _whole_answers if control == "completion" else _tokens
    try:
        while True:
            _, info = env.reset(seed=seed)
            console.print(f"\n[bold]prompt[/]\n{escape(info['prompt'])}\n", highlight=False)
            heard = ""
            for action in ask(console, env.unwrapped, control):
                try:
                    _, _, terminated, _, info = env.step(action)
                except InvalidParameter as error:
                    console.print(f"[red]{escape(str(error))}[/]", highlight=False)
                    continue
                if terminated:
                    break
                heard = _reply(console, env.unwrapped, heard)
            console.print(str(env.render()).partition("\nanswer\n")[2], markup=False, highlight=False)
            seed += 1
    except (EOFError, KeyboardInterrupt):
        console.print()
    finally:
        env.close()


def _reply(console: Console, env: Any, heard: str) -> str:
    """Show what was said in a conversation since `heard`; the dialogue so far."""
    dialogue: str = env.dialogue
    if dialogue != heard:
        console.print(dialogue.removeprefix(heard).strip(), markup=False, highlight=False)
    return dialogue


def _whole_answers(console: Console, env: Any, control: str) -> Iterator[str]:
    while True:
        yield input("answer> ")


def _tokens(console: Console, env: Any, control: str) -> Iterator[int]:
    told = f"a number picks a token; under token, =text writes text and = alone ends it; {_SHOWN} best are shown"
    console.print(told, style="dim")
    while True:
        logits = env.next_token_logits
        best = np.argsort(-logits, kind="stable")[:_SHOWN]
        listed = "  ".join(f"{i}:{text!r}" for i, text in enumerate(env.lm.decode([[token] for token in best])))
        console.print(listed, highlight=False, markup=False)
        line = input("token> ").strip() or "0"
        if control == "token" and line.startswith("="):
            yield from env.lm.encode_completion(line[1:]) or [min(env.lm.end_token_ids)]
        elif line.isdigit() and (control == "choice" or int(line) < _SHOWN):
            yield int(line) if control == "choice" else int(best[int(line)])
        else:
            console.print(f"[red]token must be a number below {_SHOWN}[/]")
