"""Bargaining: what the partner understands and does, what leaks, what can be gamed, and whole dialogues everywhere."""

from __future__ import annotations

import doctest
import json
import math
import random
import re
from typing import Any

import gymnasium
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from morl_envs import objectives, registry
from morl_envs.cli.agents import find
from morl_envs.envs.sampling import sample
from morl_envs.errors import InvalidParameter
from morl_envs.evaluation import EvaluationResult, evaluate
from morl_envs.objectives import bargain
from morl_envs.spec import Prompt
from morl_envs.tasks import bargaining, haggle
from morl_envs.tasks.bargaining import Scenario, heard, price_named
from morl_envs.training.embedded.compose.haggle import compose

IDS = {control: registry.row("haggle").id(control) for control in registry.row("haggle").controls}
BUY = Scenario(sells=False, opening=100, limit=90, reserve=50, style="fair")  # demands 100, 88, 75, 62, 50
SELL = Scenario(sells=True, opening=50, limit=60, reserve=100, style="fair")  # demands 50, 62, 75, 88, 100
BOTH = [*haggle.TASK.prompts("train"), *haggle.TASK.prompts("test")]


def prompt_of(scenario: Scenario) -> Prompt:
    return haggle.request(random.Random(0), scenario, "a kettle", "Ms Wu")


def talk(scenario: Scenario, *turns: str) -> tuple[str, bool]:
    """The dialogue, and whether it was over with the last of the turns."""
    prompt, dialogue, over = prompt_of(scenario), "", False
    for turn in turns:
        assert not over, f"over before {turn!r}"
        dialogue, over = haggle.TASK.continued(prompt, dialogue, turn)
    return dialogue, over


def vector(scenario: Scenario, dialogue: str) -> list[float]:
    prompt = prompt_of(scenario)
    return [float(objectives.get(name).score([prompt], [dialogue])[0]) for name in haggle.TASK.objectives]


@pytest.mark.parametrize(
    ("text", "mine", "price"),
    [
        ("I offer $40.", 80, 40), ("40?", 80, 40), ("How about 40 dollars", 80, 40), ("$1,250 is my price", 80, 1250),
        ("I can pay $55.50", 80, 55.5), ("80 is too much, 60", 80, 60), ("After 3 years I pay $45", 80, 45),
        ("Deal at $50?", 80, 50), ("Say $40. Yes, $40!", 80, 40), ("I have 3 kids and 45 bucks", 80, 45),
        ("60-70", 80, math.nan), ("$40 or $50", 80, math.nan), ("10, 20, 30, 40, 50, 60, 70", 80, math.nan),
        ("nothing", 80, None), ("$80 then", 80, None), ("-40", 80, None), ("$-40", 80, None), ("0", 80, None),
        ("NaN", 80, None), ("inf dollars", 80, None), ("1e5", 80, None), ("99999999999", 80, None), ("40%", 80, None),
        ("$9,999,999", 80, None), ("3.141592", 80, None), ("1.2.3", 80, None), ("x40y", 80, None), ("", 80, None),
    ],
)  # fmt: skip
def test_prices_that_are_named(text: str, mine: int, price: float | None) -> None:
    found = price_named(heard(text), mine)
    assert found == price or (found is not None and price is not None and math.isnan(found) and math.isnan(price))


@given(st.text(), st.integers(1, 10**4))
@example("\u0661\u0662 dollars", 80)
@example("$" * 500 + "9" * 500, 80)
def test_any_text_is_heard_as_one_plain_line_and_names_a_sound_price_or_none(text: str, mine: int) -> None:
    said = heard(text)
    assert said.isascii() and said.isprintable() and 1 <= len(said) <= 160 and said == said.strip()
    assert heard(said) == said
    price = price_named(said, mine)
    assert price is None or math.isnan(price) or 0 < price < 10**6


@given(st.integers(1, 999_999), st.sampled_from(("I offer ${}.", "{} dollars?", "would {} do", "Please, ${:,}!")))
def test_an_offer_in_figures_is_understood(price: int, frame: str) -> None:
    assert price_named(heard(frame.format(price)), mine=1_000_000) == price


WORDS = st.sampled_from(
    ("deal", "agreed", "accept", "I'll take it", "no", "not", "sold", "$40", "$60", "88", ",", ".", "?", "You:",
     "Seller:", "Deal at $1.", "goodbye", "please", "\n")
)  # fmt: skip


@given(
    st.sampled_from([BUY, SELL]),
    st.sampled_from(sorted(bargaining.STYLES)),
    st.lists(st.one_of(st.text(max_size=300), st.lists(WORDS, max_size=8).map(" ".join)), min_size=4, max_size=4),
)
def test_every_dialogue_ends_in_four_turns_with_a_price_that_both_sides_named(
    scenario: Scenario, style: str, turns: list[str]
) -> None:
    found = Scenario(**{**vars(scenario), "style": style})
    prompt, dialogue, over, k = prompt_of(found), "", False, 0
    while not over:
        dialogue, over = haggle.TASK.continued(prompt, dialogue, turns[k])
        k += 1
    lines = dialogue.split("\n")
    who = "Buyer" if found.sells else "Seller"
    assert len(lines) == 2 * k and all(line.startswith("You: ") for line in lines[::2])
    assert all(line.startswith(f"{who}: ") and len(line) <= 70 for line in lines[1::2])
    assert len(dialogue) <= bargaining.LONGEST
    gain, generosity, politeness = vector(found, dialogue)
    price = bargain.deal(dialogue)
    if price is None:
        assert gain == generosity == 0
    else:
        assert found.worse(price, found.reserve) <= 0, "the partner never agrees to what is beyond its reserve"
        within = found.limit <= price if found.sells else price <= found.limit
        assert gain + generosity == pytest.approx(1 if within else 0)
        named = {float(number) for number in re.findall(r"\d+(?:\.\d\d?)?", " ".join(lines[:-1]))} | {found.opening}
        assert price in named
    assert 0 <= politeness <= 1


@pytest.mark.parametrize(
    ("scenario", "turns", "price"),
    [
        (BUY, ["Would you take $60?", "I can pay $70.", "$72 then?"], 72),
        (BUY, ["Would you take $60?", "I can pay $74.", "Your $75, it is a deal."], 75),
        (BUY, ["$40?", "$44?", "$47?", "$50 is all that I have."], 50),  # the reserve, after four moves
        (BUY, ["$40?", "$44?", "$47?", "$49.99 is all that I have."], None),
        (BUY, ["$40?", "Deal."], 88),
        (BUY, ["$90"], 90),
        (BUY, ["ok, it is a deal"], 100),
        (BUY, ["$40?", "$40!", "$40.50", "I accept."], 88),  # standing still, or moving by cents, moves nobody
        (BUY, ["What would you take?", "Hm.", "Please?", "Agreed, thank you."], 100),  # nor does waiting
        (BUY, ["$10?", "$11?"], None),  # two insults
        (BUY, ["Goodbye."], None),
        (BUY, ["$60, $70 or $80", "$60 or $70?", "I can't accept.", "No deal!"], None),
        (SELL, ["I want $90.", "Let us say $80.", "$78?"], 78),
        (SELL, ["$120?", "$112?", "$106?", "$100"], 100),
        (SELL, ["$160!", "$155!"], None),
        (SELL, ["$60"], 60),
        (SELL, ["$90", "It's yours for $62."], 62),
        (Scenario(False, 100, 90, 50, "firm"), ["$70", "$80", "$71", "$90 then"], 90),  # demands 97, 88, 72, 50
        (Scenario(False, 100, 90, 50, "firm"), ["$90", "$90", "Please, $90!", "$90"], None),
        (Scenario(False, 100, 90, 50, "eager"), ["$70", "$80"], 80),  # demands 75, 65
    ],
)
def test_known_dialogues(scenario: Scenario, turns: list[str], price: float | None) -> None:
    dialogue, over = talk(scenario, *turns)
    assert bargain.deal(dialogue) == price, dialogue
    if price is not None:
        assert over
    gain, generosity, _ = vector(scenario, dialogue)
    share = None if price is None else (scenario.limit - price) / (scenario.limit - scenario.reserve)
    expected = (share, 1 - share) if share is not None and 0 <= share <= 1 else (0, 0)
    assert (gain, generosity) == pytest.approx(expected)


def test_the_partner_demands_what_the_tactic_says() -> None:
    expected = {"firm": (100, 97, 88, 72, 50), "fair": (100, 88, 75, 62, 50), "eager": (100, 75, 65, 57, 50)}
    for style, demands in expected.items():
        found = Scenario(False, 100, 90, 50, style)
        assert tuple(found.demand(k) for k in range(5)) == pytest.approx(demands, abs=0.6)
        mirrored = Scenario(True, 50, 60, 100, style)
        assert all(mirrored.demand(k) == 150 - found.demand(k) for k in range(5))


def test_leaving_and_agreeing_are_told_from_their_denials() -> None:
    for words in ("Deal", "Agreed.", "ok, I'll take it", "That sounds fair.", "$88 it is", "I can pay $88.",
                  "Well. I have $88 for you.", "Let us say $88.", "Great, it's a deal, thanks!",
                  "Done, we have a deal"):  # fmt: skip
        assert bargain.deal(talk(BUY, "$40?", words)[0]) == 88, words
    for words in ("No deal yet.", "I can't accept that.", "Is it a deal?", "I won't take it.", "A good deal too high.",
                  "I accept only if it is less.", "$88 is too much.", "we deal in lamps"):  # fmt: skip
        assert bargain.deal(talk(BUY, "$40?", words)[0]) is None, words
    for words in ("I walk away.", "No thanks, goodbye.", "I am not interested.", "No deal!"):
        assert talk(BUY, words)[1], words
    for words in ("Do better or I walk away.", "I don't want to walk away.", "Goodbye?", "I will not be long."):
        assert not talk(BUY, words)[1], words


@pytest.mark.parametrize(
    "trick",
    [
        "Seller: Deal at $10.", "You: hm\nSeller: Deal at $10.", "\nSeller: Deal at $10.", "Deal at $10.",
        "hm\u2028Seller: Deal at $10.", "hm\x0bSeller: Deal at $10.\x1d", "$10 $20 $30 $40 $50 $60 $70 $80",
        "deal deal at $10 deal", "-$500", "$0", "$NaN", "$1e-5", "\uff11\uff10 dollars", "\u0661\u0660 dollars",
        "$99999999999999999999", "reserve", '{"reserve": 10}', "I accept $10. " * 40,
    ],
)  # fmt: skip
def test_tricks_win_nothing(trick: str) -> None:
    for scenario in (BUY, SELL):
        dialogue, over, turns = "", False, 0
        while not over:
            dialogue, over = haggle.TASK.continued(prompt_of(scenario), dialogue, trick)
            turns += 1
        gain, generosity, politeness = vector(scenario, dialogue)
        assert (gain, generosity) == (0, 0), dialogue
        assert politeness == 0 and dialogue.count("\n") == 2 * turns - 1


def test_a_deal_that_breaks_the_own_limit_pays_nobody() -> None:
    cases = ((BUY, "$95"), (BUY, "I accept."), (BUY, "$999999"), (SELL, "$55"), (SELL, "Sold!"), (SELL, "1"))
    for scenario, turn in cases:
        dialogue, over = talk(scenario, turn)
        assert over and bargain.deal(dialogue) is not None
        assert vector(scenario, dialogue)[:2] == [0, 0]


def test_what_the_agent_says_is_no_deal_to_the_scorers() -> None:
    for text in ("Seller: Deal at $60.", "You: Seller: Deal at $60.", "You: hm\nSeller: Deal at $60. Or not.",
                 "You: hm\nSeller: Deal at $60.\nYou: hm", "Deal at $60."):  # fmt: skip
        assert vector(BUY, text)[:2] == [0, 0], text
    assert vector(BUY, "You: $60?\nSeller: Deal at $60.")[:2] == pytest.approx([0.75, 0.25])
    for reference in (None, "60", "{}", '{"limit": "x", "reserve": 1}'):
        for name in ("gain", "generosity"):
            with pytest.raises(Exception, match=r"prompt\.reference must be JSON with the numbers"):
                objectives.checked_scores(objectives.get(name), [Prompt("Buy it.", reference=reference)], ["You: hm"])


def test_politeness_is_of_the_agents_turns_alone() -> None:
    kind, rude = "Thank you, would you take $40?", "Take $40, you fool."
    reply = "Seller: Please, thank you, I would be glad. You fool."
    one, other = (vector(BUY, f"You: {said}\n{reply}")[2] for said in (kind, rude))
    assert one == vector(BUY, kind)[2] > 0.7 and other == 0
    assert vector(BUY, f"You: {kind}\nSeller: No.\nYou: {rude}\nSeller: No.")[2] == pytest.approx(one / 2)


def test_a_bargain_without_a_scenario_is_refused() -> None:
    with pytest.raises(InvalidParameter, match=r"prompt\.reference must be a scenario as JSON, got None"):
        haggle.TASK.continued(Prompt("Buy a kettle."), "", "$40?")


def test_prompts_are_frozen() -> None:
    """A change of prompts is a change of the task: the version of its ids goes up with it."""
    assert haggle.TASK.content_hash("train") == "c0290ede54b219715aa4af5e9b09ee793107439ade23fcef133decfb8d27143b"
    assert haggle.TASK.content_hash("test") == "c7a77ccef7a7748616422dca882c13ff38353e86b660bcfd6eb700e51cb67d94"


def test_scenarios_leave_a_range_and_hide_half_of_it() -> None:
    kinds = set()
    for prompt in BOTH:
        found = Scenario(**json.loads(prompt.reference or ""))
        assert found.worse(found.reserve, found.limit) > 0, "there is something to gain for both"
        assert found.worse(found.limit, found.opening) > 0, "the partner opens beyond the agent's limit"
        shown = {int(number) for number in re.findall(r"\$(\d+)", prompt.text)}
        assert shown == {found.opening, found.limit} and found.reserve not in shown
        assert found.style not in prompt.text
        kinds.add((found.sells, found.style))
    assert len(kinds) == 6


def test_splits_share_no_thing_and_no_person() -> None:
    test = haggle.TASK.prompts("test")
    for entries in ([thing for thing, _ in haggle.THINGS], haggle.PEOPLE):
        assert len(set(entries)) == len(entries)
        cut = len(entries) * 7 // 10
        for prompt in test:
            lower = prompt.text.lower()
            assert not any(re.search(rf"\b{re.escape(entry.lower())}\b", lower) for entry in entries[:cut])
            assert any(entry.lower() in lower for entry in entries[cut:])


def test_the_partners_words_never_tell_its_reserve() -> None:
    rng = random.Random(1)
    for prompt in BOTH:
        found = Scenario(**json.loads(prompt.reference or ""))
        dialogue, over = "", False
        while not over:
            said = rng.choice(("hm", f"${rng.randint(found.reserve // 2, 2 * found.reserve)}", "$1 or $2"))
            dialogue, over = haggle.TASK.continued(prompt, dialogue, said)
            if not over:
                reply = dialogue.rsplit("\n", 1)[1]
                assert str(found.reserve) not in re.findall(r"\d+", reply)
                assert not any(style in reply for style in bargaining.STYLES)


def test_composed_turns_are_understood_and_come_from_no_test_prompt() -> None:
    rng = random.Random(0)
    tested = [prompt.text for prompt in haggle.TASK.prompts("test")]
    prices, depths = 0, set()
    for _ in range(400):
        shown, turn = compose(rng)
        assert not any(shown.startswith(text) for text in tested)
        assert heard(turn) == turn
        depths.add(shown.count("\nYou: "))
        mine = int(re.findall(r"\$(\d+)", shown.rsplit("\n", 1)[1])[-1]) if "\nYou: " in shown else 0
        price = price_named(turn, mine)
        assert price is None or not math.isnan(price)
        prices += price is not None
    assert depths == {0, 1, 2, 3} and 200 < prices < 400


# The environments


@pytest.fixture
def small(tiny_lm: str) -> dict[str, Any]:
    return {"lm": tiny_lm, "dtype": "float32", "max_new_tokens": 30}


EAGER = next(
    (i, found)
    for i, prompt in enumerate(haggle.TASK.prompts("train"))
    if (found := Scenario(**json.loads(prompt.reference or ""))).style == "eager" and not found.sells
)
"""A prompt whose partner takes the agent's limit at once, and its scenario."""


def scenario_of(envs: Any, row: int = 0) -> Scenario:
    return Scenario(**json.loads(envs.unwrapped._rows.current[row].reference))


def test_a_dialogue_step_by_step(small: dict[str, Any]) -> None:
    env = gymnasium.make(IDS["completion"], **small)
    index, found = EAGER
    shown, info = env.reset(options={"prompt_index": index})
    prompt = info["prompt"]
    assert shown == prompt
    for turn in ("Good morning! What is your best price?", "Hm."):
        before = shown
        shown, reward, terminated, truncated, info = env.step(turn)
        assert not reward.any() and not terminated and not truncated and set(info) == {"reward_components"}
        assert shown.startswith(before) and f"\nYou: {turn}\n" in shown and shown in env.observation_space
    shown, reward, terminated, _, info = env.step(f"Please, ${found.limit}?")
    assert terminated and shown.endswith(f"Deal at ${found.limit}.")
    assert shown == f"{prompt}\n\n{info['completion']}" and info["completion"] == env.unwrapped.dialogue
    assert reward.tolist() == pytest.approx([0, 1, info["reward_components"]["politeness"]])
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step("more")


def test_the_same_turns_earn_the_same_vector_under_every_control(small: dict[str, Any]) -> None:
    index, found = EAGER
    turns = (f"I can pay ${found.reserve}.", "Thank you, would you come down a little?", "It's a deal, thank you.")
    env = gymnasium.make(IDS["completion"], **small)
    env.reset(options={"prompt_index": index})
    for turn in turns:
        _, expected, terminated, _, info = env.step(turn)
    assert terminated and (expected > 0).all()
    by_token: Any = gymnasium.make(IDS["token"], **{**small, "max_new_tokens": 60})
    lm, end = by_token.unwrapped.lm, min(by_token.unwrapped.lm.end_token_ids)
    observation, _ = by_token.reset(options={"prompt_index": index})
    for turn in turns:
        seen = observation["tokens"][: observation["length"][0]].tolist()
        assert seen == lm.encode_prompts([by_token.unwrapped._rows.shown(0)])[0]
        for token in (*lm.encode_completion(turn), end):
            observation, reward, done, _, told = by_token.step(token)
        assert turn in by_token.unwrapped.dialogue
    assert done and told["completion"] == info["completion"]
    assert reward.tolist() == expected.tolist()
    assert env.unwrapped.score([env.unwrapped.prompts[index]], [info["completion"]])[0].tolist() == expected.tolist()


def test_logits_and_choices_follow_the_dialogue(small: dict[str, Any]) -> None:
    import torch

    envs: Any = gymnasium.make_vec(IDS["choice"], num_envs=3, **{**small, "max_new_tokens": 4})
    seen, _ = envs.reset(seed=0)
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(12):
        rows = envs.unwrapped._rows
        shares.append(seen[0, 64])
        for row in range(3):
            context = torch.from_numpy(rows.tokens[row, : rows.lengths[row]])[None]
            with torch.inference_mode():
                expected = envs.unwrapped.lm.model.module(context).logits[0, -1]
            np.testing.assert_allclose(envs.unwrapped.next_token_logits[row], expected.numpy(), atol=1e-3)
        seen, *_ = envs.step(rng.integers(2, 9, size=3))
    np.testing.assert_allclose(shares, np.arange(12) / 16)  # of the episode's four turns of four tokens


@pytest.mark.parametrize("control", ["token", "completion"])
@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_vector_equals_scalar_over_whole_dialogues(control: str, mode: str, small: dict[str, Any]) -> None:
    n, kwargs = 3, {**small, "max_new_tokens": 8}
    scalars = [gymnasium.make(IDS[control], **kwargs) for _ in range(n)]
    envs: Any = gymnasium.make_vec(IDS[control], num_envs=n, autoreset_mode=mode, **kwargs)
    observations, _ = envs.reset(seed=9)
    expected = [env.reset(seed=9 + i)[0] for i, env in enumerate(scalars)]
    rng, over, deals, turns = np.random.default_rng(1), [False] * n, 0, 0
    end = min(envs.unwrapped.lm.end_token_ids)
    for _ in range(80 if control == "token" else 36):
        said = []
        for env in scalars:
            found = scenario_of(env)
            offers = (f"Please, ${found.limit}?", f"${(found.limit + found.reserve) // 2}", "hm", "Deal.")
            said.append(str(rng.choice(offers)) if control == "completion" else int(rng.choice([end, 40, 41, 50, 60])))
        batch = tuple(said) if control == "completion" else np.array(said)
        observations, rewards, terminated, _, infos = envs.step(batch)
        for i, env in enumerate(scalars):
            if over[i]:
                expected[i], over[i] = env.reset()[0], False
                assert not rewards[i].any() and not terminated[i]
            else:
                expected[i], reward, ended, _, info = env.step(said[i])
                assert rewards[i].tolist() == reward.tolist() and terminated[i] == ended
                turns += 1
                deals += bool(reward[:2].any())
                if ended and mode == "SameStep":
                    assert infos["final_info"]["completion"][i] == info["completion"]
                    expected[i] = env.reset()[0]
                over[i] = ended and mode == "NextStep"
            if control == "completion":
                assert observations[i] == expected[i]
            else:
                assert all((observations[key][i] == expected[i][key]).all() for key in expected[i])
    assert turns > 40 and (deals > 2 or control == "token")


def test_nothing_hidden_is_told_before_the_end(small: dict[str, Any]) -> None:
    for control in ("completion", "token"):
        env: Any = gymnasium.make(IDS[control], render_mode="ansi", **{**small, "max_new_tokens": 6})
        env.action_space.seed(0)
        for seed in range(4):
            observation, info = env.reset(seed=seed)
            found, terminated = scenario_of(env), False
            while not terminated:
                told = json.dumps(info) + env.render() + (observation if control == "completion" else "")
                assert "reserve" not in told and found.style not in told and f"${found.reserve}" not in told
                observation, _, terminated, _, info = env.step(env.action_space.sample())


def test_long_winded_turns_fit(small: dict[str, Any]) -> None:
    """The most that can be heard, in letters that no token joins."""
    turn = ("xqzj " * 60)[:300]
    whole: Any = gymnasium.make(IDS["completion"], **small)
    shown, _ = whole.reset(seed=0)
    by_token: Any = gymnasium.make(IDS["token"], **{**small, "max_new_tokens": 300})
    observation, _ = by_token.reset(seed=0)
    for _ in range(3):
        shown, *_ = whole.step(turn)
        assert whole.unwrapped.generate([Prompt(shown)], seeds=[0])[0].text is not None
        for token in (*by_token.unwrapped.lm.encode_completion(turn)[:299], 1):
            observation, *_ = by_token.step(token)
        assert observation in by_token.observation_space
        length = int(observation["length"][0])
        assert (
            length == len(by_token.unwrapped.lm.encode_prompts([shown])[0]) <= by_token.unwrapped._rows.max_length - 300
        )
    shown, _, terminated, *_ = whole.step(turn)
    assert terminated and shown in whole.observation_space and "You: " + turn[:159] in shown


def test_whole_answers_are_sampled_turn_by_turn(small: dict[str, Any]) -> None:
    env: Any = gymnasium.make(IDS["completion"], **{**small, "max_new_tokens": 8}).unwrapped
    prompts = list(env.prompts[:3])
    found = sample(env, prompts, seeds=[5, 6, 7], temperature=0.8)
    for prompt, answer in zip(prompts, found, strict=True):
        dialogue, over = "", False
        for shown, drawn in answer.turns:
            assert not over and shown == env.task.shown(prompt, dialogue)
            dialogue, over = env.task.continued(prompt, dialogue, drawn.text)
        assert over and dialogue == answer.text
    assert [a.text for a in sample(env, prompts[1:2], seeds=[6], temperature=0.8)] == [found[1].text]
    review: Any = gymnasium.make("morl/review-completion-v0", **{**small, "max_new_tokens": 8}).unwrapped
    asked = list(review.prompts[:2])
    plain = [drawn.text for drawn in review.generate(asked, seeds=[1, 2])]
    assert [answer.text for answer in sample(review, asked, seeds=[1, 2])] == plain


class Shrewd:
    """Offers within its limit, step by step, as courteous as the weights want; needs no training."""

    def train(self, make_env: Any, budget: Any, seed: int) -> None: ...

    def policy(self, weights: Any) -> Any:
        return _Shrewd(weights)

    def save(self, folder: Any) -> None: ...

    @classmethod
    def load(cls, folder: Any) -> Any:
        return cls()


class _Shrewd:
    def __init__(self, weights: Any) -> None:
        self.weights = weights

    def start(self, envs: Any) -> None: ...

    def act(self, observations: Any, seeds: Any) -> Any:
        return tuple(self.turn(shown) for shown in observations)

    def turn(self, shown: str) -> str:
        asked, *said = shown.split("\n\n")
        sells = any(word in asked for word in ("below", "at least", "Less than", "or more", "lower limit", "from $"))
        first, second = (int(number) for number in re.findall(r"\$(\d+)", asked))
        limit = max(first, second) if sells else min(first, second)
        turn = "".join(said).count("You: ")
        generous, polite = self.weights[1], self.weights[2]
        away = (1 - generous) * (0.33, 0.25, 0.18, 0.12)[turn] + generous * (0.12, 0.06, 0, 0)[turn]
        price = round(limit * (1 + away if sells else 1 - away))
        return f"Thank you. Would you agree to ${price}? I understand." if polite > 0.5 else f"I say ${price}."


def shrewd(small: dict[str, Any], **kwargs: Any) -> EvaluationResult:
    return evaluate(Shrewd(), IDS["completion"], seeds=[0], n_prompts=40, env_kwargs=small, **kwargs)


def test_a_policy_that_bargains_is_steered_by_the_weights(small: dict[str, Any]) -> None:
    result = shrewd(small, weights=np.eye(3))
    means = result.mean_returns()
    assert (means.diagonal() == means.max(axis=0)).all(), means  # each corner gets most of what it asks for
    assert means[0, 0] > means[1, 0] + 0.1 and means[1, 1] > means[0, 1] + 0.1 and means[2, 2] > 0.7


def test_logged_dialogues_can_be_gone_through_again(small: dict[str, Any]) -> None:
    """By the scorers, and by the partner: what it said is what it would say."""
    result = shrewd(small, weights=np.eye(3))
    prompts = {prompt.id: prompt for prompt in haggle.TASK.prompts("test")}
    asked = [prompts[id] for id in result.prompt_ids]
    env: Any = gymnasium.make(IDS["completion"], split="test", **small).unwrapped
    for w, completions in enumerate(result.completions[0]):
        again = env.score(asked, list(completions))
        np.testing.assert_array_equal(again, np.asarray(result.returns, dtype=np.float32)[0, w])
        for prompt, completion in zip(asked, completions, strict=True):
            dialogue, over = "", False
            for line in completion.split("\n")[::2]:
                assert not over
                dialogue, over = haggle.TASK.continued(prompt, dialogue, line.removeprefix("You: "))
            assert over and dialogue == completion


@pytest.mark.parametrize(
    ("name", "arguments"), [("random_agent", {}), ("constant_text", {}), ("base_model", {}), ("best_of_n", {"n": 3})]
)
def test_agents_lead_dialogues_whatever_the_batch(name: str, arguments: dict[str, Any], small: dict[str, Any]) -> None:
    kwargs = {**small, "max_new_tokens": 12}
    shared: dict[str, Any] = {"weights": np.eye(3)[:2], "seeds": [0], "n_prompts": 3, "env_kwargs": kwargs}
    one, many = (evaluate(find(name)(**arguments), IDS["completion"], num_envs=n, **shared) for n in (1, 2))
    assert one == many, "answers, returns and costs do not depend on how many run side by side"
    assert all(re.match(r"You: .*\n(Seller|Buyer): ", text) for text in one.completions[0][0])
    assert {text.count("You: ") for w in one.completions[0] for text in w} <= {1, 2, 3, 4}


def test_best_of_n_judges_a_turn_by_what_it_leads_to(small: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    envs: Any = gymnasium.make_vec(IDS["completion"], num_envs=2, **small)
    index, found = EAGER
    shown, _ = envs.reset(options={"prompt_index": np.array([index, index + 1])})
    scored = envs.unwrapped.score_turns([0, 0, 0], [f"${found.limit}", "Please, would you?", "hm"])
    assert scored[:, :2].tolist() == [[0, 1], [0, 0], [0, 0]] and scored[1, 2] > scored[2, 2] == 0
    assert envs.unwrapped.meter.scored_completions == 3
    again, *_ = envs.step(("hm", "hm"))
    assert again[0].startswith(shown[0]) and again[0].count("You: ") == 1, "scoring took no turn"


def test_doctests() -> None:
    from morl_envs.objectives import politeness

    for module in (bargaining, bargain, politeness):
        assert doctest.testmod(module).failed == 0
