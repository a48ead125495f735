"""Word lists that several composers draw from: the wider they are, the more a student has to read its prompt."""

from __future__ import annotations

import random
import re

from morl_envs.tasks.drawing import capitalised

__all__ = [
    "ADJECTIVES",
    "DID",
    "NAMES",
    "NOUNS",
    "VERBS",
    "a",
    "coined",
    "picture",
    "place",
    "scene",
    "thing",
    "with_articles",
]

_NOUNS = """
lantern ferry clock violin horse boat bell crown diary gate balloon trunk letter bus bridge farm bakery tower parrot
hotel key map piano spoon mirror lake hat theatre carousel door stone candle garden goat basket ladder whistle blanket
teapot barrel feather drum kite island window coat orchard hammer rope lighthouse egg umbrella ring anchor broom wagon
mask pebble fountain pillow sword shell bucket curtain ticket scarf chimney lemon wolf cradle needle coin organ sledge
saddle vase ribbon owl kettle fence cellar button harp well cheese mill tent acorn almond apron arrow attic axe badger
bagpipe ballad banner barn beacon bench berry bonnet boot bottle bowl bracelet branch brick brush cabbage cabin cactus
cage cake camel canal cannon canvas cap carrot cart castle cave chalk chapel cherry chess chest cliff cloak cloud
collar comb compass corridor cottage cow crane creek crow cup cupboard dagger dairy daisy deer desk dog dove dress duck
eagle earring elm falcon fan field fig finger flag flame flea flock fork fort frog fur gale glacier grape grave hare
harvest hawk hedge heron hill hook horn hut jacket jewel jug juniper kennel kitten knot lamp lark lawn leaf lever
lizard loaf lock locket log loom magnet maple meadow medal melon mitten moat mole moth mule mushroom nest net nettle
nut oak oar olive onion oyster paddle pail palace pan pantry parcel pasture path peach pear pepper pie pier pigeon pine
pipe plank plough plum pond porch portrait pot prince pump purse quilt quill raft rail raven reed reef road robe robin
rocket roof rose rubber rug sack sail sandal saw school seal seed shadow sheep shelf shed ship shoe shovel skull sleeve
snail sock spade spark sparrow spider sponge spring stable stamp star statue steeple stool storm stove stream string
swamp swan tailor temple thistle thorn thread throne thumb tile toad tongue torch toy tray trout tunnel turnip turtle
valley veil vine wall walnut wasp weed whale wheel willow wing wreath yard zebra ant bat bear bee beetle bird bull
butterfly calf cat chicken cricket dolphin donkey dragonfly eel elephant ferret fish flamingo fly giraffe goose gull
hamster hen hornet hound jackal kangaroo lamb leopard lion lobster monkey mouse octopus ostrich otter ox panda panther
partridge peacock penguin pheasant pony puppy rabbit rat rooster salmon shark shrimp skunk slug squirrel stork tiger
tortoise turkey vulture walrus weasel worm apple apricot banana bean biscuit bread bun butter chestnut cookie cucumber
date dumpling garlic ginger ham honey jam leek lettuce lime mango muffin noodle omelette pancake parsnip pea pickle
pizza plate potato pudding pumpkin radish raisin sandwich sausage soup steak strawberry tart toast tomato waffle
armchair bath bathtub bed bin bookcase carpet chair chandelier couch cushion dish drawer fireplace freezer fridge
furnace hammock hanger heater hinge iron jar knife ladle lid mat matchbox mattress mop mug napkin oven pen pencil plug
rag razor saucer shower sieve sink sofa soap switch table tap teacup toaster towel tub wardrobe belt blouse cardigan
cuff glove gown hood jumper kilt overcoat pocket raincoat shawl shirt skirt slipper suit sweater tie tunic uniform vest
waistcoat wallet accordion banjo bassoon bugle cello cymbal fiddle flute gong guitar lute mandolin oboe saxophone
trombone trumpet tuba xylophone aeroplane bicycle canoe caravan carriage coach dinghy engine glider helicopter lorry
motorcycle scooter skateboard submarine tank taxi tractor train tram tricycle trolley truck van wheelbarrow yacht
airport alley arena balcony bank basement bedroom brewery cafe camp casino cathedral cinema circus city classroom
college court courtyard dock dungeon elevator embassy factory gallery garage greenhouse harbour hospital hostel house
inn jail jetty kiosk kitchen laboratory laundry library mansion market monastery monument mosque museum office park
parlour passage pavement pavilion playground prison pub quarry restaurant ruin shop shrine stadium staircase station
street studio subway supermarket tavern terrace tomb town trench vault veranda village villa warehouse workshop zoo
avalanche bay beach blossom bog bush coast comet coral crater desert dune fern flood flower fog forest geyser gorge
grove gulf horizon iceberg icicle jungle lagoon marsh mist moon mountain planet pool puddle rainbow ridge river rock
root shore sky snowflake spruce sun sunset thunder tide tree twig volcano waterfall wave wind wood album alarm amulet
atlas bait ball bandage battery bead blade block bolt book bookmark box bubble bulb cable calendar camera candlestick
card chain chart chisel cigar clip code computer cork crate crayon cross crutch crystal dart diamond dictionary doll
domino dot envelope file flask folder funnel gem gift globe gun handkerchief handle hoop hose hourglass joke keyhole
lace lens lighter list machine magazine manuscript megaphone menu microscope monocle motor nail newspaper note notebook
package painting parachute passport pedal peg photograph picture pin pistol poem postcard poster present prism puppet
puzzle racket radio recipe record riddle rifle robot roller rudder ruler scale sceptre scroll sculpture shield sign
skeleton ski slate sling song spear staff stick sticker suitcase sundial tablet tape telegram telephone telescope
television thermometer token tool toothbrush treasure tripod trophy tyre weapon wick wig wire wrench acrobat actor
admiral archer artist astronaut aunt author baby baker banker barber bishop boxer bride butcher butler captain
carpenter child clerk clown cook cousin cowboy dancer daughter dentist detective diver doctor driver duchess emperor
engineer explorer farmer fireman fisherman friend gardener general ghost giant goblin governor grandmother guard guest
guide hermit hero hunter husband inspector janitor jester judge juggler king knight lady lawyer librarian lord magician
maid mayor merchant mermaid messenger miner monk monster musician neighbour nephew nun nurse officer orphan painter
passenger pilgrim pirate poet policeman porter priest prisoner professor queen rider robber sailor scholar scientist
sculptor servant singer sister soldier spy stranger student surgeon teacher thief tourist twin uncle vicar visitor
waiter widow witch wizard woman writer
"""
NOUNS = tuple(_NOUNS.split())
"""Things that can be seen or touched."""

_ADJECTIVES = """
cracked dusty silver wooden crooked muddy frozen golden rusty velvet broken burning bitter scarlet hollow patient
painted torn salty woollen blue smoky narrow sticky forgotten pale shiny heavy tiny sour quiet leaking tilted yellow
hungry sleepy secret stolen borrowed locked empty brass mossy thin striped sunny rainy ancient purple orange stubborn
spotless chipped polished folded sunken windy lonely noisy greasy icy tangled sharp gentle proud clumsy lazy brave
silent hidden round square wet warm foreign crumpled faded floating singing upside-down left-handed second-hand green
black white grey pink copper marble paper glass plastic leather bearded barefoot nervous cheerful jealous curious angry
awkward bald blind bold bored bright busy careful careless cheap clean clever cloudy cold cool cosy cruel damp dark
dear deep dirty dry dull elegant faithful famous fast fat fierce fresh friendly frightened funny grateful great
handsome happy high homeless honest huge idle kind large late light little long loud lucky modest musical mysterious
old ordinary patched peaceful plain polite poor pretty quick ragged rich rough rude sad safe serious shallow short shy
sick silly simple slippery slow small smooth soft soggy splendid steep stiff strange strict strong stupid sweet tall
tame thick thirsty thoughtful tired ugly useless weak weary wicked wide wild wise wonderful worn young
"""
ADJECTIVES = tuple(_ADJECTIVES.split())
"""What such things are like."""

_VERBS = """
answer apologise argue arrive bake bathe beg begin believe blush boast bow breathe build call camp cheat cheer chew
clap clean complain confess cook cough count crawl crouch cry dig dive doze draw dream drift drink drive drown eat
escape faint fall farm fight fish float fly forget forgive freeze giggle hum hunt hurry joke juggle jump kneel knit lie
limp march mend mumble nod obey paddle panic play plead point pray pretend quarrel rattle read rehearse relax rest ride
roar row run rush sail search shave shout sigh sit skate sketch ski sleep smile smuggle snore sob speak spin stand
stare steal stop stretch stroll study stutter surrender sweat sweep swim swing talk teach think tremble turn vote wade
wake walk waltz watch wave weep whimper whistle win wink work worry wrestle write yawn
"""
VERBS = tuple(_VERBS.split())
"""What somebody can do without a thing."""

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


_BEFORE_VOWEL = re.compile(r"\b([Aa]) (?=(?!uni|use|one|eu)[aeiou]|honest|hour)")


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

    >>> a("old mill"), a("uniform"), a("honest man")
    ('an old mill', 'a uniform', 'an honest man')
    """
    return with_articles(f"a {words}")


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
        "P2": capitalised(p2),
        "name": name,
        "Name": capitalised(name),
        "did": rng.choice(DID),
    }


def with_articles(text: str) -> str:
    """`text` with "a" before the sound of a vowel turned into "an"."""
    return _BEFORE_VOWEL.sub(r"\1n ", text)
