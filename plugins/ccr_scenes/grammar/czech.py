"""Czech: gender, and the cases that verbs and prepositions ask for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ccr_scenes.grammar.paths import Said, Teller, listed
from ccr_scenes.world import Mention

CASES = ("nom", "gen", "acc", "ins")
NOUNS = {  # gender (masculine ones are all inanimate), then the cases
    "kruh": ("m", "kruh", "kruhu", "kruh", "kruhem"),
    "kružnice": ("f", "kružnice", "kružnice", "kružnici", "kružnicí"),
    "kolečko": ("n", "kolečko", "kolečka", "kolečko", "kolečkem"),
    "čtverec": ("m", "čtverec", "čtverce", "čtverec", "čtvercem"),
    "náměstí": ("n", "náměstí", "náměstí", "náměstí", "náměstím"),
    "trojúhelník": ("m", "trojúhelník", "trojúhelníku", "trojúhelník", "trojúhelníkem"),
    "hvězda": ("f", "hvězda", "hvězdy", "hvězdu", "hvězdou"),
    "srdce": ("n", "srdce", "srdce", "srdce", "srdcem"),
    "kříž": ("m", "kříž", "kříže", "kříž", "křížem"),
    "kroužek": ("m", "kroužek", "kroužku", "kroužek", "kroužkem"),
    "prsten": ("m", "prsten", "prstenu", "prsten", "prstenem"),
    "obruč": ("f", "obruč", "obruče", "obruč", "obručí"),
    "kosočtverec": ("m", "kosočtverec", "kosočtverce", "kosočtverec", "kosočtvercem"),
    "kára": ("f", "kára", "káry", "káru", "károu"),
    "diamant": ("m", "diamant", "diamantu", "diamant", "diamantem"),
    "měsíc": ("m", "měsíc", "měsíce", "měsíc", "měsícem"),
    "půlměsíc": ("m", "půlměsíc", "půlměsíce", "půlměsíc", "půlměsícem"),
    "luna": ("f", "luna", "luny", "lunu", "lunou"),
    "šipka": ("f", "šipka", "šipky", "šipku", "šipkou"),
}
STEMS = {"červen", "zelen", "modr", "žlut", "oranžov", "fialov", "růžov", "hněd", "čern", "bíl", "mal", "velk"}
ENDINGS = {
    "m": dict(zip(CASES, ("ý", "ého", "ý", "ým"), strict=True)),
    "f": dict(zip(CASES, ("á", "é", "ou", "ou"), strict=True)),
    "n": dict(zip(CASES, ("é", "ého", "é", "ým"), strict=True)),
}

SHAPES = {
    "circle": "kruh",
    "square": "čtverec",
    "triangle": "trojúhelník",
    "star": "hvězda",
    "heart": "srdce",
    "cross": "kříž",
    "ring": "kroužek",
    "diamond": "kosočtverec",
    "moon": ("měsíc", "půlměsíc"),
    "arrow": "šipka",
}
COLOURS = {
    "red": "červen",
    "green": "zelen",
    "blue": "modr",
    "yellow": "žlut",
    "orange": "oranžov",
    "purple": "fialov",
    "pink": "růžov",
    "brown": "hněd",
    "black": "čern",
    "white": "bíl",
}
SIZES = {"small": "mal", "large": "velk"}
PLACES = {"left": ("vlevo od", "nalevo od"), "right": ("vpravo od", "napravo od"), "above": "nad", "below": "pod"}
GOVERNED = {"left": "gen", "right": "gen", "above": "ins", "below": "ins"}
PRONOUNS = {"gen": {"m": "něj", "f": "ní", "n": "něj"}, "ins": {"m": "ním", "f": "ní", "n": "ním"}}
BACKGROUNDS = {
    "meadow": "na louce",
    "beach": "na pláži",
    "sea": ("v moři", "na moři"),
    "snow": "ve sněhu",
    "night": "na noční obloze",
    "brick": "před cihlovou zdí",
}


def gender(noun: str) -> str:
    return NOUNS[noun][0] if noun in NOUNS else "m"


def phrase(noun: str, adjectives: Sequence[str], article: str = "", case: str = "nom", gender: str = "") -> str:
    """A noun phrase in the case nom, gen, acc or ins (Czech has no articles); `gender` overrules the noun's."""
    own, *forms = NOUNS.get(noun, ("m", noun, noun, noun, noun))
    ending = ENDINGS[gender or own][case]
    return " ".join([*(word + ending if word in STEMS else word for word in adjectives), forms[CASES.index(case)]])


class Czech(Teller):
    shapes, colours, sizes, backgrounds = SHAPES, COLOURS, SIZES, BACKGROUNDS

    def noun(self, m: Mention, case: str = "nom") -> str:
        return phrase(*self.said(m), case=case)

    def place(self, relation: str, said: Said) -> str:
        return f"{self.pick(PLACES[relation])} {phrase(*said, case=GOVERNED[relation])}"

    def resumed(self, relation: str, said: Said) -> str:
        """ "vlevo od něj", of a thing just named"""
        return f"{self.pick(PLACES[relation])} {PRONOUNS[GOVERNED[relation]][gender(said[0])]}"

    def placed(self) -> tuple[Said, str, str]:
        """The first path's subject, where it stands, and where its landmark stands: ", které je nad kruhem"."""
        if self.first.hub or len(self.first.mentions) < 3:
            head, spokes = self.first.spokes()
            return self.said(head), " a ".join(self.place(r, self.said(m)) for r, m in spokes), ""
        (head, landmark, far), (near, beyond) = self.first.mentions, self.first.relations
        said = self.said(landmark)
        return self.said(head), self.place(near, said), f", {that(said)} je {self.place(beyond, self.said(far))}"

    def others(self, before: str = " a také ", case: str = "nom") -> str:
        return before + listed([self.noun(m, case) for m in self.alone], " a ") if self.alone else ""

    def setting(self) -> str:
        """ ", to vše na pláži", without "all of that" of a single thing"""
        single = not self.first.relations and len(self.alone) == 1
        return self.ending(", " if single else ", to vše ")

    def steps(self, turned: bool = False) -> str:
        """ "srdce, vlevo od něj hvězda, nad hvězdou kruh" """
        if not self.first.relations:
            return self.others("")
        path = self.first.turned() if turned else self.first
        said = self.said(path.mentions[0])
        told = phrase(*said)
        for k, (relation, m) in enumerate(path.following()):
            # Of a later thing than the first the noun itself: a pronoun could mean either.
            place = self.place(relation, (said[0], ())) if k else self.resumed(relation, said)
            said = self.said(m)
            told += f", {place} {phrase(*said)}"
        return told + self.others(", dále ")


def that(said: Said) -> str:
    return {"m": "který", "f": "která", "n": "které"}[gender(said[0])]


def background_first(c: Czech) -> str:
    """na pláži je vlevo od kruhu červená hvězda"""
    where = c.where() or "na obrázku"
    if not c.first.relations:
        return f"{where} {'je' if len(c.alone) == 1 else 'jsou'} {c.others('')}"
    subject, near, far = c.placed()
    return f"{where} je {near}{far}{',' if far else ''} {phrase(*subject)}{c.others()}"


def fronted(c: Czech) -> str:
    """vlevo od kruhu se na pláži nachází červená hvězda"""
    if not c.first.relations:
        return f"{c.where() or 'zde'} se nachází {c.others('')}"
    subject, near, far = c.placed()
    return f"{near}{far}{',' if far else ''} se{c.ending(' ')} nachází {phrase(*subject)}{c.others()}"


def landmark(c: Czech) -> str:
    """kruh, vlevo od něj červená hvězda, to vše na pláži"""
    return c.steps(turned=True) + c.setting()


def seen(c: Czech) -> str:
    """na pláži lze vidět červenou hvězdu, která je vlevo od kruhu"""
    where = c.ending("", after=" ")
    if not c.first.relations:
        return f"{where}lze vidět {c.others('', 'acc')}"
    subject, near, far = c.placed()
    return (
        f"{where}lze vidět {phrase(*subject, case='acc')}, {that(subject)} je {near}{far}{c.others(', a také ', 'acc')}"
    )


def fragment(c: Czech) -> str:
    """na pláži: červená hvězda vlevo od kruhu"""
    scene = c.ending("", after=": ")
    if not c.first.relations:
        return scene + c.others("")
    subject, near, far = c.placed()
    return f"{scene}{phrase(*subject)} {near}{far}{c.others('; ')}"


def stepwise(c: Czech) -> str:
    """na obrázku je vidět červená hvězda, vpravo od ní kruh, to vše na pláži"""
    return f"na obrázku je vidět {c.steps()}" + c.setting()


TELLER = Czech
STYLES: tuple[Callable[[Czech], str], ...] = (background_first, fronted, landmark, seen, fragment, stepwise)
