"""What the grammars of the further languages share: objects in a row, a place, a landmark that itself stands somewhere.

A language says how a noun phrase and a place are built; its styles put them together.
"""

from __future__ import annotations

from ccr_scenes.grammar.paths import Said, Teller, listed


class Clauses(Teller):
    joint = " and "
    comma = ", "

    def np(self, said: Said, form: str = "") -> str:
        """A noun phrase in a form of the language's own: a case, an article."""
        raise NotImplementedError

    def place(self, relation: str, said: Said, form: str = "") -> str:
        """ "left of a ring" """
        raise NotImplementedError

    def resumed(self, relation: str, said: Said) -> str:
        """ "left of it", of a thing just named"""
        raise NotImplementedError

    def beyond(self, near: str, landmark: Said, relation: str, far: Said, form: str) -> tuple[str, str]:
        """The place by a landmark that stands by another thing, and the mark that closes it before the text goes on."""
        raise NotImplementedError

    def nouns(self, form: str = "") -> str:
        """The objects that stand in no relation."""
        return listed([self.np(self.said(m), form) for m in self.alone], self.joint, self.comma)

    def others(self, before: str, form: str = "", after: str = "") -> str:
        return before + self.nouns(form) + after if self.alone else ""

    def number(self, one: str, many: str) -> str:
        """For verbs whose subject is all that stands in no relation."""
        return one if len(self.alone) == 1 else many

    def placed(self, form: str = "") -> tuple[Said, str, str]:
        """The first path's subject, where it stands, and the mark after that."""
        if self.first.hub or len(self.first.mentions) < 3:
            head, spokes = self.first.spokes()
            return self.said(head), self.joint.join(self.place(r, self.said(m), form) for r, m in spokes), ""
        (head, landmark, far), (near, beyond) = self.first.mentions, self.first.relations
        return self.said(head), *self.beyond(near, self.said(landmark), beyond, self.said(far), form)

    def steps(self, turned: bool = False, form: str = "", link: str = ", ", then: str = " ") -> str:
        """ "a heart, left of it a star, above the star a ring": of a later thing than the first the noun itself."""
        path = self.first.turned() if turned else self.first
        said = self.said(path.mentions[0])
        told = self.np(said, form)
        for k, (relation, m) in enumerate(path.following()):
            place = self.again(relation, said) if k else self.resumed(relation, said)
            said = self.said(m)
            told += f"{link}{place}{then}{self.np(said, form)}"
        return told

    def again(self, relation: str, said: Said) -> str:
        """ "above the star" """
        return self.place(relation, (said[0], ()), "the")
