"""Sample and score the ten answers of a task's page: `python docs/answers.py review`.

Prompts are those that the test environment draws from consecutive seeds; each is answered by the language model and
scored by the environment's own step. Answers marked "written" in the file are kept and scored again. A remark stays as
long as its answer and its scores do; a new answer's remark is empty, for a reader to write.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import gymnasium

import morl_envs
from morl_envs.envs.sampling import sample
from morl_envs.objectives.politeness import turns

FOLDER = Path(__file__).parent / "environments" / "answers"
N_ANSWERS = 10


def build(task: str, kept: dict[str, Any], *, lm: str, temperature: float, seed: int) -> dict[str, Any]:
    """The contents of ``environments/answers/<task>.json``, given what it held before."""
    row = morl_envs.registry.row(task)
    env: Any = gymnasium.make(row.id("completion"), lm=lm, split="test")
    written = [answer for answer in kept.get("answers", []) if answer["source"] == "written"]
    seeds = range(seed, seed + N_ANSWERS - len(written))
    ids = [env.reset(seed=each)[1]["prompt_id"] for each in seeds]
    prompts = {prompt.id: prompt for prompt in env.unwrapped.prompts}
    drawn = sample(env.unwrapped, [prompts[id] for id in ids], seeds=list(seeds), temperature=temperature)
    answers = [_scored(env, id, answer.text, "sampled") for id, answer in zip(ids, drawn, strict=True)]
    answers += [_scored(env, answer["prompt_id"], answer["answer"], "written") for answer in written]
    remarks = {_key(answer): answer["remark"] for answer in kept.get("answers", [])}
    for answer in answers:
        answer["remark"] = remarks.get(_key(answer), "")
    return {
        "task": task,
        "lm": lm,
        "temperature": temperature,
        "seed": seed,
        "objectives": list(env.unwrapped.objectives),
        "answers": answers,
    }


def _scored(env: Any, prompt_id: str, text: str, source: str) -> dict[str, Any]:
    """An answer with the vector that the environment's steps give it; of a dialogue, the agent's turns are taken."""
    index = [prompt.id for prompt in env.unwrapped.prompts].index(prompt_id)
    prompt, _ = env.reset(options={"prompt_index": index})
    terminated, info = False, {}
    for turn in turns(text) if env.unwrapped.task.partner else [text]:
        _, reward, terminated, _, info = env.step(turn)
    if not terminated:
        raise SystemExit(f"answer must end the dialogue, got {text!r}")
    scores = [round(float(score), 4) for score in reward]
    return {"prompt_id": prompt_id, "prompt": prompt, "answer": info["completion"], "source": source, "scores": scores}


def _key(answer: dict[str, Any]) -> tuple[Any, ...]:
    return (answer["prompt_id"], answer["answer"], *answer["scores"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Sample and score the ten answers of a task's page.")
    tasks = [name for name, row in morl_envs.registry.TASKS.items() if "completion" in row.controls]
    parser.add_argument("task", choices=tasks)
    parser.add_argument("--lm", default="smollm2-135m")
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    path = FOLDER / f"{chosen.task}.json"
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    after = build(chosen.task, before, lm=chosen.lm, temperature=chosen.temperature, seed=chosen.seed)
    path.write_text(json.dumps(after, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for number, answer in enumerate(after["answers"], start=1):
        print(f"{number}. {answer['prompt']}\n{answer['answer'].strip()}\n{answer['scores']} {answer['remark']}\n")
