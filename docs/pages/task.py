"""The page of a task, and the overview of all."""

from __future__ import annotations

import contextlib
import inspect
import io
import json
from importlib import import_module
from typing import Any

import gymnasium
from PIL import Image

from morl_envs import objectives, registry
from morl_envs.metrics import simplex_lattice
from morl_envs.objectives.politeness import turns
from morl_envs.tasks import SPLITS
from pages import HERE
from pages.answers import answers
from pages.certificates import measured_relationships
from pages.docstrings import docstring_sections, sections
from pages.markdown import escaped, flat, markdown, numbers, table

__all__ = ["overview", "task_page"]


def overview() -> str:
    """One row a task, and the table of contents of their pages."""
    rows = []
    for name, row in registry.TASKS.items():
        task = registry.task(name)
        ids = "<br>".join(f"`{row.id(control)}`{{.id}}" for control in row.controls)
        rows.append((f"[{name}]({name}.md)", task.summary.rstrip("."), ", ".join(task.objectives), ids))
    names = "\n".join(registry.TASKS)
    shown = table(("task", "about", "objectives", "ids"), rows)
    return f"{shown}\n```{{toctree}}\n:hidden:\n\n{names}\n```\n"


def task_page(name: str) -> str:
    """The page of a task."""
    row = registry.row(name)
    about = markdown(inspect.getdoc(import_module(f"morl_envs.tasks.{name}")) or "")
    # a task with environments of its own is specified by their classes
    own = _specifications(name) if row.environments else ""
    parts = [
        f"# {name}\n\n{about}",
        _example(name),
        own,
        _episode(name),
        f"## Objectives\n\nThe reward is a vector, in this order; all are maximised.\n\n{_objectives(name)}",
        measured_relationships(name),
        "" if own else f"## Controls\n\n{_spaces(name)}",
        f"## Prompts\n\n{_prompts(name)}",
        f"## Protocol\n\nHow every agent is judged under the default keyword arguments.\n\n{_protocol(name)}",
        answers(HERE / "environments" / "answers" / f"{name}.json"),
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _example(name: str) -> str:
    """Code that gives an answer and prints its vector, and what it prints."""
    row = registry.row(name)
    if "completion" in row.controls:
        prompt, answer = _written(name)
        act = f"answer = {json.dumps(answer, ensure_ascii=False)}\n_, reward, terminated, _, info = env.step(answer)\n"
        if registry.task(name).partner:
            said = "".join(f"    {json.dumps(turn, ensure_ascii=False)},\n" for turn in turns(answer))
            act = f"for turn in (\n{said}):\n    _, reward, terminated, _, info = env.step(turn)\n"
            act += 'print(info["completion"])\n'
        make, reset = f'"{row.id("completion")}", split="test"', f'options={{"prompt_index": {prompt}}}'
    else:
        act = "_, reward, terminated, _, info = env.step(3)\n"
        make, reset = f'"{row.id(row.controls[0])}"', "seed=0"
    code = (
        f"import gymnasium\nimport morl_envs\n\nenv = gymnasium.make({make})\n"
        f'observation, info = env.reset({reset})\nprint(info["prompt"])\n{act}'
        'for name, score in info["reward_components"].items():\n    print(f"{name:14}{score:.2f}")\n'
    )
    text = f"```python\n{code}```\n"
    if "completion" not in row.controls and registry.uses_lm(row.id(row.controls[0])):
        return text  # what it prints depends on the language model, and a build loads none
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, name, "exec", dont_inherit=True), {})
    return f"{text}\n```text\n{printed.getvalue()}```"


def _written(name: str) -> tuple[int, str]:
    """Index of a test prompt, and an answer to it: the last that somebody wrote for the task's page."""
    path = HERE / "environments" / "answers" / f"{name}.json"
    kept = json.loads(path.read_text(encoding="utf-8"))["answers"] if path.exists() else []
    written = [answer for answer in kept if answer["source"] == "written"]
    if not written:
        return 0, "A quiet answer."
    ids = [prompt.id for prompt in registry.task(name).prompts("test")]
    return ids.index(written[-1]["prompt_id"]), written[-1]["answer"]


def _episode(name: str) -> str:
    path = HERE / "environments" / "episodes" / f"{name}.gif"
    if not path.exists():
        return ""
    with Image.open(path) as film:
        words = film.info["comment"].decode()
    about = f"Written by the base policy, two times over; `python docs/episodes.py {name}` films it again."
    return f"## An episode\n\n```{{image}} episodes/{name}.gif\n:alt: {flat(words)}\n```\n\n{about}"


def _objectives(name: str) -> str:
    row, task = registry.row(name), registry.task(name)
    if row.environments:
        env: Any = gymnasium.make(row.id(row.controls[0])).unwrapped
        bounds = zip(env.objectives, env.reward_space.low.tolist(), env.reward_space.high.tolist(), strict=True)
        rows = [(f"`{name}`", f"[{low:g}, {high:g}]") for name, low, high in bounds]
        return table(("objective", "range of a step"), rows)
    scorers = [objectives.get(objective) for objective in task.objectives]
    told = [(inspect.getdoc(type(scorer)) or "").split("\n\n") for scorer in scorers]
    rows = [
        (f"`{s.name}`", f"[{s.low:g}, {s.high:g}]", s.version, flat(t[0])) for s, t in zip(scorers, told, strict=True)
    ]
    more = [f"`{s.name}`: {flat(p)}\n" for s, t in zip(scorers, told, strict=True) for p in t[1:]]
    return table(("objective", "range", "version", "what it measures"), rows) + "\n" + "\n".join(more)


def _spaces(name: str) -> str:
    row = registry.row(name)
    found = {control: docstring_sections(_environment(name, control)) for control in row.controls}
    rows = [
        (f"`{row.id(c)}`{{.id}}", *(flat(told.get(f"{side} Space", "")) for side in ("Observation", "Action")))
        for c, told in found.items()
    ]
    return (
        f"{table(('id', 'observation', 'action'), rows)}\n[Controls](../controls.md) has each in full. An answer has "
        f"at most {registry.task(name).max_new_tokens} tokens unless `max_new_tokens` says otherwise."
    )


def _prompts(name: str) -> str:
    task = registry.task(name)
    rows = [(f"`{s}`", str(len(task.prompts(s))), f"`{task.content_hash(s)}`") for s in SPLITS]
    examples = "\n".join(f"> {escaped(prompt.text)}\n" for prompt in task.prompts("train")[:3])
    return f"{table(('split', 'prompts', 'SHA-256 of the contents'), rows)}\nThe first of `train`:\n\n{examples}"


def _protocol(name: str) -> str:
    protocol, names = registry.row(name).protocol, registry.task(name).objectives
    n_weights = len(simplex_lattice(len(protocol.ref_point), protocol.weight_divisions))
    rows = [
        ("objectives", ", ".join(names)),
        ("reference point of the hypervolume", numbers(protocol.ref_point)),
        ("nadir, ideal", f"{numbers(protocol.nadir)}, {numbers(protocol.ideal)}"),
        ("weights", f"{n_weights}: the simplex lattice with {protocol.weight_divisions} steps between two corners"),
        ("seeds", numbers(protocol.seeds)),
        ("test prompts", f"the first {protocol.n_prompts}"),
        ("discount", f"{protocol.gamma:g}"),
    ]
    return table(("", ""), rows)


def _environment(task: str, control: str) -> type[Any]:
    module, prefix = registry.row(task).entry_point(control).split(":")
    found: type[Any] = getattr(import_module(module), f"{prefix}Env")
    return found


def _specifications(name: str) -> str:
    row = registry.row(name)
    first, *others = row.controls
    more = [f"## {row.id(control)}\n\n{sections(_environment(name, control), depth=3)}" for control in others]
    return "\n\n".join([sections(_environment(name, first), depth=2), *more])
