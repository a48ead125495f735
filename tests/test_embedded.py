"""The language model that ships: small, whole, quick to make an environment with, and it answers what it is asked."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from morl_envs import lm, registry
from morl_envs.errors import ModelUnavailable
from morl_envs.lm import embedded
from morl_envs.lm.embedded import FOLDER, EmbeddedLM
from morl_envs.training.embedded import measure

COMPLETION = [row.id("completion") for row in registry.TASKS.values() if "completion" in row.controls]
STOPS = {"and", "the", "was", "that", "this", "with", "for", "from", "you", "your", "what", "who"}


@pytest.fixture(scope="module")
def model() -> Any:
    return lm.load()


@pytest.fixture(scope="module")
def spoken(model: Any) -> dict[str, tuple[list[str], list[str]]]:
    """Task -> (test prompts, an answer sampled for each)."""
    found = {}
    for id in COMPLETION:
        env: Any = gymnasium.make(id, split="test").unwrapped
        prompts = [prompt.text for prompt in env.prompts[:64]]
        answers = model.generate(prompts, max_new_tokens=env.max_new_tokens, seeds=range(64))
        found[env.task.name] = prompts, [answer.text for answer in answers]
    return found


def test_it_is_the_default_and_small(model: Any) -> None:
    assert isinstance(model, EmbeddedLM) and model.name == "embedded"
    assert sum(p.numel() for p in model.model.module.parameters()) <= 5_000_000
    assert sum(path.stat().st_size for path in FOLDER.iterdir() if path.is_file()) <= 10_000_000
    assert 1024 <= model.vocabulary_size <= 4096


def test_what_it_reads_without_torch_is_what_transformers_reads(model: Any) -> None:
    from transformers import AutoConfig, AutoTokenizer

    tokenizer, config = AutoTokenizer.from_pretrained(FOLDER), AutoConfig.from_pretrained(FOLDER)
    text = "Say hello to Ann & Bob, it's 7 o'clock — naïve?\n \N{GRINNING FACE}"
    chat = [{"role": "user", "content": text}]
    asked = tokenizer.apply_chat_template(chat, tokenize=True, add_generation_prompt=True, return_dict=False)
    assert model.encode_prompts([text]) == [list(asked)]
    assert model.decode([model.encode_completion(text)]) == [text]
    assert (model.vocabulary_size, model.hidden_size) == (config.vocab_size, config.hidden_size)
    assert model.end_token_ids == {tokenizer.eos_token_id}


def test_making_an_environment_imports_neither_torch_nor_transformers() -> None:
    code = (
        "import sys, gymnasium, morl_envs\n"
        "for id in morl_envs.registry.ids(): gymnasium.make(id).reset(seed=0)\n"
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    ids = "if 'choice' not in id and 'lab' not in id"  # these show what the model computes
    subprocess.run([sys.executable, "-c", code.replace("ids():", f"ids():\n  {ids}:")], check=True)


def test_a_changed_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "embedded"
    shutil.copytree(FOLDER, folder)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    monkeypatch.setattr(embedded, "FOLDER", folder)
    with pytest.raises(ModelUnavailable, match=r"model\.safetensors .* must have SHA-256"):
        _ = EmbeddedLM("embedded", "cpu", "float32").model


def test_recipe_log_and_hashes_are_kept() -> None:
    kept = Path(measure.__file__).parent
    recipe = json.loads((kept / "recipe.json").read_text())
    log = [json.loads(line) for line in (kept / "log.jsonl").read_text().splitlines()]
    losses = [row["loss"] for row in log if "loss" in row]
    assert log[-1]["step"] == recipe["steps"] and losses[-1] < losses[0] / 2
    assert f"{recipe['steps']} steps" in json.loads((FOLDER / "manifest.json").read_text())["source"]


@pytest.mark.parametrize("batch_size", [1, 3, 16])
def test_greedy_answers_equal_transformers(model: Any, batch_size: int) -> None:
    prompts = [
        registry.task(task).prompts("test")[i].text for i in range(4) for task in registry.TASKS if task != "dial"
    ]
    contexts = model.encode_prompts(prompts)
    assert len(set(map(len, contexts))) > 5, "the prompts are ragged"
    expected = []
    for context in contexts:
        tokens = torch.tensor([context])
        written = model.model.module.generate(
            tokens, attention_mask=torch.ones_like(tokens), max_new_tokens=24, do_sample=False, pad_token_id=0
        )
        expected.append(written[0, len(context) :].tolist())
    answers = model.generate(
        prompts, max_new_tokens=24, temperature=0, seeds=range(len(prompts)), batch_size=batch_size
    )
    assert [answer.tokens.tolist() for answer in answers] == expected


def test_decoding_is_the_tokenizer_s_own(model: Any) -> None:
    rng = np.random.default_rng(0)
    single = [i for i in range(model.vocabulary_size) if len(model.tokenizer.id_to_token(i)) == 1]  # cut characters too
    rows = [*rng.integers(model.vocabulary_size, size=(300, 40)).tolist(), *rng.choice(single, size=(2000, 9)).tolist()]
    texts = model.decode([*rows, [], [0], [0, 1, 2]])
    assert texts == model.tokenizer.decode_batch([*rows, [], [0], [0, 1, 2]], skip_special_tokens=True)
    assert sum("\ufffd" in text for text in texts) > 1000 and texts[-3:] == ["", "", ""]


def content(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]{3,}", text.lower())) - STOPS


@pytest.mark.parametrize("task", ["review", "story", "summary"])
def test_it_answers_the_prompt_that_it_is_given(spoken: dict[str, Any], task: str) -> None:
    """By words in common; `measure` does it with sentence embeddings."""
    prompts, answers = spoken[task]
    common = np.array([[len(content(prompt) & content(answer)) for prompt in prompts] for answer in answers])
    others = (common.sum(axis=1) - common.diagonal()) / (len(prompts) - 1)
    assert (common.diagonal() > others + 0.5).mean() >= 0.75


def test_answers_are_plain_text_that_mostly_ends_by_itself(spoken: dict[str, Any]) -> None:
    for task, (_, answers) in spoken.items():
        assert all(answer.isprintable() for answer in answers), task
        assert len(set(answers)) > len(answers) / 2, task
        assert np.mean([answer.strip() == "" for answer in answers]) < 0.05, task


def test_answers_vary() -> None:
    assert measure.distinct_2(["a b c", "a b d"]) == 0.75
    assert measure.distinct_2([]) == 0


def test_every_objective_spreads_over_answers_to_one_prompt() -> None:
    for id in COMPLETION:
        env: Any = gymnasium.make(id, split="test").unwrapped
        for name, spread in measure.spread(env, n_prompts=8, n_samples=12).items():
            assert spread > 0.05, (id, name)  # the card has the exact figures


def test_the_head_start_copies_before_any_training() -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    from morl_envs.training.embedded.circuits import teach_copying

    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        fresh = LlamaForCausalLM(LlamaConfig.from_pretrained(FOLDER))
        said = torch.randint(3, fresh.config.vocab_size, (4, 30))
        twice = torch.cat([said, said], dim=1)
        before = fresh(input_ids=twice).logits
        teach_copying(fresh)
        after = fresh(input_ids=twice).logits
    right = [(logits[:, 30:-1].argmax(-1) == said[:, 1:]).float().mean() for logits in (before, after)]
    assert right[0] < 0.02 and right[1] > 0.2


def test_composed_sums_are_right_and_none_is_a_test_prompts() -> None:
    import random

    from morl_envs.tasks import arithmetic
    from morl_envs.training.embedded.compose.arithmetic import drill

    asked = {tuple(sorted(re.findall(r"\d+", p.text))): p.reference for p in arithmetic.TASK.prompts("test")}
    rng = random.Random(0)
    for _ in range(200):
        for line in drill(rng)[1].split(". "):
            first, *_, result = line.split(" = ")
            assert eval(first) == int(result), line
            assert asked.get(tuple(sorted(re.findall(r"\d+", first)))) != result, line


def test_no_composed_prompt_is_one_of_a_test_split() -> None:
    from itertools import islice

    from morl_envs.training.embedded.corpus import composed

    held_out = {
        prompt.text for task in registry.TASKS if task != "dial" for prompt in registry.task(task).prompts("test")
    }
    pairs = list(islice(composed(0), 2000))
    assert not held_out & {prompt for prompt, _ in pairs}
    assert all(answer and "{" not in answer for _, answer in pairs)


def test_a_composed_story_is_asked_for_with_three_different_words(monkeypatch: pytest.MonkeyPatch) -> None:
    import random

    from morl_envs.training.embedded.compose import story, words

    monkeypatch.setattr(words, "NOUNS", ("whistle", "drum", "door"))
    monkeypatch.setattr(words, "ADJECTIVES", ("drum", "small"))
    monkeypatch.setattr(words, "VERBS", ("whistle", "swim"))
    for seed in range(500):
        _, given = story._prompt(random.Random(seed))
        assert len(set(given)) == 3, given


def test_the_learning_rate_falls_to_a_twentieth() -> None:
    from morl_envs.training.embedded.train import Recipe, _rate

    rates = [_rate(Recipe(steps=2_000, peak=1.0), step) for step in range(2_000)]
    assert rates[100] == 1.0 and rates[1_999] == pytest.approx(0.05, abs=1e-4)
    assert all(a < b for a, b in pairwise(rates[:100])) and all(a >= b for a, b in pairwise(rates[100:]))


def test_common_words_are_one_token_and_a_text_is_cut_into_as_few_as_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from morl_envs.training.embedded import tokenizer

    monkeypatch.setattr(tokenizer, "_SHARE_OF_PIECES", 0.97)
    texts = ["the boat and the harbour"] * 9 + ["harb boathouse houseboat"] * 3
    trained = tokenizer.train_tokenizer(texts, 268, tmp_path)
    assert len(trained) == 268 and trained.all_special_tokens == ["<|end|>", "<|user|>", "<|assistant|>"]
    assert trained.tokenize(" boat harbour") == ["Ġboat", "Ġharbour"]
    assert "Ġboathouse" not in trained.get_vocab(), "there is no room for a rare word"
    word = "Ġharboathouse"
    fewest = {len(word): 0}  # from the end, by trying all cuts
    for start in reversed(range(len(word))):
        cuts = [end for end in range(start + 1, len(word) + 1) if word[start:end] in trained.get_vocab()]
        fewest[start] = 1 + min(fewest[end] for end in cuts)
    assert len(trained.tokenize(word.replace("Ġ", " "))) == fewest[0] < len(word)


@given(text=st.text())
def test_any_text_survives_its_tokens(text: str) -> None:
    model = lm.load("embedded")
    assert model.decode([model.encode_completion(text)]) == [re.sub(r"<\|(end|user|assistant)\|>", "", text)]


@pytest.mark.parametrize("word", ["lantern", "puddle", "umbrella", "actor", "hungry", "borrow"])
def test_words_to_be_taken_up_are_one_token(word: str) -> None:
    assert len(lm.load("embedded").encode_completion(f" {word}")) == 1


def test_a_training_that_was_stopped_goes_on_as_if_it_had_not_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from morl_envs.training.embedded import train

    monkeypatch.setattr(train, "_VOCABULARY_PAIRS", 100)
    monkeypatch.setattr(train, "_KEEP_EVERY", 2)
    recipe = train.Recipe(vocabulary_size=600, layers=2, inner=32, batch_tokens=256, steps=4)
    train.train(recipe, tmp_path, tmp_path / "whole")
    drawn = train._batches

    def failing(*args: Any, **kwargs: Any) -> Any:
        if kwargs["seed"] == 2:
            raise KeyboardInterrupt
        return drawn(*args, **kwargs)

    monkeypatch.setattr(train, "_batches", failing)
    with pytest.raises(KeyboardInterrupt):
        train.train(recipe, tmp_path, tmp_path / "stopped")
    monkeypatch.setattr(train, "_batches", drawn)
    train.train(recipe, tmp_path, tmp_path / "stopped")
    ends = [train.restore(recipe, tmp_path / name) for name in ("whole", "stopped")]
    assert ends[0][2] == ends[1][2] == 4
    for one, other in zip(ends[0][0].parameters(), ends[1][0].parameters(), strict=True):
        assert torch.equal(one, other)
    log = (tmp_path / "stopped" / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in log] == [0]
