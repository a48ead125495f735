"""A counsellor's reflections: saying back, briefly and warmly, what a client has just said.

One instance: "Client: I keep putting off calling my father since the move. The longer I wait, the worse it gets. Reply
as the counsellor with a short reflection." The prompts are drawn once, from a fixed seed, out of the word lists below;
the two splits share no problem and no burden (what makes it heavy).

After DynaOpt (Min et al., 2024) and EMORL, which train on transcripts; these clients are invented. Not covered: crises,
diagnoses, and conversations of more than one turn. No model trained here should answer anybody in distress.
"""

from __future__ import annotations

import random

from morl_envs.spec import Prompt
from morl_envs.tasks.base import Task
from morl_envs.tasks.drawing import capitalised

__all__ = ["TASK", "problems_and_burdens", "statement"]

_SEED = 20_271
_SIZES = {"train": 500, "test": 200}

_PROBLEMS = (
    "I keep putting off calling my father", "I have stopped going to choir practice",
    "I check my work email in bed every night", "I said yes to organising the whole wedding",
    "I started smoking again after two years without", "I can't seem to finish my thesis",
    "my best friend and I barely talk any more", "I snap at the children over nothing",
    "I eat standing up in the kitchen so that nobody sees how much", "I got passed over for the promotion again",
    "I keep buying things that I never unpack", "I moved back in with my parents at thirty-four",
    "I drink two glasses of wine as soon as I get home", "I haven't told anyone that the business is failing",
    "I cancel on people at the last minute", "I feel like a guest in my own marriage",
    "I threw out my mother's letters and now I regret it", "I can't walk past the hospital without shaking",
    "I let my running shoes gather dust by the door", "I lied on my application and got the job",
    "I care for my grandmother every weekend", "I hide in the car before I go into the house",
    "I scroll on my phone until two in the morning", "I broke off the engagement",
    "I keep comparing myself with my younger sister", "I failed the driving test for the fourth time",
    "I am the only one who cleans the office kitchen", "I can't bring myself to sell the farm",
    "I have been late with the rent three times", "I pretend to be busy whenever my brother visits",
    "I left the army and nothing feels real", "I skip my medication on good days",
    "I rehearse every phone call for an hour", "I gave up painting when the baby came",
    "I lend money to a friend who never pays it back", "I dread the monthly meeting with my boss",
    "I keep a packed suitcase under the bed", "I promised my daughter a dog and then backed out",
    "I can't stop reading old messages from my ex", "I do the homework of my son because it is quicker",
    "I told my team a joke that hurt someone", "I retired in March and the days are endless",
    "I gamble a little on the football every Saturday", "I forget the names of my own pupils",
    "I want to go back to school at fifty", "I feel nothing when people congratulate me",
    "I work through every lunch break", "I keep the curtains closed all day",
    "I haven't been to a dentist for nine years", "I shouted at a stranger on the train",
    "I have been sleeping on the sofa for a month", "I put on weight after the operation",
    "I avoid the street where we used to live", "I took over my uncle's bakery and I hate the hours",
    "I keep redoing the same report until it is perfect", "I have not opened the bank letters since June",
    "I turned down a place in the orchestra", "I miss the country where I grew up",
    "I laugh along when they make fun of my accent", "I lost my temper with my old teacher",
    "I still lay the table for two", "I can't decide whether to have a second child",
    "I quit the swimming team without telling the coach", "I am jealous of my husband's new friends",
    "I talk to my cat more than to people", "I wake at four and go through every mistake",
    "I gave my savings to my cousin", "I sit in the library so that I don't have to go home",
    "I pick a fight every time things go well", "I have not cried since the burial",
    "I keep missing the appointments with the physiotherapist", "I apologise for everything, even the weather",
    "I moved in with someone I have known for six weeks", "I stopped answering the door",
    "I spend every evening on video games", "I let my mother choose my flat",
    "I told everyone that I was over the divorce", "I dropped out of the nursing course",
    "I bite my nails until they bleed", "I can't accept help from the neighbours",
)  # fmt: skip
_BURDENS = (
    "The longer I wait, the worse it gets.", "My wife thinks it is just a phase.", "I lie awake going over it.",
    "Everybody else seems to manage.", "I used to be the one who held things together.",
    "Part of me is relieved, and I hate that.", "I know exactly what my doctor would say.",
    "My friends have stopped asking.", "I tell myself that tomorrow will be different.",
    "It frightens me how quickly it became normal.", "I don't even know who I am angry with.",
    "Nobody at home has noticed.", "It costs me all the strength I have.", "I feel like a fraud.",
    "Then I feel guilty for the rest of the day.", "I was so sure it would get easier by now.",
    "My sister says that I am being dramatic.", "There is a knot in my stomach all the time.",
    "I don't want my kids to see me like this.", "Some days I am almost proud of it, which makes no sense.",
    "I wish somebody would just tell me to stop.", "It is the first thing I think of in the morning.",
    "I can't picture the next ten years like this.", "I keep waiting for someone to find out.",
    "It was easier when I had no time to think.", "I miss the person I was before.",
    "My partner has run out of patience.", "I don't think I deserve any sympathy.",
    "Maybe I am just lazy.", "Talking about it makes me want to run.", "I feel so alone with it.",
    "And yet I don't want to change a thing.", "I am tired of pretending that I am fine.",
    "What if this is simply how I am?", "I made a list of reasons, and it did not help.",
    "It has been like this since the winter.", "Every time I try, I lose heart halfway.",
    "They all depend on me.", "I hear my father's voice telling me to pull myself together.",
    "I am afraid that it is already too late.", "Even my colleagues have begun to whisper.",
    "I promised myself I would never end up here.", "On Sundays it is the worst.",
    "I can't explain it to anyone who wasn't there.", "I would give anything for one quiet day.",
    "It makes me feel small.", "Deep down I know what I want, but I am scared to say it.",
    "I keep making excuses.", "No one asked me whether I could cope.",
    "It is as if I were watching somebody else's life.", "I am ashamed to say it aloud.",
    "I had hoped that the holidays would fix it.", "My flatmate found out, and now it is awkward.",
    "Whatever I do feels wrong.", "I just want a week without it.", "I don't recognise my own voice any more.",
    "My mother would be so disappointed.", "It is silly, but it matters to me.",
    "I have run out of ways to explain it.", "Half of me hopes that nobody will forgive me.",
)  # fmt: skip
_FRAMES = (
    "Client: {Problem}. {burden}", "Client: {Problem}. {burden}", "Client: {Problem}. {burden}",
    "A client says: '{Problem}. {burden}'", "Your client tells you: '{Problem}. {burden}'",
    "Client: It is hard to say this, but {problem}. {burden}",
    "Client: I don't know where to start. {Problem}. {burden}",
    "Client: {burden} You see, {problem}.", "Client: So, {problem}. {burden}", "Client (quietly): {Problem}. {burden}",
    "Client: To be honest, {problem}. {burden}", "Client: {Problem}, and I can't talk about it at home. {burden}",
)  # fmt: skip
_INSTRUCTIONS = (
    "Reply with a short reflection.", "Reply as the counsellor with a short reflection.",
    "Reflect back what you hear in one or two sentences.", "Answer as a counsellor who listens.",
    "As the counsellor, say back what the client means and feels.", "Write the counsellor's next sentence.",
    "Respond with empathy and without advice.", "Show in a sentence or two that you understood.",
)  # fmt: skip


def statement(rng: random.Random, problem: str, burden: str) -> str:
    """A client's statement of `problem` and `burden`, and the request to reflect it; the wording is drawn."""
    said = rng.choice(_FRAMES).format(problem=problem, Problem=capitalised(problem), burden=burden)
    return f"{said} {rng.choice(_INSTRUCTIONS)}"


def problems_and_burdens(split: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the clients of a split speak of; the last three tenths of both lists are the test split's own."""
    cut_problem, cut_burden = len(_PROBLEMS) * 7 // 10, len(_BURDENS) * 7 // 10
    if split == "train":
        return _PROBLEMS[:cut_problem], _BURDENS[:cut_burden]
    return _PROBLEMS[cut_problem:], _BURDENS[cut_burden:]


def _draw(split: str) -> tuple[Prompt, ...]:
    """Every (problem, burden) pair at most once."""
    rng = random.Random(_SEED + (split == "test"))
    problems, burdens = problems_and_burdens(split)
    pairs = rng.sample([(problem, burden) for problem in problems for burden in burdens], _SIZES[split])
    return tuple(Prompt(statement(rng, *pair), id=f"reflection/{split}/{i:04d}") for i, pair in enumerate(pairs))


TASK = Task(
    name="reflection",
    summary="A counsellor's reflections of what a client says",
    objectives=("reflection", "empathy", "fluency"),
    max_new_tokens=48,
    load_prompts=_draw,
)
