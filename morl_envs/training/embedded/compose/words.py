"""Word lists that several composers draw from: the wider they are, the more a student has to read its prompt."""

from __future__ import annotations

import random

__all__ = ["ADJECTIVES", "DID", "NAMES", "NOUNS", "a", "coined", "picture", "place", "scene", "thing", "with_articles"]

_NOUNS = """
lantern ferry clock violin horse boat bell crown diary gate balloon trunk letter bus bridge farm bakery tower parrot
hotel key map piano spoon mirror lake hat theatre carousel door stone candle garden goat basket ladder whistle blanket
teapot barrel feather drum kite island window coat orchard hammer rope lighthouse egg umbrella ring anchor broom wagon
mask pebble fountain pillow sword shell bucket curtain ticket scarf chimney lemon wolf cradle needle coin organ sledge
saddle vase ribbon owl kettle fence cellar button harp well cheese mill tent acorn almond apron arrow attic axe badger
bagpipe ballad banner barn beacon bench berry bonnet boot bottle bowl bracelet branch brick brush cabbage cabin cactus
cage cake camel canal cannon canvas cap carrot cart castle cave chalk chapel cherry chess chest cliff cloak cloud
collar comb compass corridor cottage cow crane creek crow cup cupboard dagger dairy daisy deer desk dog dove dress
duck eagle earring elm falcon fan field fig finger flag flame flea flock fork fort frog fur gale glacier grape grave
hare harvest hawk hedge heron hill hook horn hut jacket jewel jug juniper kennel kitten knot lamp lark lawn leaf lever
lizard loaf lock locket log loom magnet maple meadow medal melon mitten moat mole moth mule mushroom nest net nettle
nut oak oar olive onion oyster paddle pail palace pan pantry parcel pasture path peach pear pepper pie pier pigeon
pine pipe plank plough plum pond porch portrait pot prince pump purse quilt quill raft rail raven reed reef road robe
robin rocket roof rose rubber rug sack sail sandal saw school seal seed shadow sheep shelf shed ship shoe shovel skull
sleeve snail sock spade spark sparrow spider sponge spring stable stamp star statue steeple stool storm stove stream
string swamp swan tailor temple thistle thorn thread throne thumb tile toad tongue torch toy tray trout tunnel turnip
turtle valley veil vine wall walnut wasp weed whale wheel willow wing wreath yard zebra
"""
NOUNS = tuple(_NOUNS.split())
"""Things that can be seen or touched."""

_ADJECTIVES = """
cracked dusty silver wooden crooked muddy frozen golden rusty velvet broken burning bitter scarlet hollow patient
painted torn salty woollen blue smoky narrow sticky forgotten pale shiny heavy tiny sour quiet leaking tilted yellow
hungry sleepy secret stolen borrowed locked empty brass mossy thin striped sunny rainy ancient purple orange stubborn
spotless chipped polished folded sunken windy lonely noisy greasy icy tangled sharp gentle proud clumsy lazy brave
silent hidden round square wet warm foreign crumpled faded floating singing upside-down left-handed second-hand green
black white grey pink copper marble paper glass plastic leather bearded barefoot nervous cheerful jealous curious
"""
ADJECTIVES = tuple(_ADJECTIVES.split())
"""What such things are like."""

DID = (
    "found", "lost", "sold", "painted", "hid", "buried", "carried", "repaired", "stole", "washed", "borrowed",
    "dropped", "kicked", "kissed", "mended", "opened", "polished", "smelled", "tasted", "traded", "weighed", "wrapped",
    "broke", "chased", "counted", "drew", "fed", "guarded", "followed", "heard", "burned", "lifted", "named", "watched",
    "rolled", "shared", "shook", "tied", "swallowed", "tore", "touched", "warmed", "drowned", "cleaned", "caught",
)  # fmt: skip
"""What somebody did with a thing."""

NAMES = (
    "Mara", "Tom", "Old Peter", "Lina", "the captain", "my aunt", "the twins", "a boy", "the widow", "Jonas",
    "the night nurse", "a girl", "the mayor", "Rosa", "the shepherd", "our teacher", "Emil", "Ada", "Bruno", "Clara",
    "Dario", "Elsa", "Finn", "Greta", "Hugo", "Iris", "Kasper", "Leila", "Milo", "Nadia", "Otto", "Paula", "Samir",
    "Thea", "Uncle Ben", "Vera", "Wanda", "Yusuf", "Zoe", "the baker", "the cook", "the gardener", "the miller",
    "the postman", "the tailor", "the violinist", "my cousin", "my brother", "a stranger", "a soldier", "a sailor",
    "the queen", "the thief", "the ferryman", "the inspector", "the judge", "the clown", "a pilot", "my neighbour",
)  # fmt: skip
"""Who does things."""

_WHERE = ("behind", "near", "under", "inside", "above", "beside", "beyond", "against")
_SPOTS = (
    "church", "market", "river", "bridge", "forest", "station", "roof", "school", "bakery", "harbour", "stairs",
    "kitchen", "old mill", "town hall", "bus stop", "library", "barn", "lighthouse", "pond", "cinema", "vineyard",
    "hotel", "museum", "castle", "stable", "graveyard", "swimming pool", "post office", "tower", "garden wall",
)  # fmt: skip


_ONSETS = ("b", "br", "c", "d", "dr", "f", "fl", "g", "gr", "h", "k", "l", "m", "n", "p", "r", "s", "st", "t", "tr",
           "v", "w")  # fmt: skip
_VOWELS = ("a", "e", "i", "o", "u", "ar", "en", "in", "or", "el", "an", "ea", "ow", "ist", "ol", "um")
_CODAS = ("", "d", "m", "n", "r", "t", "ck", "st", "ley", "ton", "ford", "wick", "ham", "er", "ing", "dale")


def coined(rng: random.Random) -> str:
    """A word that nobody has read before, which can only be copied: "branolwick"."""
    syllables = [rng.choice(_ONSETS) + rng.choice(_VOWELS) for _ in range(rng.choice((1, 1, 2, 3)))]
    return "".join(syllables) + rng.choice(_CODAS)


def place(rng: random.Random) -> str:
    """Somewhere: "behind the old mill"."""
    return f"{rng.choice(_WHERE)} the {rng.choice(_SPOTS)}"


def thing(rng: random.Random) -> str:
    """Something, often with what it is like: "cracked teapot"."""
    noun = rng.choice(NOUNS)
    return f"{rng.choice(ADJECTIVES)} {noun}" if rng.random() < 0.75 else noun


def a(words: str) -> str:
    """`words` behind their indefinite article.

    >>> a("old mill")
    'an old mill'
    """
    return f"{'an' if words[0] in 'aeiou' and not words.startswith(('uni', 'use', 'one')) else 'a'} {words}"


def picture(rng: random.Random) -> str:
    """Something to be seen somewhere: "a cracked teapot behind the old mill"."""
    found = a(thing(rng))
    return f"{found} {place(rng)}" if rng.random() < 0.4 else found


def scene(rng: random.Random) -> dict[str, str]:
    """Fillers of a pattern: two things, and somebody who did something."""
    p1, p2 = a(thing(rng)), a(thing(rng))
    name = rng.choice(NAMES)
    return {
        "p1": p1,
        "p2": p2,
        "P2": p2[0].upper() + p2[1:],
        "name": name,
        "Name": name[0].upper() + name[1:],
        "did": rng.choice(DID),
    }


def with_articles(text: str) -> str:
    """`text` with "a" before a vowel turned into "an"."""
    for vowel in "aeiou":
        text = text.replace(f" a {vowel}", f" an {vowel}").replace(f"A {vowel}", f"An {vowel}")
    return text
