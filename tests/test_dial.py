"""`dial`: exact answers against brute force, the correlation dial, the concave variant, and its own contract."""

from __future__ import annotations

import pickle
import re
from fractions import Fraction
from typing import Any

import gymnasium
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mo_gymnasium.wrappers import LinearReward
from numpy.typing import NDArray
from scipy.stats import spearmanr

import tests.brute_force as brute
from morl_envs import registry
from morl_envs.budget import Budget, Meter
from morl_envs.cli import agents
from morl_envs.envs.dial import DialEnv, fronts
from morl_envs.envs.dial.fronts import words_for
from morl_envs.envs.dial.words import WORDS
from morl_envs.errors import BudgetExceeded, InvalidParameter
from morl_envs.evaluation import evaluate

ID = "morl/dial-token-v0"


def make(**kwargs: Any) -> Any:
    return gymnasium.make(ID, **kwargs).unwrapped


@st.composite
def small(draw: st.DrawFn) -> dict[str, Any]:
    """Keyword arguments small enough to write every text down."""
    k = draw(st.integers(2, 4))
    lowest = -1 / (k - 1)
    v, horizon = draw(st.sampled_from([(4, 5), (5, 4), (6, 3), (9, 2)]))
    return {
        "n_objectives": k,
        "vocabulary_size": v,
        "horizon": horizon,
        "correlation": draw(st.sampled_from([lowest, 0.5 * lowest, 0.0, 0.4, 1.0])),
        "utility": draw(st.sampled_from(["linear", "concave"])),
        "instance": draw(st.integers(0, 10_000)),
    }


def weights_from(rng: np.random.Generator, k: int) -> NDArray[np.float64]:
    return np.concatenate([np.eye(k), np.full((1, k), 1 / k), rng.dirichlet(np.ones(k), 3)])


def ordered(points: Any) -> NDArray[np.float64]:
    """Sorted, whatever the last bits: these returns have at most eight decimals."""
    rounded = np.round(points, 9)
    return rounded[np.lexsort(rounded.T[::-1])]


@settings(max_examples=12, deadline=None)
@given(small(), st.sampled_from([1.0, 0.9]))
def test_front_and_coverage_set_are_those_of_all_texts(kwargs: dict[str, Any], gamma: float) -> None:
    env = make(**kwargs)
    texts = brute.all_texts(env, gamma)
    expected = brute.front(texts.returns, 0.0 if gamma == 1 else 1e-9)
    found = np.array(env.pareto_front(gamma))
    assert found.shape == expected.shape
    if gamma == 1:
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(ordered(found), ordered(expected), atol=1e-8)
    np.testing.assert_allclose(ordered(env.convex_coverage_set(gamma)), ordered(brute.winners(expected)), atol=1e-8)


@settings(max_examples=15, deadline=None)
@given(small(), st.integers(0, 2**32 - 1))
def test_deterministic_optimum_is_the_best_of_all_texts(kwargs: dict[str, Any], seed: int) -> None:
    env = make(**kwargs)
    for gamma in (1.0, 0.8):
        texts = brute.all_texts(env, gamma)
        expected = brute.front(texts.returns, 1e-9)
        for weights in weights_from(np.random.default_rng(seed), env.reward_dim):
            policy = env.optimal_policy(weights, gamma=gamma)
            chance = brute.probability_of(texts, policy.probabilities)
            written = int(chance.argmax())
            assert chance[written] == 1
            assert weights @ texts.returns[written] == pytest.approx((texts.returns @ weights).max(), abs=1e-8)
            np.testing.assert_allclose(policy.expected_return, texts.returns[written], atol=1e-9)
            assert np.abs(expected - policy.expected_return).max(axis=1).min() < 1e-8  # at the corners too
    assert policy.kl >= 0
    undiscounted = env.evaluate_policy(policy.probabilities)
    assert undiscounted.kl == pytest.approx(-np.log(texts.prior[written]))


@settings(max_examples=15, deadline=None)
@given(small(), st.sampled_from([0.02, 0.3, 4.0]), st.integers(0, 2**32 - 1))
def test_regularised_optimum_tilts_the_prior_over_texts(kwargs: dict[str, Any], kl_coef: float, seed: int) -> None:
    env = make(**kwargs)
    texts = brute.all_texts(env)
    for weights in weights_from(np.random.default_rng(seed), env.reward_dim)[-3:]:
        scores = np.log(texts.prior) + texts.returns @ weights / kl_coef
        tilted = np.exp(scores - scores.max())
        tilted /= tilted.sum()
        policy = env.optimal_policy(weights, kl_coef)
        np.testing.assert_allclose(brute.probability_of(texts, policy.probabilities), tilted, atol=1e-10)
        np.testing.assert_allclose(policy.expected_return, tilted @ texts.returns, atol=1e-9)
        divergence = np.sum(tilted * (np.log(np.maximum(tilted, 1e-300)) - np.log(texts.prior)))
        assert policy.kl == pytest.approx(divergence, abs=1e-8)


def test_discounted_regularised_optimum_cannot_be_improved() -> None:
    env, weights, kl_coef, gamma = make(vocabulary_size=5, horizon=3), np.array([0.3, 0.7]), 0.4, 0.7

    def worth(table: NDArray[np.float64]) -> float:
        policy = env.evaluate_policy(table, gamma)
        return float(weights @ policy.expected_return - kl_coef * policy.kl)

    best = env.optimal_policy(weights, kl_coef, gamma).probabilities
    rng = np.random.default_rng(0)
    for _ in range(200):
        other = best * np.exp(rng.normal(scale=rng.choice([0.01, 0.1, 1.0]), size=best.shape))
        assert worth(other / other.sum(axis=1, keepdims=True)) < worth(best)


@settings(max_examples=15, deadline=None)
@given(small(), st.integers(0, 2**32 - 1))
def test_worth_of_any_table_is_that_of_its_texts(kwargs: dict[str, Any], seed: int) -> None:
    env = make(**kwargs)
    table = np.random.default_rng(seed).dirichlet(np.ones(env.mdp.vocabulary_size), env.mdp.n_states)
    texts = brute.all_texts(env, 0.9)
    chance = brute.probability_of(texts, table)
    mean = chance @ texts.returns
    covariance = (chance[:, None] * (texts.returns - mean)).T @ (texts.returns - mean)
    found = env.evaluate_policy(table, 0.9)
    np.testing.assert_allclose(found.expected_return, mean, atol=1e-9)
    np.testing.assert_allclose(found.covariance, covariance, atol=1e-9)
    by_text = np.sum(chance * (np.log(chance) - np.log(texts.prior)))
    assert env.evaluate_policy(table).kl == pytest.approx(by_text)


@settings(max_examples=15, deadline=None)
@given(small(), st.integers(0, 2**32 - 1))
def test_esr_optimum_is_the_best_of_all_texts(kwargs: dict[str, Any], seed: int) -> None:
    env = make(**kwargs)
    texts = brute.all_texts(env)
    lone = [max(texts.returns, key=lambda r, i=i: (r[i], r.sum())) for i in range(env.reward_dim)]
    low, high = np.min(lone, axis=0), np.max(lone, axis=0)
    for weights in weights_from(np.random.default_rng(seed), env.reward_dim):
        if kwargs["utility"] == "linear":
            values = texts.returns @ weights
        else:
            values = np.ones(len(texts.returns))
            for column, worst, best, weight in zip(texts.returns.T, low, high, weights, strict=True):
                share = (column >= best) if best == worst else np.clip((column - worst) / (best - worst), 0, 1)
                values *= share**weight
        found = env.esr_optimum(weights)
        assert found.utility == pytest.approx(values.max(), abs=1e-9)
        written = int(np.flatnonzero((texts.words == found.tokens).all(axis=1))[0])
        assert values[written] == pytest.approx(found.utility, abs=1e-9)
        np.testing.assert_array_equal(found.returns, texts.returns[written])
        policy = env.following(found.tokens)
        np.testing.assert_allclose(policy.expected_return, found.returns, atol=1e-12)


def wins_somewhere(point: NDArray[np.int64], points: NDArray[np.int64]) -> bool:
    """Whether two whole-numbered objectives have weights (w, 1 - w) at which `point` is among the best: exact."""
    low, high = Fraction(0), Fraction(1)
    for first, second in (point - points).tolist():
        slope = first - second  # w * first + (1 - w) * second >= 0
        if slope == 0 and second < 0:
            return False
        if slope > 0:
            low = max(low, Fraction(-second, slope))
        elif slope < 0:
            high = min(high, Fraction(-second, slope))
    return low <= high


@pytest.mark.parametrize(("correlation", "instance"), [(None, i) for i in range(8)] + [(-0.4, i) for i in range(4)])
def test_linear_weights_fail_in_the_concave_variant(correlation: float | None, instance: int) -> None:
    """Any policy that is optimal for some linear weights, stochastic or not, writes only texts that win for them."""
    env = make(utility="concave", correlation=correlation, instance=instance)
    front = (np.array(env.pareto_front()) * 16).astype(int)
    supported = np.array([wins_somewhere(point, front) for point in front])
    weights = [0.5, 0.5]
    best = env.esr_optimum(weights).utility
    assert best == env.utility(front / 16, weights).max()
    assert env.utility(front[supported] / 16, weights).max() < 0.85 * best
    for w in np.linspace(0, 1, 101):
        policy = env.optimal_policy([w, 1 - w])
        assert (front[supported] == np.rint(policy.expected_return * 16)).all(axis=1).any()
        assert env.utility(policy.expected_return, weights) < 0.85 * best


@pytest.mark.parametrize(("n_objectives", "vocabulary_size"), [(2, 16), (2, 32), (3, 16), (4, 16), (8, 32)])
@pytest.mark.parametrize("utility", ["linear", "concave"])
def test_measured_correlation_follows_the_dial(n_objectives: int, vocabulary_size: int, utility: str) -> None:
    asked, found = np.linspace(-1 / (n_objectives - 1), 1, 21), []
    pairs = ~np.eye(n_objectives, dtype=bool)
    for instance, correlation in enumerate(asked.tolist()):
        kwargs = {"n_objectives": n_objectives, "vocabulary_size": vocabulary_size, "utility": utility}
        measured = make(correlation=correlation, instance=instance, **kwargs).mdp.measured_correlation
        np.testing.assert_allclose(measured[pairs], correlation, atol=0.05)
        found.append(measured[pairs].mean())
    assert spearmanr(asked, found).statistic >= 0.99
    assert found[-1] == pytest.approx(1, abs=1e-12)


def test_measured_correlation_is_that_of_sampled_episodes() -> None:
    n = 20_000
    envs: Any = gymnasium.make_vec(ID, num_envs=n, correlation=-0.6, instance=3, autoreset_mode="Disabled")
    envs.reset(seed=0)
    rng, returns, ended = np.random.default_rng(0), np.zeros((n, 2)), np.zeros(n, dtype=bool)
    while not ended.all():
        prior = np.exp(envs.next_token_logits)
        drawn = (prior.cumsum(axis=1) > rng.random((n, 1)) * prior.sum(axis=1, keepdims=True)).argmax(axis=1)
        _, rewards, ended, _, _ = envs.step(drawn)
        returns += rewards
    exact = envs.evaluate_policy(envs.mdp.prior[envs.mdp.rows])
    assert exact.kl == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(returns.mean(axis=0), exact.expected_return, atol=0.05)
    assert np.corrcoef(returns.T)[0, 1] == pytest.approx(envs.mdp.measured_correlation[0, 1], abs=0.03)
    assert envs.mdp.measured_correlation[0, 1] == pytest.approx(-0.6, abs=0.02)


@pytest.mark.parametrize("gamma", [1.0, 0.95])
def test_a_text_can_be_found_for_each_point_of_the_front(gamma: float) -> None:
    env = make(horizon=6)
    for point in env.pareto_front(gamma):
        words, earned = words_for(env.mdp, point, gamma), np.zeros(2)
        env.reset()
        for t, word in enumerate(words):
            _, reward, *_ = env.step(word)
            earned += gamma**t * reward.astype(np.float64)
        np.testing.assert_allclose(earned, point, atol=1e-8)
    with pytest.raises(InvalidParameter, match="point must be on the Pareto front"):
        words_for(env.mdp, np.array([100.0, 100.0]), gamma)


def test_front_of_the_largest_size_promised() -> None:
    env = make(n_objectives=3, vocabulary_size=32, horizon=8)
    front = np.array(env.pareto_front())
    assert 1000 < len(front) < 3000
    assert (front * 16 == np.rint(front * 16)).all()
    for weights in weights_from(np.random.default_rng(0), 3):
        best = env.optimal_policy(weights).expected_return
        assert (front @ weights).max() == pytest.approx(weights @ best)
        assert np.abs(front - best).max(axis=1).min() < 1e-9


def test_a_front_too_large_is_refused_while_regret_stays_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fronts, "_MOST_POINTS", 5_000)
    env = make(n_objectives=5, vocabulary_size=16)
    with pytest.raises(InvalidParameter, match=r"must keep the exact front below 5,000 points .* got \(5, 16, 8\)"):
        env.pareto_front()
    assert env.optimal_policy(np.full(5, 0.2)).expected_return.shape == (5,)


@settings(max_examples=10, deadline=None)
@given(small())
def test_protocol_and_reward_space_bound_all_texts(kwargs: dict[str, Any]) -> None:
    env = make(**kwargs)
    returns = brute.all_texts(env).returns
    assert env.protocol.nadir == tuple(returns.min(axis=0))
    assert env.protocol.ideal == tuple(returns.max(axis=0))
    assert (np.array(env.protocol.ref_point) < returns.min(axis=0)).all()
    assert env.reward_space.low.min() >= 0 and env.reward_space.high.max() <= 1


def test_registry_holds_the_default_protocol() -> None:
    assert registry.protocol(ID) == make().protocol


def test_worked_example_of_the_specification() -> None:
    doc = DialEnv.__doc__ or ""
    titles = re.findall(r"## (.+)", doc)
    assert titles[:6] == [
        "Description",
        "Observation Space",
        "Action Space",
        "Reward Space",
        "Starting State",
        "Episode Termination",
    ]
    example = " ".join(doc.partition("## Worked Example")[2].partition("##")[0].split())
    env = make()
    env.reset(seed=0)
    steps = [env.step(word) for word in range(8)]
    total = sum(step[1] for step in steps)
    best = env.optimal_policy([0.5, 0.5])
    text = env.esr_optimum([0.5, 0.5]).text

    def shown(vector: Any) -> str:
        return "(" + ", ".join(f"{x:.10g}" for x in vector) + ")"

    for fact in (
        f'"{steps[-1][4]["completion"]}"',
        f'"old" earns {shown(steps[0][1])}, "fox" after it {shown(steps[1][1])}, the whole text {shown(total)}',
        f'weights (0.5, 0.5) is "{text}", which earns {shown(best.expected_return)}',
        f"front has {len(env.pareto_front())} points, the convex coverage set {len(env.convex_coverage_set())}",
        f"correlation is {env.mdp.measured_correlation[0, 1]:.4f}",
    ):
        assert fact in example


def test_observations_are_markov_states_numbered_as_documented() -> None:
    env = make(vocabulary_size=5, horizon=4)
    assert env.reset(seed=3)[0] == 0 and isinstance(env.reset()[0], int)
    words = [4, np.int64(0), np.array(2), 1]
    for t, word in enumerate(words, start=1):
        observation, reward, terminated, truncated, info = env.step(word)
        assert observation == 1 + (t - 1) * 5 + word and observation in env.observation_space
        assert terminated is (t == 4) and truncated is False
        reward[:] = -1  # a wrapper that writes in place must not reach the tables
        info["reward_components"]["first"] = -1
    assert observation == env.observation_space.n - 1 - 3
    assert (env.mdp.rewards >= 0).all()
    env.reset()
    assert env.step(4)[4]["reward_components"]["first"] >= 0


def test_vector_rows_may_end_at_different_times() -> None:
    envs: Any = gymnasium.make_vec(ID, num_envs=3, horizon=3, autoreset_mode="Disabled")
    envs.reset(seed=0)
    envs.step(np.array([1, 2, 3]))
    mask = np.array([False, True, False])
    observations, infos = envs.reset(options={"reset_mask": mask})
    assert observations.tolist() == [2, 0, 4] and infos["_prompt_id"].tolist() == mask.tolist()
    envs.step(np.array([1, 2, 3]))
    observations, _, terminated, _, infos = envs.step(np.array([1, 2, 3]))
    assert terminated.tolist() == [True, False, True]
    assert infos["completion"].tolist() == ["fox fox fox", None, "softly softly softly"]
    with pytest.raises(gymnasium.error.ResetNeeded, match=r"\[0, 2\] have ended"):
        envs.step(np.array([1, 2, 3]))


def test_the_meter_stops_at_the_exact_word() -> None:
    env = make(horizon=3)
    env.meter = Meter(Budget(generated_tokens=4, scored_completions=1))
    env.reset(seed=0)
    for word in (0, 1, 2):
        env.step(word)
    env.reset()
    observation, *_ = env.step(5)
    with pytest.raises(BudgetExceeded, match="generated_tokens must stay within 4"):
        env.step(6)
    assert env.meter.costs() == {"scored_completions": 1, "generated_tokens": 4, "forward_passes": 0}
    env.meter = Meter()
    assert env.step(6)[0] == 1 + env.mdp.vocabulary_size + 6 and observation == 6


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"n_objectives": 1}, r"n_objectives must be an integer in \[2, 8\], got 1"),
        ({"vocabulary_size": 3}, r"vocabulary_size must be an integer in \[4, 64\], got 3"),
        ({"horizon": 1}, r"horizon must be an integer in \[2, 256\], got 1"),
        ({"horizon": 8.0}, r"horizon must be an integer in \[2, 256\], got 8.0"),
        ({"instance": -1}, "instance must be an integer in .*, got -1"),
        ({"relationship": "conflict"}, "relationship must be one of .*did you mean 'conflicting'"),
        ({"relationship": "conflicting", "correlation": 0.1}, "relationship must be None where correlation is given"),
        (
            {"n_objectives": 3, "correlation": -0.6},
            r"correlation must be in .*\[-0.5, 1\] for .*=3, got -0.6",
        ),
        ({"correlation": 1.1}, r"correlation must be in .*\[-1, 1\] for n_objectives=2, got 1.1"),
        ({"correlation": float("nan")}, "correlation must be in .*, got nan"),
        ({"correlation": "high"}, "correlation must be in .*, got 'high'"),
        ({"utility": "convex"}, "utility must be one of .*did you mean 'concave'"),
        ({"split": "dev"}, "split must be one of 'test', 'train', got 'dev'"),
        ({"render_mode": "ascii"}, "render_mode must be one of .*did you mean 'ansi'"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*not in the possible render_modes.*")  # Gymnasium's own word before ours
def test_bad_arguments_are_named(bad: dict[str, Any], message: str) -> None:
    for maker in (gymnasium.make, gymnasium.make_vec):
        with pytest.raises(InvalidParameter, match=message):
            maker(ID, **bad)


def test_bad_calls_are_named() -> None:
    env = make()
    envs: Any = gymnasium.make_vec(ID, num_envs=2)
    for closed in (lambda: env.step(0), lambda: envs.step(np.array([0, 0]))):
        with pytest.raises(gymnasium.error.ResetNeeded):
            closed()
    env.reset(seed=0)
    envs.reset(seed=0)
    table = np.full((env.mdp.n_states, 16), 1 / 16)
    for call, message in (
        (lambda: env.step(16), r"action must be in Discrete\(16\), got 16"),
        (lambda: env.step(-1), r"action must be in Discrete\(16\), got -1"),
        (lambda: env.step(1.5), r"action must be in Discrete\(16\), got 1.5"),
        (lambda: env.step("fox"), r"action must be in Discrete\(16\), got 'fox'"),
        (lambda: env.reset(options={"prompt_idx": 1}), "options must be one of 'prompt_index'"),
        (lambda: env.reset(options={"prompt_index": 500}), r"options\['prompt_index'\] must be an integer in \[0, 500"),
        (lambda: envs.step(np.array([0, 16])), r"actions\[1\] must be in Discrete\(16\), got"),
        (lambda: envs.step(np.array([0, 1, 2])), "actions must be 2, one a sub-environment"),
        (lambda: envs.step(np.array([0.0, 1.0])), "actions must be in Discrete"),
        (lambda: envs.reset(options={"reset_mask": np.zeros(2, bool)}), "must mark at least one sub-environment"),
        (lambda: gymnasium.make_vec(ID, num_envs=0), "num_envs must be at least 1, got 0"),
        (lambda: env.pareto_front(0.0), r"gamma must be in \(0, 1\], got 0.0"),
        (lambda: env.optimal_policy([0.5, 0.6]), "weights must be 2 non-negative numbers that sum to 1"),
        (lambda: env.optimal_policy([1.0, 0.0], kl_coef=-1), "kl_coef must be finite and at least 0, got -1"),
        (lambda: env.evaluate_policy(table[1:]), r"probabilities must have shape \(129, 16\)"),
        (lambda: env.evaluate_policy(2 * table), "probabilities must be non-negative and sum to 1"),
        (lambda: env.following([0, 1]), r"tokens must be 8 numbers in \[0, 16\)"),
        (lambda: env.lm.encode_completion("old foxes"), "word must be one of .*did you mean 'fox'"),
    ):
        with pytest.raises(InvalidParameter, match=message):
            call()  # type: ignore[no-untyped-call]


def test_words_are_short_distinct_and_read_back() -> None:
    assert len(set(WORDS)) == 64 and all(word.isalpha() and len(word) <= 8 for word in WORDS)
    lm = make().lm
    assert lm.encode_completion(lm.decode([[3, 1, 2]])[0]) == [3, 1, 2]


@pytest.mark.parametrize("weights", [[1.0, 0.0], [0.4, 0.6]])
def test_tabular_q_learning_reaches_the_optimum(weights: list[float]) -> None:
    env = LinearReward(gymnasium.make(ID, vocabulary_size=4, horizon=4), weight=np.array(weights))
    q = np.zeros((env.observation_space.n, env.action_space.n))
    env.action_space.seed(0)
    for episode in range(1500):
        state, _ = env.reset(seed=0 if episode == 0 else None)
        terminated = False
        while not terminated:
            action = env.action_space.sample()
            following, reward, terminated, _, _ = env.step(action)
            # transitions are deterministic, so a learning rate of 1 is exact
            q[state, action] = reward + (0 if terminated else q[following].max())
            state = following
    best = env.unwrapped.optimal_policy(weights).expected_return
    assert q[0].max() == pytest.approx(np.array(weights) @ best, abs=1e-6)


@pytest.mark.parametrize("kwargs", [{}, {"n_objectives": 3, "vocabulary_size": 24}, {"utility": "concave"}])
def test_the_exact_agent_has_no_regret_and_random_has_some(kwargs: dict[str, Any], tmp_path: Any) -> None:
    env = make(**kwargs)
    front = np.array(env.pareto_front())
    regrets = {}
    agent = agents.build("exact_dial", [])
    agent.save(tmp_path)
    for name, found in (("exact", type(agent).load(tmp_path)), ("random", agents.build("random_agent", []))):
        result = evaluate(found, ID, n_prompts=3, seeds=[0], num_envs=2, env_kwargs=kwargs)
        weights = np.array(result.weights)
        regrets[name] = (weights @ front.T).max(axis=1) - (weights * result.mean_returns()).sum(axis=1)
    np.testing.assert_allclose(regrets["exact"], 0, atol=1e-12)
    assert (regrets["random"] > 0.3).all()


def test_agents_act_by_the_prior_and_by_utility() -> None:
    kwargs = {"utility": "concave"}
    env = make(**kwargs)
    best = evaluate(agents.build("exact_dial", ["utility=true"]), ID, n_prompts=1, seeds=[0], env_kwargs=kwargs)
    for weights, mean in zip(best.weights, best.mean_returns(), strict=True):
        assert env.utility(mean, weights) == pytest.approx(env.esr_optimum(weights).utility)
    equal = [[0.5, 0.5]]
    regularised = agents.build("exact_dial", ["kl_coef=0.3"])
    for agent, exact in (
        (regularised, env.optimal_policy(equal[0], 0.3)),
        (agents.build("base_model", []), env.evaluate_policy(env.mdp.prior[env.mdp.rows])),
    ):
        result = evaluate(agent, ID, weights=equal, n_prompts=200, seeds=[0, 1], num_envs=200, env_kwargs=kwargs)
        error = np.sqrt(np.diag(exact.covariance) / 400)
        assert (np.abs(result.mean_returns()[0] - exact.expected_return) < 4 * error).all()


def test_choice_shows_the_same_states_as_vectors() -> None:
    token, choice = (
        make(vocabulary_size=5, horizon=4),
        gymnasium.make("morl/dial-choice-v0", vocabulary_size=5, horizon=4),
    )
    seen, _ = choice.reset(seed=1)
    token.reset(seed=1)
    assert (seen[:6] == 0).all()
    np.testing.assert_allclose(seen[6:], token.next_token_logits)
    for t, word in enumerate([4, 0, 2], start=1):
        _, expected, *_ = token.step(word)
        seen, reward, *_ = choice.step(word)
        np.testing.assert_array_equal(reward, expected)
        np.testing.assert_array_equal(seen[:5], np.eye(5)[word])
        assert seen[5] == t / 4 and seen in choice.observation_space
        np.testing.assert_allclose(seen[6:], token.next_token_logits)
    assert choice.unwrapped.pareto_front()[0].tolist() == token.pareto_front()[0].tolist()


def test_states_index_tables_as_numbers_and_as_tuples() -> None:
    """MORL-Baselines' tabular code does both."""
    env = make(vocabulary_size=5, horizon=4)
    env.reset(seed=0)
    state, *_ = env.step(3)
    assert state == 4 and tuple(state) == (4,) and np.ravel_multi_index(state, (21,)) == 4
    assert (
        np.arange(21)[state] == 4 and np.array([state, state]).shape == (2,) and pickle.loads(pickle.dumps(state)) == 4
    )
