"""Published reward models load by name, on tiny classifiers saved to a folder, and score as they say."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
import transformers

from morl_envs import objectives
from morl_envs.errors import InvalidParameter, ModelUnavailable, ScoringError
from morl_envs.objectives.published import MODELS, choose
from morl_envs.spec import Prompt
from tests.conftest import save_tiny_tokenizer

TINY: dict[str, tuple[str, dict[str, Any]]] = {
    "positivity": ("DistilBert", {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64}),
    "helpfulness": ("GPT2", {"n_embd": 32, "n_layer": 2, "n_head": 4, "num_labels": 1}),
    "harmlessness": ("GPT2", {"n_embd": 32, "n_layer": 2, "n_head": 4, "num_labels": 1}),
    "humour": ("DistilBert", {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64}),
    "faithfulness": (
        "Bart",
        {"d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64,
         "encoder_attention_heads": 2, "decoder_attention_heads": 2},
    ),
    "empathy": (
        "Bert",
        {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64, "num_labels": 1},
    ),
}  # fmt: skip
LABELS = {
    "positivity": ("NEGATIVE", "POSITIVE"), "humour": ("HUMOR", "NO_HUMOR"), "faithfulness": ("WRONG", "faithful"),
}  # fmt: skip
PROMPTS = [
    Prompt("What is 12 + 7?", reference="nineteen"),
    Prompt("Say something."),
    Prompt("How do I poach an egg? I never did it."),
]
TEXTS = ["I loved it!", "a dull plot, wooden acting, and a great score", "the film was a quiet joy and it stayed."]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny classifier for each objective that has a published one."""
    root = tmp_path_factory.mktemp("published")
    assert set(TINY) == set(MODELS)
    for seed, (name, (architecture, sizes)) in enumerate(TINY.items()):
        size = save_tiny_tokenizer(root / name)
        tokens = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 1}
        config = getattr(transformers, f"{architecture}Config")(vocab_size=size, **tokens, **sizes)
        if name in LABELS:
            config.id2label = dict(enumerate(LABELS[name]))
        config.initializer_range = config.init_std = 0.3
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            kind = getattr(transformers, f"{architecture}ForSequenceClassification")
            kind(config).save_pretrained(root / name)
        if architecture == "Bart":  # it reads the state at its last end-of-text token
            _end_with_a_token(root / name)
    return root


def _end_with_a_token(folder: Path) -> None:
    from tokenizers import processors

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="$A <end>", pair="$A <end> $B <end>", special_tokens=[("<end>", 1)]
    )
    tokenizer.save_pretrained(folder)


def published(name: str, folder: Path) -> objectives.Objective:
    return choose(f"published:{folder}", name, objectives.get(name))


@pytest.mark.parametrize("name", TINY)
def test_a_model_scores_by_hand(name: str, folder: Path) -> None:
    """What the objective gives is what the classifier gives for the formatted text, one by one."""
    scorer = published(name, folder)
    assert isinstance(scorer, objectives.Objective) and (scorer.name, scorer.low, scorer.high) == (name, 0.0, 1.0)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder / name)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder / name).eval()
    expected = []
    for prompt, text in zip(PROMPTS, TEXTS, strict=True):
        human = f"\n\nHuman: {prompt.text} \n\nAssistant:"
        texts = {
            "helpfulness": (human, f" {text}"), "harmlessness": (human, f" {text}"),
            "faithfulness": (text, prompt.reference or prompt.text),
        }.get(name, (text,))  # fmt: skip
        with torch.inference_mode():
            logits = model(**tokenizer(*texts, return_tensors="pt")).logits[0]
        index = {"positivity": 1, "humour": 0, "faithfulness": 1}.get(name)
        if index is not None:
            expected.append(float(logits.softmax(-1)[index]))
        else:
            expected.append(float(logits[0].clip(0, 1) if name == "empathy" else logits[0].sigmoid()))
    found = objectives.checked_scores(scorer, PROMPTS, TEXTS)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert name == "empathy" or found.std() > 1e-3


@pytest.mark.parametrize("name", TINY)
def test_scores_hardly_depend_on_the_batch(name: str, folder: Path) -> None:
    scorer = published(name, folder)
    texts = [" ".join((TEXTS[i % 3] * (1 + i % 5)).split()[: 1 + i]) for i in range(40)] + [""]
    prompts = [PROMPTS[i % 3] for i in range(41)]
    together = objectives.checked_scores(scorer, prompts, texts)
    alone = [scorer.score([p], [t])[0] for p, t in zip(prompts, texts, strict=True)]
    np.testing.assert_allclose(together, alone, atol=1e-4)
    np.testing.assert_array_equal(together, scorer.score(prompts, texts))
    assert scorer.score([], []).shape == (0,)
    assert 0 <= scorer.score(PROMPTS[:1], ["word " * 5000])[0] <= 1


def test_environments_take_them(folder: Path, tiny_lm: str) -> None:
    kwargs: dict[str, Any] = {"scorers": f"published:{folder}", "lm": tiny_lm, "device": "cpu", "dtype": "float32"}
    env: Any = gymnasium.make("morl/assistant-completion-v0", **kwargs)
    project: Any = gymnasium.make("morl/assistant-completion-v0", lm=tiny_lm)
    again = gymnasium.make(gymnasium.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    vector = gymnasium.make_vec("morl/assistant-completion-v0", num_envs=3, **kwargs)
    vector.reset(seed=0)
    rewards = vector.step(TEXTS)[1]
    for i, text in enumerate(TEXTS):
        env.reset(seed=i)
        again.reset(seed=i)
        project.reset(seed=i)
        reward = env.step(text)[1]
        np.testing.assert_allclose(reward, rewards[i], atol=1e-4)
        np.testing.assert_array_equal(again.step(text)[1], reward)
        assert np.abs(project.step(text)[1] - reward).max() > 1e-3
        assert env.unwrapped.reward_space.contains(reward)
    for made in (env, again, project, vector):
        made.close()


def test_what_is_exact_stays_and_what_has_no_model_is_refused(folder: Path) -> None:
    brevity = objectives.get("brevity")
    assert choose("published", "brevity", brevity) is brevity
    assert choose("project", "humour", objectives.get("humour")) is objectives.get("humour")
    with pytest.raises(InvalidParameter, match=r"objectives must have a published reward model .*got 'specificity'"):
        gymnasium.make("morl/review-completion-v0", scorers="published")
    gymnasium.make("morl/review-completion-v0", scorers="published", objectives=["positivity", "brevity"])
    for wrong in ("publisht", "project:x", 3):
        with pytest.raises(InvalidParameter, match=r"scorers must be 'project', 'published' or 'published:<folder>'"):
            gymnasium.make("morl/review-completion-v0", scorers=wrong)
    with pytest.raises(InvalidParameter, match=r"scorers must name a folder with a model in 'positivity'"):
        choose(f"published:{folder}/positivity", "positivity", objectives.get("positivity"))


def test_a_folder_without_a_model_fails_as_it_scores(tmp_path: Path) -> None:
    (tmp_path / "humour").mkdir()
    with pytest.raises(ScoringError, match=r"'humour' could not score .*cannot be loaded"):
        objectives.checked_scores(published("humour", tmp_path), PROMPTS, TEXTS)


def test_an_unexpected_label_is_refused(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "positivity"
    shutil.copytree(folder / "positivity", other)
    config = json.loads((other / "config.json").read_text())
    config |= {"id2label": {"0": "SAD", "1": "GLAD"}, "label2id": {"SAD": 0, "GLAD": 1}}
    (other / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelUnavailable, match=r"must have a label 'POSITIVE', got \['SAD', 'GLAD'\]"):
        published("positivity", tmp_path).score(PROMPTS, TEXTS)
