"""What the documentation says about the code, written from the code: `python docs/generate.py`, or any build.

Pages of the tasks go to ``environments/<task>.md``, parts of other pages to ``generated/``; none of it is committed.
It reads the registry, the docstrings, the checks, the command and the result's schema, and loads no language model.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import itertools
import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from html import escape
from importlib import import_module
from math import prod
from pathlib import Path
from typing import Any

import gymnasium
import typer.main
from PIL import Image

from morl_envs import objectives, registry
from morl_envs.check import ENV_CHECKS, VECTOR_CHECKS
from morl_envs.cli import app
from morl_envs.cli.plot import draw_certificate
from morl_envs.envs.episodes import Episodes
from morl_envs.evaluation import EvaluationResult
from morl_envs.evaluation.certificate import Certificate, Interval
from morl_envs.lm import load
from morl_envs.lm.download import sha256
from morl_envs.lm.embedded import FOLDER
from morl_envs.metrics import simplex_lattice
from morl_envs.objectives import published as reward_models
from morl_envs.objectives import twins
from morl_envs.objectives.politeness import turns
from morl_envs.tasks import SPLITS

__all__ = ["write"]

HERE = Path(__file__).parent


def write(folder: Path = HERE) -> list[Path]:
    """Write every generated page under `folder` and return their paths."""
    pages: dict[str, Callable[[], str]] = {
        "generated/overview.md": overview,
        "generated/controls.md": controls,
        "generated/checks.md": checks,
        "generated/commands.md": commands,
        "generated/result.md": result,
        "generated/load.md": loading,
        "generated/embedded.md": embedded,
        "generated/relationships.md": relationships,
        "generated/objectives.md": scorers,
        "generated/published.md": published,
    }
    texts = {name: page() for name, page in pages.items()}
    texts |= {f"environments/{name}.md": task_page(name) for name in registry.TASKS}
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:  # builds reread only what changed
            path.write_text(text, encoding="utf-8")
    for path in sorted((HERE / "environments" / "certificates").glob("*.json")):
        picture = folder / "generated" / "certificates" / f"{path.stem}.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        if not picture.exists() or picture.stat().st_mtime < path.stat().st_mtime:
            draw_certificate(Certificate.load(path), picture)
    return [folder / name for name in texts]


MECHANISMS = {
    "brevity": "words counted",
    "correctness": "number compared",
    "coverage": "clauses matched by stems and synonyms",
    "diversity": "distinct stems, pairs and openings counted",
    "empathy": "phrases looked up",
    "faithfulness": "clauses compared, contradictions counted",
    "fluency": "linear model of broken word classes",
    "format": "pattern matched",
    "gain": "price of the deal compared",
    "generosity": "price of the deal compared",
    "harmlessness": "words and phrases looked up",
    "helpfulness": "imperatives and details counted",
    "humour": "phrases looked up",
    "keywords": "stems matched",
    "politeness": "phrases looked up, turn by turn",
    "positivity": "VADER's lexicon and rules",
    "readability": "syllables and sentences counted",
    "reflection": "kinds of sentences, stems shared",
    "relevance": "topics looked up",
    "specificity": "uncommon words counted",
}
"""Objective -> how it scores, in words."""

TWINS = {
    "classifier": "classifier over embeddings and n-grams",
    "alignment": "soft alignment by embedding",
    "grammar": "grammar rules",
    "compression": "Lempel-Ziv complexity, spread of embeddings",
}
"""Module of gold twins -> how they score, in words."""


def overview() -> str:
    """One row a task, and the table of contents of their pages."""
    rows = []
    for name, row in registry.TASKS.items():
        task = registry.task(name)
        ids = "<br>".join(f"`{row.id(control)}`{{.id}}" for control in row.controls)
        rows.append((f"[{name}]({name}.md)", task.summary.rstrip("."), ", ".join(task.objectives), ids))
    names = "\n".join(registry.TASKS)
    table = _table(("task", "about", "objectives", "ids"), rows)
    return f"{table}\n```{{toctree}}\n:hidden:\n\n{names}\n```\n"


def task_page(name: str) -> str:
    """The page of a task."""
    row = registry.row(name)
    about = _markdown(inspect.getdoc(import_module(f"morl_envs.tasks.{name}")) or "")
    # a task with environments of its own is specified by their classes
    own = _specifications(name) if row.environments else ""
    parts = [
        f"# {name}\n\n{about}",
        _example(name),
        own,
        _episode(name),
        f"## Objectives\n\nThe reward is a vector, in this order; all are maximised.\n\n{_objectives(name)}",
        _relationships(name),
        "" if own else f"## Controls\n\n{_spaces(name)}",
        f"## Prompts\n\n{_prompts(name)}",
        f"## Protocol\n\nHow every agent is judged under the default keyword arguments.\n\n{_protocol(name)}",
        answers(HERE / "environments" / "answers" / f"{name}.json"),
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def controls() -> str:
    """The specification of each control's environment class."""
    parts = []
    for control, prefix in registry.CONTROLS.items():
        found = getattr(import_module(f"morl_envs.envs.{control}"), f"{prefix}Env")
        parts.append(f"## {control}\n\n{_sections(found, depth=3)}")
    return "\n\n".join(parts) + "\n"


def checks() -> str:
    """Name and sentence of every check."""
    scalar, vector = (
        _table(("check", "what must hold"), [(f"`{name}`", _one_line(check)) for name, check in found.items()])
        for found in (ENV_CHECKS, VECTOR_CHECKS)
    )
    return f"## Scalar environments\n\n{scalar}\n## Vector environments\n\n{vector}"


def commands() -> str:
    """Every command with its arguments and options, as its own help has them."""
    group: Any = typer.main.get_command(app)
    parts = []
    for name, command in group.commands.items():
        arguments = " ".join(p.name.upper() for p in command.params if p.param_type_name == "argument")
        rows = [_parameter(p) for p in command.params if p.name not in ("help", "install_completion")]
        table = _table(("parameter", "default", "what it is"), rows) if rows else ""
        usage = f"morl-envs {name} {arguments}".rstrip()
        parts.append(f"## {name}\n\n{command.help}\n\n```sh\n{usage}\n```\n\n{table}")
    return "\n\n".join(parts) + "\n"


def result() -> str:
    """The fields of the result file."""
    told = _documented(EvaluationResult, "Attributes")
    schema = EvaluationResult.model_json_schema()["properties"]
    fields = EvaluationResult.model_fields
    rows = [(f"`{name}`", _kind(schema[name]), told.get(name, "Of this file format.")) for name in fields]
    return _table(("field", "JSON", "what it holds"), rows)


def loading() -> str:
    """What `lm`, `device` and `dtype` accept."""
    told = _documented(load, "Args")
    defaults = inspect.signature(Episodes.__init__).parameters
    names = {"name": "lm", "device": "device", "dtype": "dtype"}
    rows = [(f"`{names[name]}`", f'`"{defaults[names[name]].default}"`', text) for name, text in told.items()]
    return _table(("keyword", "default", "values"), rows)


def embedded() -> str:
    """The embedded model's card: sizes, hash, figures, and answers of each task."""
    found = json.loads((HERE / "embedded.json").read_text(encoding="utf-8"))
    recipe = json.loads((FOLDER.parents[1] / "training" / "embedded" / "recipe.json").read_text(encoding="utf-8"))
    weights = FOLDER / "model.safetensors"
    sizes = [
        ("parameters", f"{n_parameters(weights):,}"),
        ("file", f"{weights.stat().st_size / 1e6:.1f} MB, bfloat16, SHA-256 `{sha256(weights)}`"),
        ("vocabulary", f"{recipe['vocabulary_size']:,} tokens"),
        ("layers, width, heads", f"{recipe['layers']}, {recipe['width']}, {recipe['heads']}"),
        ("training", f"{recipe['steps']:,} steps of {recipe['batch_tokens']:,} tokens, seed {recipe['seed']}"),
        ("distinct-2 of 500 answers, the tasks in equal shares", f"{found['distinct_2']:.2f}"),
    ]
    rows = [
        (
            f"[{task['task']}](environments/{task['task']}.md)",
            f"{task['matching']:.2f}",
            f"{task['distinct_2']:.2f}",
            f"{task['words']:.0f}",
            ", ".join(f"{name} {value:.2f}" for name, value in task["spread"].items()),
        )
        for task in found["tasks"]
    ]
    shown = ["## What it writes\n\nThe first five test prompts of each task, at temperature 1, none left out.\n"]
    for task in found["tasks"]:
        names = registry.task(task["task"]).objectives
        cards = [_answer(names, {"source": "sampled", "remark": "", **answer}) for answer in task["answers"]]
        shown.append(f"### {task['task']}\n\n" + "\n".join(cards))
    head = ("task", "matching", "distinct-2", "words a turn", "spread")
    return "\n".join([_table(("", ""), sizes), _table(head, rows), *shown])


def relationships() -> str:
    """The map: every pair of every task with its label."""
    rows = []
    for name in registry.TASKS:
        path = HERE / "environments" / "certificates" / f"{name}.json"
        task = f"[{name}](environments/{name}.md)"
        if not path.exists():
            rows.append((task, ", ".join(registry.task(name).objectives), "not measured yet", "", ""))
            continue
        found = Certificate.load(path)
        for i, j in itertools.combinations(range(len(found.objectives)), 2):
            pair = f"{found.objectives[i]}, {found.objectives[j]}"
            shown = found.hypervolume if (i, j) == (0, 1) else None
            volume = "" if shown is None else f"{shown:.2f}"
            rows.append((task, pair, f"**{found.labels[pair]}**", _measured(found.correlation, i, j), volume))
    return _table(("task", "pair", "label", "correlation within prompts", "hypervolume of the front"), rows)


def scorers() -> str:
    """Every objective with its mechanism and its twin's, their AUC on held-out pairs, and how fast it is."""
    figures = json.loads((HERE / "objectives.json").read_text(encoding="utf-8"))
    rows = []
    for name in objectives.names():
        found, kept = objectives.get(name), figures[name]
        twin = TWINS[twins.MODULES[name]] if name in twins.MODULES else "none: exact"
        aucs = ("" if kept[key] is None else f"{kept[key]:.3f}" for key in ("auc", "gold_auc"))
        bounds = f"[{found.low:g}, {found.high:g}]"
        rows.append((f"`{name}`", bounds, MECHANISMS[name], twin, *aucs, f"{kept['per_second']:,}"))
    return _table(("objective", "range", "mechanism", "gold twin", "AUC", "AUC of the twin", "answers/s"), rows)


def published() -> str:
    """The reward model of each objective that has one, and how its logits become a score."""
    how = {"softmax": "probability of {label}", "sigmoid": "sigmoid of its logit", "clip": "its output, cut to [0, 1]"}
    rows = [
        (f"`{name}`", f"`{model.id}`", how[model.range].format(label=model.label))
        for name, model in reward_models.MODELS.items()
    ]
    return _table(("objective", "model", "score"), rows)


def answers(path: Path) -> str:
    """Read answers with their vectors and remarks; nothing for a task that has none yet."""
    if not path.exists():
        return ""
    kept = json.loads(path.read_text(encoding="utf-8"))
    shown = "\n".join(_answer(kept["objectives"], answer) for answer in kept["answers"])
    return (
        "## Ten answers, read by eye\n\n"
        f"`python docs/answers.py {kept['task']}` sampled these from `{kept['lm']}` at temperature "
        f"{kept['temperature']}, for the test prompts that seeds from {kept['seed']} on draw; none was left out. "
        "Answers marked *written* are by hand, to show what each objective wants. The remark says whether the numbers "
        f"agree with what a reader would say.\n\n{shown}\n"
    )


def _answer(names: Sequence[str], answer: dict[str, Any]) -> str:
    bars = "".join(
        f'<tr><th>{escape(name)}</th><td><span class="bar"><span style="width:{100 * score:.0f}%"></span></span></td>'
        f"<td>{score:.2f}</td></tr>"
        for name, score in zip(names, answer["scores"], strict=True)
    )
    lines = "<br>".join(escape(line) for line in answer["answer"].strip().splitlines() if line.strip())
    source = '<span class="written">written</span> ' if answer["source"] == "written" else ""
    return (
        f'<div class="answer"><p class="prompt">{escape(answer["prompt"])}</p>'
        f'<p class="text">{source}{lines}</p><table>{bars}</table>'
        f'<p class="remark">{escape(answer["remark"])}</p></div>\n'
    )


def n_parameters(weights: Path) -> int:
    """How many numbers a safetensors file holds."""
    with weights.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return sum(prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__")


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
    return f"## An episode\n\n```{{image}} episodes/{name}.gif\n:alt: {_flat(words)}\n```\n\n{about}"


def _relationships(name: str) -> str:
    """The heat map of a certificate and its numbers pair by pair; nothing for a task that has none yet."""
    path = HERE / "environments" / "certificates" / f"{name}.json"
    if not path.exists():
        return ""
    found = Certificate.load(path)
    labels = "; ".join(f"{pair}: {label}" for pair, label in found.labels.items())
    kept = ", ".join(f"`{key}={value!r}`" for key, value in found.env_kwargs.items() if key not in ("device", "dtype"))
    base = (f"`{found.lm}`" if found.lm else "the task's own prior") + (f" with {kept}" if kept else "")
    return (
        f"## Relationships\n\nMeasured under {base}: {found.n_samples} answers to each "
        f"of {found.n_prompts} training prompts, 95 % intervals over prompts. `morl-envs certify {name}` measures it "
        "again; [Relationships](../relationships.md) says what the numbers mean.\n\n"
        f"```{{image}} ../generated/certificates/{name}.png\n"
        f":alt: Heat maps of how the objectives relate. {labels}.\n```\n\n{_pairs(found)}\n"
        f"Hypervolume of the normalised front: {found.hypervolume:.2f}; 1 where nothing has to be given up."
    )


def _pairs(found: Certificate) -> str:
    names, rows = found.objectives, []
    for i, j in itertools.combinations(range(len(names)), 2):
        cosine = _measured(found.gradient_cosine, i, j) if found.gradient_cosine else "no language model"
        transfer = f"{_measured(found.transfer, i, j)}; back {_measured(found.transfer, j, i)}"
        pair = f"{names[i]}, {names[j]}"
        rows.append((pair, f"**{found.labels[pair]}**", _measured(found.correlation, i, j), cosine, transfer))
    return _table(("pair", "label", "correlation", "gradient cosine", "transfer"), rows)


def _measured(interval: Interval, i: int, j: int) -> str:
    value, low, high = interval.value[i][j], interval.low[i][j], interval.high[i][j]
    if value is None:
        return "not known"
    return f"{value:.2f}" if low is None or high is None else f"{value:.2f} ({low:.2f} to {high:.2f})"


def _objectives(name: str) -> str:
    row, task = registry.row(name), registry.task(name)
    if row.environments:
        env: Any = gymnasium.make(row.id(row.controls[0])).unwrapped
        bounds = zip(env.objectives, env.reward_space.low.tolist(), env.reward_space.high.tolist(), strict=True)
        rows = [(f"`{name}`", f"[{low:g}, {high:g}]") for name, low, high in bounds]
        return _table(("objective", "range of a step"), rows)
    scorers = [objectives.get(objective) for objective in task.objectives]
    told = [(inspect.getdoc(type(scorer)) or "").split("\n\n") for scorer in scorers]
    rows = [
        (f"`{s.name}`", f"[{s.low:g}, {s.high:g}]", s.version, _flat(t[0])) for s, t in zip(scorers, told, strict=True)
    ]
    more = [f"`{s.name}`: {_flat(p)}\n" for s, t in zip(scorers, told, strict=True) for p in t[1:]]
    return _table(("objective", "range", "version", "what it measures"), rows) + "\n" + "\n".join(more)


def _spaces(name: str) -> str:
    row = registry.row(name)
    found = {control: _docstring_sections(_environment(name, control)) for control in row.controls}
    rows = [
        (f"`{row.id(c)}`{{.id}}", *(_flat(sections.get(f"{side} Space", "")) for side in ("Observation", "Action")))
        for c, sections in found.items()
    ]
    return (
        f"{_table(('id', 'observation', 'action'), rows)}\n[Controls](../controls.md) has each in full. An answer has "
        f"at most {registry.task(name).max_new_tokens} tokens unless `max_new_tokens` says otherwise."
    )


def _prompts(name: str) -> str:
    task = registry.task(name)
    rows = [(f"`{s}`", str(len(task.prompts(s))), f"`{task.content_hash(s)}`") for s in SPLITS]
    examples = "\n".join(f"> {_escaped(prompt.text)}\n" for prompt in task.prompts("train")[:3])
    return f"{_table(('split', 'prompts', 'SHA-256 of the contents'), rows)}\nThe first of `train`:\n\n{examples}"


def _protocol(name: str) -> str:
    protocol, names = registry.row(name).protocol, registry.task(name).objectives
    n_weights = len(simplex_lattice(len(protocol.ref_point), protocol.weight_divisions))
    rows = [
        ("objectives", ", ".join(names)),
        ("reference point of the hypervolume", _numbers(protocol.ref_point)),
        ("nadir, ideal", f"{_numbers(protocol.nadir)}, {_numbers(protocol.ideal)}"),
        ("weights", f"{n_weights}: the simplex lattice with {protocol.weight_divisions} steps between two corners"),
        ("seeds", _numbers(protocol.seeds)),
        ("test prompts", f"the first {protocol.n_prompts}"),
        ("discount", f"{protocol.gamma:g}"),
    ]
    return _table(("", ""), rows)


def _environment(task: str, control: str) -> type[Any]:
    module, prefix = registry.row(task).entry_point(control).split(":")
    found: type[Any] = getattr(import_module(module), f"{prefix}Env")
    return found


def _docstring_sections(found: type[Any]) -> dict[str, str]:
    """Heading -> text of a class docstring; its first sentence is under the empty heading."""
    pieces = re.split(r"^## (.+)$", inspect.getdoc(found) or "", flags=re.MULTILINE)
    return {"": pieces[0].strip(), **{h: t.strip() for h, t in zip(pieces[1::2], pieces[2::2], strict=True)}}


def _sections(found: type[Any], depth: int) -> str:
    parts = _docstring_sections(found)
    text = [parts.pop("")] + [f"{'#' * depth} {heading}\n\n{body}" for heading, body in parts.items()]
    return _markdown("\n\n".join(text))


def _specifications(name: str) -> str:
    row = registry.row(name)
    first, *others = row.controls
    more = [f"## {row.id(control)}\n\n{_sections(_environment(name, control), depth=3)}" for control in others]
    return "\n\n".join([_sections(_environment(name, first), depth=2), *more])


def _documented(found: Any, section: str) -> dict[str, str]:
    """Name -> text of the entries of a Google-style docstring section."""
    text = inspect.getdoc(found) or ""
    match = re.search(rf"^{section}:\n((?:[ ]{{4}}.*\n?|\n)+)", text, flags=re.MULTILINE)
    body = match.group(1) if match else ""
    entries = re.split(r"^ {4}(\w+): ", body, flags=re.MULTILINE)
    return {name: _flat(told) for name, told in zip(entries[1::2], entries[2::2], strict=True)}


def _parameter(parameter: Any) -> tuple[str, str, str]:
    shown = parameter.opts[0] if parameter.param_type_name == "option" else parameter.name.upper()
    default = "required" if parameter.required else f"`{parameter.default}`" if parameter.default is not None else ""
    return f"`{shown}`", default, getattr(parameter, "help", None) or ""


def _kind(schema: dict[str, Any]) -> str:
    """A JSON schema in words: ``array of array of number``."""
    if "const" in schema:
        return f"`{schema['const']}`"
    kind = schema.get("type", "object")
    items = schema.get("items") or next(iter(schema.get("prefixItems", [])), None)
    return f"{kind} of {_kind(items)}" if kind == "array" and items else str(kind)


def _one_line(found: Any) -> str:
    return _flat((inspect.getdoc(found) or "").partition("\n\n")[0])


def _flat(text: str) -> str:
    return " ".join(_markdown(text).split())


def _markdown(text: str) -> str:
    """Docstrings' roles as plain code."""
    return re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text)


def _escaped(text: str) -> str:
    return re.sub(r"([\\*_<>`\[\]$])", r"\\\1", text)


def _numbers(values: Iterable[float]) -> str:
    return f"({', '.join(f'{value:g}' for value in values)})"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


if __name__ == "__main__":
    sys.stdout.writelines(f"{path}\n" for path in write())
