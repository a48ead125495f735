"""TRL's GRPO trains on a task's own reward functions and prompts."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from morl_envs import objectives, registry
from morl_envs.errors import ScoringError

ANSWERS = ["The sum is 12. Answer: 12", "Answer: 7", "I do not know."]


def columns(task: Any, n: int) -> dict[str, Any]:
    prompts = task.prompts("train")[:n]
    return {
        "prompts": [[{"role": "user", "content": p.text}] for p in prompts],
        "prompt_id": [p.id for p in prompts],
        "reference": [p.reference for p in prompts],
    }


@pytest.mark.parametrize("task", ["arithmetic", "review", "summary"])
def test_the_functions_score_as_the_environment_does(task: str) -> None:
    env: Any = gymnasium.make(registry.row(task).id("completion")).unwrapped
    functions = env.task.as_trl_reward_funcs()
    assert [function.__name__ for function in functions] == list(env.objectives)
    expected = env.score(list(env.task.prompts("train")[:3]), ANSWERS)
    said = [[{"role": "assistant", "content": answer}] for answer in ANSWERS]
    for completions in (ANSWERS, said):
        given = columns(env.task, 3)
        found = np.array([f(completions=completions, completion_ids=[[1]] * 3, **given) for f in functions]).T
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_batch_is_scored_once_for_all_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = objectives.checked_scores

    def counted(scorer: Any, prompts: Any, completions: Any) -> Any:
        asked.append(scorer.name)
        return real(scorer, prompts, completions)

    monkeypatch.setattr("morl_envs.objectives.checked_scores", counted)
    task = registry.task("arithmetic")
    functions, given = task.as_trl_reward_funcs(), columns(task, 3)
    for function in functions:
        function(completions=ANSWERS, **given)
    assert asked == list(task.objectives)
    functions[0](completions=ANSWERS[::-1], **given)
    assert asked == 2 * list(task.objectives), "another batch is scored afresh"


def test_failure_is_not_a_score() -> None:
    task = registry.task("arithmetic")
    given = columns(task, 1) | {"reference": [None]}
    with pytest.raises(ScoringError, match="correctness"):
        task.as_trl_reward_funcs()[0](completions=["Answer: 3"], **given)


def test_two_steps_of_grpo(tiny_lm: str, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TRL's and its dependencies' own
        pytest.importorskip("trl")
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from trl import GRPOConfig, GRPOTrainer

        task = registry.task("review")
        tokenizer = AutoTokenizer.from_pretrained(tiny_lm)
        tokenizer.chat_template = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}"
        model = AutoModelForCausalLM.from_pretrained(tiny_lm)
        before = [p.detach().clone() for p in model.parameters()]
        settings = GRPOConfig(
            output_dir=str(tmp_path),
            reward_weights=[0.2, 0.3, 0.5],
            num_generations=4,
            per_device_train_batch_size=4,
            max_completion_length=16,
            max_steps=2,
            learning_rate=1e-2,
            logging_steps=1,
            use_cpu=True,
            bf16=False,
            report_to=[],
            save_strategy="no",
            disable_tqdm=True,
        )
        trainer = GRPOTrainer(
            model=model,
            processing_class=tokenizer,
            reward_funcs=task.as_trl_reward_funcs(),
            args=settings,
            train_dataset=task.as_trl_dataset("train").select(range(8)),
        )
        trainer.train()
    logged = [entry for entry in trainer.state.log_history if "reward" in entry]
    assert len(logged) == 2 and any(entry["reward_std"] > 0 for entry in logged)
    for entry in logged:
        means = [entry[f"rewards/{name}/mean"] for name in task.objectives]
        assert np.dot([0.2, 0.3, 0.5], means) == pytest.approx(entry["reward"], abs=1e-5)
    after = [p.detach().cpu() for p in trainer.model.parameters()]
    assert any((a != b).any() for a, b in zip(before, after, strict=True)), logged


def test_the_dataset_holds_what_the_functions_need() -> None:
    pytest.importorskip("datasets")
    task = registry.task("arithmetic")
    rows = task.as_trl_dataset("test")
    assert len(rows) == len(task.prompts("test")) and set(rows.column_names) == {"prompt", "prompt_id", "reference"}
    first = task.prompts("test")[0]
    assert rows[0]["prompt"] == [{"role": "user", "content": first.text}]
    assert (rows[0]["prompt_id"], rows[0]["reference"]) == (first.id, first.reference)
